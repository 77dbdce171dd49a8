"""Samples, encoded when they are needed."""

import math

import numpy as np

from presets.data.standardize import BLOCK, dense


class Rows:
    """Rows of X as the network takes them; nothing is encoded before it is taken.

    Parameters
    ----------
    X : array of shape (n_samples, ...) or CSR matrix of shape (n_samples, n_features)
        In any numeric type, also memory-mapped.
    standardizer : Standardizer
        Of the last axis.
    dtype : str
        Type of the encoded numbers.
    """

    def __init__(self, X, standardizer, dtype):
        self.X, self.standardizer, self.dtype = X, standardizer, np.dtype(dtype)

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
        return taken

    def table(self, rows):
        """Encode some rows, with all columns side by side."""
        return Rows.take(self, rows)


class RowsByInput(Rows):
    """Rows of a table for a network with several inputs.

    Parameters
    ----------
    X, standardizer, dtype
        See `Rows`.
    columns : dict of str to ndarray of int
        Columns of each input.
    """

    def __init__(self, X, standardizer, dtype, columns):
        super().__init__(X, standardizer, dtype)
        self.columns = columns

    def take(self, rows):
        """Encode some rows.

        Returns
        -------
        dict of str to ndarray of shape (n_rows, n_columns)
        """
        table = super().take(rows)
        return {name: np.ascontiguousarray(table[:, columns]) for name, columns in self.columns.items()}
