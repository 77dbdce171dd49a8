"""Samples, encoded when they are needed."""

import math

import numpy as np

from presets.data.standardize import BLOCK, dense
from presets.data.strings import find_misread_strings


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
    gaps : ndarray of shape (n_features,), optional
        What takes the place of NaN, encoded.
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
        """Encode some rows, with all columns side by side."""
        return Rows.take(self, rows)

    def inspect(self, rows):
        """What the data check looks at: numbers of some rows, and names of their columns if they have other names.

        Returns
        -------
        cells : ndarray of shape (n_rows, ...)
        names : list or None
        """
        return self.table(rows), None

    def misread(self):
        """Findings on columns that are not what they are taken for; numbers are."""
        return []


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
    """Rows of a table with more than numbers in it.

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

    def misread(self):
        """Findings on strings that are taken for categories, and look like something else."""
        return find_misread_strings(self.table)
