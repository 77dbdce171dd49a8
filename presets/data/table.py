"""The encoding of tables: columns standardised by the training part."""

from presets.data.rows import Rows
from presets.data.standardize import Standardizer


class TableEncoder:
    """Columns of a table with the statistics of its training rows.

    Parameters
    ----------
    standardizer : Standardizer
    """

    def __init__(self, standardizer):
        self.standardizer = standardizer

    @classmethod
    def fit(cls, X, rows, weights, *, standardize):
        """Compute the statistics of some rows of X."""
        return cls(Standardizer.fit(X, rows, weights) if standardize else Standardizer.identity(X.shape[1]))

    @property
    def input_shape(self):
        """Shape of one encoded row."""
        return self.standardizer.mean.shape

    def rows(self, X, dtype):
        """Rows of X that are encoded when taken."""
        return Rows(X, self.standardizer, dtype)
