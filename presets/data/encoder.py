"""The encoding of X: standardised by the training part, in the layout for a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from presets.data.frames import Table
from presets.data.rows import Rows, RowsByInput
from presets.data.standardize import RobustStandardizer, Standardizer
from presets.typing import Array


@dataclass(frozen=True, eq=False)
class Encoder:
    """The encoding that `fit` learns from X, and `predict` applies.

    Parameters
    ----------
    standardizer : Standardizer
        Standardizer of the last axis of an encoded sample.
    input_shape : tuple of int or None
        Shape of one encoded sample.
    raw_shape : tuple of int or None
        Shape of one sample as the user gives it.
    channels_first : bool, default=False
        Whether the first axis of the user's samples is the last axis of encoded samples.
    columns : dict of str to ndarray of int, optional
        Columns of a table for each input of a network with several inputs. A network with one input gets all.
    gaps : ndarray of shape (n_features,), optional
        Encoded value for a missing number. Without it NaN stays, as in the padding of sequences.
    takes_tables : bool, default=True
        Whether X was a table in `fit`, and must be a table in `predict`.
    """

    standardizer: Standardizer
    input_shape: tuple[int | None, ...] | Mapping[str, tuple[int, ...]]
    raw_shape: tuple[int | None, ...]
    channels_first: bool = False
    columns: dict[str, Any] | None = None
    gaps: np.ndarray | None = None
    takes_tables: bool = True

    embedding_arguments: ClassVar[dict[str, Any]] = {}
    """Arguments of the embeddings before a network; there are no embedded columns here."""

    level_codes: ClassVar[dict[str, dict[str, int]]] = {}
    """Codes of the levels of each category; there is none."""

    input_names: ClassVar[None] = None
    """Names of the columns that the network gets; None if they are the columns of X."""

    @classmethod
    def of_table(
        cls,
        X: Any,
        rows: Array,
        weights: Array | None,
        *,
        standardize: Any,
        columns: dict[str, Any] | None = None,
    ) -> Self:
        """Compute the statistics of some rows of a table of numbers. A number that is missing later gets the mean."""
        fit = RobustStandardizer.fit if standardize == "robust" else Standardizer.fit
        learnt = fit(X, rows, weights)
        n_features = X.shape[1]
        standardizer, gaps = (
            (learnt, np.zeros(n_features)) if standardize else (Standardizer.identity(n_features), learnt.mean)
        )
        shape = (n_features,) if columns is None else {name: (len(numbers),) for name, numbers in columns.items()}
        return cls(standardizer, shape, (n_features,), columns=columns, gaps=gaps)

    def description(self) -> dict[str, Any]:
        """The arguments of `complete_model` for this encoding."""
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
    def offsets(self) -> tuple[Array, Array]:
        """Means and standard deviations of the columns that the complete model reads with one type."""
        return self.standardizer.mean, self.standardizer.scale

    def rows(self, X: Any, dtype: str) -> Any:
        """Rows of X, which are encoded when they are taken."""
        X = X.as_numbers() if isinstance(X, Table) else X
        if self.columns is not None:
            return RowsByInput(X, self.standardizer, dtype, self.columns, self.gaps)
        return Rows(X, self.standardizer, dtype, self.gaps)

    @property
    def complete_arguments(self) -> dict[str, Any]:
        """Arguments of the network that have another value in the complete model."""
        return {}

    @property
    def flat_shape(self) -> Any:
        """Shape of a sample after the embeddings."""
        return self.input_shape

    def network_arguments(self, X: Any) -> dict[str, Any]:
        """Arguments of the network that depend on the samples."""
        return {}

    def raw_inputs(self, X: Any, *, strings: bool) -> Any:
        """Convert rows to the inputs of the complete model."""
        return X.toarray() if sparse.issparse(X) else X

    def check_shape(self, samples: Any, name: str) -> None:
        """Raise a ValueError if samples of an array have another shape than in the fit."""
        if not self.takes_tables and samples.shape != self.input_shape:
            raise ValueError(
                f"X has samples of shape {samples.shape}, but {name} is expecting {self.input_shape}, as in fit "
                "(channels or features last; None is any number of steps)."
            )
