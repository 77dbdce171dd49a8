"""The encoding of X: standardised by the training part, and laid out as a network takes it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from presets.data.frames import Table
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
    gaps : ndarray of shape (n_features,), optional
        What stands for a missing number, encoded; without it NaN stays, as in the padding of sequences.
    takes_tables : bool, default=True
        Whether X was a table, and so must be every X.
    """

    standardizer: Standardizer
    input_shape: tuple | dict
    raw_shape: tuple
    channels_first: bool = False
    columns: dict | None = None
    gaps: np.ndarray | None = None
    takes_tables: bool = True

    embedding_arguments: ClassVar[dict] = {}
    """What embeddings in front of a network need; no column is embedded."""

    level_codes: ClassVar[dict] = {}
    """Codes of the levels of each category; there is none."""

    input_names: ClassVar[None] = None
    """Names of the columns that the network sees; None if they are those of X."""

    @classmethod
    def of_table(cls, X, rows, weights, *, standardize, columns=None):
        """Compute the statistics of some rows of a table of numbers; a number that is missing later is the mean."""
        fit = RobustStandardizer.fit if standardize == "robust" else Standardizer.fit
        learnt = fit(X, rows, weights)
        n_features = X.shape[1]
        standardizer, gaps = (
            (learnt, np.zeros(n_features)) if standardize else (Standardizer.identity(n_features), learnt.mean)
        )
        shape = (n_features,) if columns is None else {name: (len(numbers),) for name, numbers in columns.items()}
        return cls(standardizer, shape, (n_features,), columns=columns, gaps=gaps)

    def description(self):
        """What the complete model needs to encode as this does: arguments of `complete_model`."""
        return {
            "input_shape": self.raw_shape if self.columns else self.input_shape,
            "mean": self.standardizer.mean,
            "scale": self.standardizer.scale,
            "limit": self.standardizer.limit,
            "raw_shape": self.raw_shape,
            "channels_first": self.channels_first,
            "columns": self.columns,
        }

    @property
    def offsets(self):
        """Means and standard deviations of what the complete model reads in one type."""
        return self.standardizer.mean, self.standardizer.scale

    def rows(self, X, dtype):
        """Rows of X that are encoded when taken."""
        X = X.as_numbers() if isinstance(X, Table) else X
        if self.columns is not None:
            return RowsByInput(X, self.standardizer, dtype, self.columns, self.gaps)
        return Rows(X, self.standardizer, dtype, self.gaps)

    @property
    def complete_arguments(self):
        """Arguments of the network in which the complete model differs from the trained one."""
        return {}

    @property
    def flat_shape(self):
        """Shape of a sample behind embeddings."""
        return self.input_shape

    def network_arguments(self, X):
        """Arguments of the network that samples need, beside those which its parameters give."""
        return {}

    def raw_inputs(self, X, *, strings):
        """Rows as the complete model takes them."""
        return X.toarray() if sparse.issparse(X) else X

    def check_shape(self, samples, name):
        """Raise a ValueError if samples that are no rows of a table have another shape than those of the fit."""
        if not self.takes_tables and samples.shape != self.input_shape:
            raise ValueError(
                f"X has samples of shape {samples.shape}, but {name} is expecting {self.input_shape}, as in fit "
                "(channels or features last; None is any number of steps)."
            )
