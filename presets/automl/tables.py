"""Conversion of tables to numbers, for models that only take numbers."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from presets.data.dates import DATE_PARTS, part_of
from presets.data.frames import Table, read_table


class TableCodes(TransformerMixin, BaseEstimator):
    """Converts a table to numbers. Dates are split into parts, and levels get numbers, the most frequent level first.

    Missing values, and levels that were not in `fit`, become NaN. A column that was empty in `fit` becomes 0, because
    some trees cannot take empty columns.

    Parameters
    ----------
    max_levels : int, default=250
        Greatest number of different numbers for levels. The rarest levels share the last one.
    """

    def __init__(self, max_levels=250):
        self.max_levels = max_levels

    def fit(self, X, y=None):
        """Learn which columns are categories, and their levels.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        table = read_columns(X)
        self.kinds_ = [column.kind for column in table.columns]
        self.are_empty_ = [bool(column.is_missing.all()) for column in table.columns]
        self.levels_ = [self._learn_levels(column) if column.kind == "category" else {} for column in table.columns]
        return self

    def _learn_levels(self, column):
        counts = np.bincount(column.values[column.values >= 0], minlength=len(column.levels))
        order = sorted(range(len(counts)), key=lambda level: (-counts[level], column.levels[level]))
        kept = [column.levels[level] for level in order if counts[level]]
        return {level: min(number, self.max_levels - 1) for number, level in enumerate(kept)}

    def transform(self, X):
        """Convert a table to numbers.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Numbers in float64. A date has one column for each of its parts.
        """
        check_is_fitted(self)
        parts = []
        learnt = zip(self.kinds_, self.are_empty_, self.levels_, strict=True)
        for column, (kind, is_empty, levels) in zip(read_columns(X).columns, learnt, strict=True):
            column = column.of_kind(kind)
            if is_empty:
                parts += [np.zeros(len(column.values)) for _ in _parts(kind)]
            elif kind == "category":
                codes = np.array([*(levels.get(level, np.nan) for level in column.levels), np.nan])
                parts.append(codes[column.values])
            else:
                parts += [part_of(column.values, part) for part in _parts(kind)]
        return np.stack(parts, axis=1)


def read_columns(X):
    """Read the columns of a table, also if all of them are numbers.

    Parameters
    ----------
    X : frame or array of shape (n_samples, n_features)

    Returns
    -------
    Table

    Raises
    ------
    TypeError, ValueError
        If a column has values that no model can take.
    """
    table = read_table(X)
    if table is None:
        table = Table.of_numbers(check_array(X, dtype=np.float64, ensure_all_finite="allow-nan"))
    return table


def coded_categories(X):
    """Find out which columns of `TableCodes` are categories.

    Parameters
    ----------
    X : frame, array or sparse matrix of shape (n_samples, n_features)

    Returns
    -------
    ndarray of bool of shape (n_columns,) or None
        None if all values are numbers and none is missing. Then every model takes the table without a conversion.
    """
    if sparse.issparse(X):
        return None
    table = read_columns(X)
    if all(column.kind == "number" and not column.is_missing.any() for column in table.columns):
        return None
    return np.array([column.kind == "category" for column in table.columns for _ in _parts(column.kind)], dtype=bool)


def _parts(kind):
    return DATE_PARTS if kind == "date" else (None,)
