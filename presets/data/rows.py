"""Rows of X that are encoded when they are needed."""

import math

import numpy as np
from scipy import sparse

from presets.data.categories import find_empty_columns, find_new_levels, find_number_ids, find_telling_levels
from presets.data.gaps import find_telling_gaps
from presets.data.standardize import BLOCK, dense
from presets.data.strings import find_misread_strings

WIDE = 512
"""Numbers that are compared at once."""


class Rows:
    """Rows of X in the form for a network. Rows are encoded when they are taken.

    Parameters
    ----------
    X : array of shape (n_samples, ...) or CSR matrix of shape (n_samples, n_features)
        Of any numeric type; may be memory-mapped.
    standardizer : Standardizer
        Standardizer of the last axis.
    dtype : str
        Type of the encoded numbers.
    gaps : ndarray of shape (n_features,), optional
        Encoded values that replace NaN.
    """

    def __init__(self, X, standardizer, dtype, gaps=None):
        self.X, self.standardizer, self.dtype, self.gaps = X, standardizer, np.dtype(dtype), gaps

    def __len__(self):
        return self.X.shape[0]

    @property
    def row_bytes(self):
        """Bytes of one encoded row."""
        return math.prod(self.X.shape[1:]) * self.dtype.itemsize

    def take(self, rows):
        """Encode some rows, given by a slice or by their numbers.

        Returns
        -------
        ndarray of shape (n_rows, ...)
        """
        rows = np.arange(len(self))[rows] if isinstance(rows, slice) else rows
        taken = np.empty((len(rows), *self.X.shape[1:]), dtype=self.dtype)
        size = max(BLOCK // max(math.prod(self.X.shape[1:]), 1), 1)
        for start in range(0, len(rows), size):
            block = dense(self.X, rows[start : start + size])
            taken[start : start + size] = self.standardizer.transform(block, self.dtype)
        if self.gaps is not None and np.isnan(taken.sum()):
            np.copyto(taken, self.gaps.astype(self.dtype), where=np.isnan(taken))
        return taken

    def table(self, rows):
        """Encode some rows as one table."""
        return Rows.take(self, rows)

    def inspect(self, rows):
        """The values for the data check: numbers of some rows, and new names of the columns if they have some.

        Returns
        -------
        cells : ndarray of shape (n_rows, ...)
        names : list or None
        """
        return self.table(rows), None

    def find_misread(self, rows):
        """Findings on columns that are read as another kind than they are, or are left out; numbers have none."""
        return []

    def find_telling(self, rows, y, *, classification):
        """Findings on columns that determine y, or that are ids; numbers are checked in the encoded rows."""
        return []

    def find_new_levels(self, rows, validation, validation_rows):
        """Findings on levels that only the validation part has; numbers have none."""
        return []

    @property
    def names(self):
        """Numbers of the columns, features or channels."""
        return range(self.X.shape[-1])

    @property
    def unit(self):
        """What the last axis counts."""
        return {2: "Column", 3: "Feature"}.get(self.X.ndim, "Channel")

    def extremes(self, rows):
        """Least and greatest number of each column in some rows, in the unit of the user; NaN where there is none."""
        if sparse.issparse(self.X):
            part = self.X[rows]
            return part.min(axis=0).toarray().ravel(), part.max(axis=0).toarray().ravel()
        low, high = np.full(self.X.shape[-1], np.nan), np.full(self.X.shape[-1], np.nan)
        for block in self._raw(rows):
            low, high = np.fmin(low, _by_column(np.fmin, block)), np.fmax(high, _by_column(np.fmax, block))
        return low, high

    def are_whole(self, rows):
        """Whether all numbers in some rows are whole."""
        if self.X.dtype.kind != "f":
            return True
        return all((np.isnan(block) | (block == np.rint(block))).all() for block in self._raw(rows))

    def column(self, number):
        """The numbers of one column, in the unit of the user.

        Returns
        -------
        ndarray of shape (n_samples, n_numbers)
        """
        values = self.X[:, [number]].toarray() if sparse.issparse(self.X) else np.asarray(self.X[..., number])
        return values.reshape(len(self), -1).astype(np.float64)

    def _raw(self, rows):
        """Numbers of some rows as they are, in blocks."""
        if sparse.issparse(self.X):
            yield self.X[rows].data
            return
        size = max(BLOCK // max(math.prod(self.X.shape[1:]), 1), 1)
        if isinstance(rows, slice):  # which needs no copy
            yield from (self.X[rows][start : start + size] for start in range(0, len(self), size))
        else:
            yield from (self.X[rows[start : start + size]] for start in range(0, len(rows), size))


class RowsByInput(Rows):
    """Rows of a table for a network with several inputs.

    Parameters
    ----------
    X, standardizer, dtype, gaps
        See `Rows`.
    columns : dict of str to ndarray of int
        Columns of each input.
    """

    def __init__(self, X, standardizer, dtype, columns, gaps=None):
        super().__init__(X, standardizer, dtype, gaps)
        self.columns = columns

    def take(self, rows):
        """Encode some rows.

        Returns
        -------
        dict of str to ndarray of shape (n_rows, n_columns)
        """
        table = super().take(rows)
        return {name: np.ascontiguousarray(table[:, columns]) for name, columns in self.columns.items()}


class TableRows:
    """Rows of a table with categories, dates or gaps.

    Parameters
    ----------
    table : presets.data.frames.Table
    encoder : presets.data.table.TableEncoder
    dtype : str
        Type of the encoded numbers.
    """

    def __init__(self, table, encoder, dtype):
        self.table, self.encoder, self.dtype = table, encoder, np.dtype(dtype)

    def __len__(self):
        return len(self.table)

    @property
    def row_bytes(self):
        """Bytes of one encoded row."""
        return self.encoder.width * self.dtype.itemsize + len(self.encoder.embedded) * np.dtype(np.int32).itemsize

    def take(self, rows):
        """Encode some rows, given by a slice or by their numbers.

        Returns
        -------
        ndarray of shape (n_rows, width), or dict of str to ndarray
        """
        rows = np.arange(len(self))[rows] if isinstance(rows, slice) else rows
        return self.encoder.encode(self.table, rows, self.dtype)

    def inspect(self, rows):
        """Numbers, gaps and levels, with a column for each column of the table that has them."""
        return self.encoder.inspect(self.table, rows)

    def find_misread(self, rows):
        """Findings on strings that are read as categories but look like something else, and on empty columns."""
        return [*find_misread_strings(self.table), *find_empty_columns(self.table, rows)]

    def find_telling(self, rows, y, *, classification):
        """Findings on categories and gaps that determine y, and on whole numbers that are ids."""
        table = self.table.take(rows)
        return [
            *find_telling_levels(table, y, classification=classification),
            *find_telling_gaps(table, y, classification=classification),
            *find_number_ids(table),
        ]

    def find_new_levels(self, rows, validation, validation_rows):
        """Findings on levels that only the validation part has."""
        return find_new_levels(self.table, rows, validation.table, validation_rows)

    unit = "Column"

    @property
    def names(self):
        """Names of the columns that hold numbers or dates."""
        return [self.table.names[source] for source in self.encoder.measured]

    def extremes(self, rows):
        """Least and greatest number of each such column in some rows, of dates in seconds; NaN where there is none."""
        columns = [self._numbers(source, rows) for source in self.encoder.measured]
        low, high = ([reduce.reduce(values, initial=np.nan) for values in columns] for reduce in (np.fmin, np.fmax))
        return np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)

    def are_whole(self, rows):
        """False: the columns of such a table are not of one kind."""
        return False

    def column(self, number):
        """The numbers of one such column, of shape (n_samples, 1)."""
        return self._numbers(self.encoder.measured[number], slice(None))[:, np.newaxis]

    def _numbers(self, source, rows):
        values = self.table.columns[source].values[rows]
        if values.dtype.kind != "M":
            return values.astype(np.float64, copy=False)
        return np.where(np.isnat(values), np.nan, values.astype(np.int64) / 1e6)


def _by_column(reduce, block):
    """Least or greatest number of each column; of narrow rows several are compared at once, which is faster."""
    n_columns = block.shape[-1]
    flat = block.reshape(-1, n_columns) if block.flags.c_contiguous else None
    several = WIDE // n_columns
    if flat is None or several < 2 or len(flat) < several:
        return reduce.reduce(block, axis=tuple(range(block.ndim - 1)))
    n_whole = len(flat) // several * several
    folded = reduce.reduce(flat[:n_whole].reshape(-1, several * n_columns), axis=0).reshape(several, n_columns)
    return reduce.reduce(np.concatenate([folded, flat[n_whole:]]), axis=0)
