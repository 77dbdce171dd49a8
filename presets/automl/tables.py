"""Tables as numbers, for models that take nothing else."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


class TableCodes(TransformerMixin, BaseEstimator):
    """Numbers stay, dates become days, and the levels of a category become numbers from 0, the most frequent first.

    What is missing, and a level that was not there in `fit`, becomes NaN.

    Parameters
    ----------
    max_levels : int, default=250
        Levels that keep a number of their own; rarer ones share the last number.
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
        self.levels_ = [self._learn_levels(values) if kind == "category" else None for kind, values in read_columns(X)]
        return self

    def _learn_levels(self, values):
        present = [str(value) for value in values if value is not None]
        levels, counts = np.unique(np.array(present, dtype=object), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {level: min(number, self.max_levels - 1) for number, level in enumerate(levels[order].tolist())}

    def transform(self, X):
        """Give the numbers.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In float64.
        """
        check_is_fitted(self)
        columns: list = []
        for (kind, values), levels in zip(read_columns(X), self.levels_, strict=True):
            if levels is not None:
                columns.append([np.nan if value is None else levels.get(str(value), np.nan) for value in values])
            elif kind == "category":
                columns.append(np.full(len(values), np.nan))
            else:
                columns.append(values)
        return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def read_columns(X):
    """Read the columns of a table.

    Parameters
    ----------
    X : frame or array of shape (n_samples, n_features)

    Returns
    -------
    list of (str, ndarray)
        "number" with float64, NaN where a number is missing, or "category" with objects, None where one is missing.
        Dates are numbers of days.
    """
    if hasattr(X, "columns"):
        by_place = hasattr(X, "iloc")  # names may occur twice
        return [_read_column(X.iloc[:, i] if by_place else X[name]) for i, name in enumerate(X.columns)]
    return [_read_column(values) for values in np.asarray(X).T]


def _read_column(column):
    values = np.asarray(column)
    if values.dtype.kind in "buif":
        return "number", values.astype(np.float64)
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.float64) / 86400
        return "number", np.where(np.isnat(values), np.nan, days)
    values = values.astype(object)  # a copy
    missing = np.array([value is None or str(value) in ("nan", "<NA>", "NaT") for value in values], dtype=bool)
    if hasattr(column, "cat") and getattr(column.dtype, "kind", "") == "O":
        values[missing] = None
        return "category", values
    try:
        if not any(isinstance(value, str) for value in values):
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = values[~missing].astype(np.float64)
            return "number", numbers
    except (TypeError, ValueError):
        pass
    values[missing] = None
    return "category", values
