"""The encoding of X: standardised by the training part, and laid out as a network takes it."""

from dataclasses import dataclass

from presets.data.rows import Rows, RowsByInput
from presets.data.standardize import RobustStandardizer, Standardizer


@dataclass(frozen=True, eq=False)
class Encoder:
    """What `fit` learns of X, and `predict` needs of it.

    Parameters
    ----------
    standardizer : Standardizer
        Of the last axis of an encoded sample.
    input_shape : tuple of int or None
        Shape of one encoded sample.
    raw_shape : tuple of int or None
        Shape of one sample as the user gives it.
    channels_first : bool, default=False
        Whether the user's samples have as their first axis what encoded samples have as their last.
    columns : dict of str to ndarray of int, optional
        Columns of a table that each of several inputs gets; a network with one input gets all.
    """

    standardizer: Standardizer
    input_shape: tuple
    raw_shape: tuple
    channels_first: bool = False
    columns: dict | None = None

    @classmethod
    def of_table(cls, X, rows, weights, *, standardize):
        """Compute the statistics of some rows of a table."""
        fit = RobustStandardizer.fit if standardize == "robust" else Standardizer.fit
        standardizer = fit(X, rows, weights) if standardize else Standardizer.identity(X.shape[1])
        return cls(standardizer, X.shape[1:], X.shape[1:])

    def rows(self, X, dtype):
        """Rows of X that are encoded when taken."""
        if self.columns is not None:
            return RowsByInput(X, self.standardizer, dtype, self.columns)
        return Rows(X, self.standardizer, dtype)
