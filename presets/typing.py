"""Types of the arguments that users give, for annotations."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray


class HasShape(Protocol):
    """A frame, a sparse matrix or a tensor."""

    @property
    def shape(self) -> Any:
        """Lengths of the axes."""


class Estimator(Protocol):
    """An object under scikit-learn's contract."""

    @property
    def fit(self) -> Callable[..., Any]:
        """Fit to data."""

    def get_params(self, deep: bool = ...) -> dict[str, Any]:
        """Parameters by name."""

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name."""


Array: TypeAlias = NDArray[Any]

Values: TypeAlias = ArrayLike | HasShape
"""Targets, weights or other values of rows."""

Features: TypeAlias = Values | Mapping[str, Values]
"""X in any form that an estimator takes: an array, a frame, sequences, or named inputs."""

RandomState: TypeAlias = int | np.random.RandomState | None
