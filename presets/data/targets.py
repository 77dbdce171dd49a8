"""Targets: the conversion of y to the values that a network learns, and back."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse
from scipy.special import expit, logit, softmax
from sklearn.utils.multiclass import type_of_target

from presets.data.standardize import Standardizer
from presets.typing import Array

SMALL = 1e-3
"""A constant y below this size is its own scale. With scale 1, the rounding of a network would be larger than y."""


class ClassTarget:
    """Base of the targets of classifiers, which have no unit."""

    activation: str
    unit: dict[str, np.ndarray] = {}
    factor = 1.0

    @property
    def output_activation(self) -> str:
        """Keras's name of the activation from logits to probabilities."""
        return self.activation


class BinaryTarget(ClassTarget):
    """Two classes of any type, with one logit.

    Parameters
    ----------
    classes : ndarray of shape (2,)
        Sorted labels.
    """

    activation = "sigmoid"
    n_outputs = 1

    def __init__(self, classes: Array) -> None:
        self.classes = classes

    def encode(self, y: Array, dtype: DTypeLike) -> Array:
        """Codes 0 and 1, of shape ``(n_samples, 1)``."""
        return codes(y, self.classes).astype(dtype)[:, None]

    def decode(self, outputs: Array) -> Array:
        """Probabilities of both classes from logits."""
        positive = expit(outputs)
        return np.hstack([1 - positive, positive])

    def predict(self, outputs: Array) -> Array:
        """Labels from logits."""
        return self.classes[(outputs[:, 0] > 0).astype(int)]


class MulticlassTarget(ClassTarget):
    """Three or more classes of any type, with one logit for each.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    """

    activation = "softmax"

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y: Array, dtype: DTypeLike) -> Array:
        """Codes from 0, of shape ``(n_samples,)``."""
        return codes(y, self.classes).astype(np.int32)

    def decode(self, outputs: Array) -> Array:
        """Probabilities of the classes from logits."""
        return softmax(outputs, axis=1)

    def predict(self, outputs: Array) -> Array:
        """Labels from logits."""
        return self.classes[np.argmax(outputs, axis=1)]


class MultilabelTarget(ClassTarget):
    """Several labels that are each present or not, with one logit for each.

    Parameters
    ----------
    n_labels : int
    """

    activation = "sigmoid"

    def __init__(self, n_labels: int) -> None:
        self.classes = np.arange(n_labels)
        self.n_outputs = n_labels

    def encode(self, y: Array, dtype: DTypeLike) -> Array:
        """The indicators, of shape ``(n_samples, n_labels)``."""
        check_columns(y, self.n_outputs)
        return np.asarray(y, dtype=dtype)

    def decode(self, outputs: Array) -> Array:
        """Probability of each label from logits."""
        return expit(outputs)

    def predict(self, outputs: Array) -> Array:
        """Indicators from logits."""
        return (outputs > 0).astype(int)


class RegressionTarget:
    """One value or several, standardised, for losses with the same solution in all units.

    Parameters
    ----------
    standardizer : Standardizer
    one_dimensional : bool
        Whether y, and so the predictions, have one dimension.
    factor : float, default=1.0
        Factor of the gradient of the loss.
    """

    activation = output_activation = "linear"
    factor = 1.0  # for files of older versions, which have no factor

    def __init__(self, standardizer: Standardizer, one_dimensional: bool, factor: float = 1.0) -> None:
        self.standardizer, self.one_dimensional, self.factor = standardizer, one_dimensional, factor
        self.n_outputs = len(standardizer.mean)

    @property
    def unit(self) -> dict[str, Any]:
        """Numbers that convert the outputs of a core to the unit of y, by name."""
        return {"scale": self.standardizer.scale, "offset": self.standardizer.mean, "factor": self.factor}

    def encode(self, y: Array, dtype: DTypeLike) -> Array:
        """Standardised values, of shape ``(n_samples, n_outputs)``."""
        check_columns(y, self.n_outputs)
        return self.standardizer.transform(y.reshape(len(y), -1), dtype, "y")

    def predict(self, outputs: Array) -> Array:
        """Values in the unit of y, in float64, which keeps small differences beside a large offset."""
        return self._shaped(self.standardizer.inverse_transform(outputs))

    def _shaped(self, values):
        return values[:, 0] if self.one_dimensional else values


class UnitTarget(RegressionTarget):
    """Values in their own unit, for a loss that needs this unit. The outputs of the core are still standardised."""

    def encode(self, y: Array, dtype: DTypeLike) -> Array:
        """The same values, of shape ``(n_samples, n_outputs)``."""
        check_columns(y, self.n_outputs)
        return y.reshape(len(y), -1).astype(dtype)


class BoundedTarget(UnitTarget):
    """Values in their own unit, from an activation of the core's outputs.

    An output of zero gives the mean of y. There, the slope is one standard deviation of y, as without an activation.
    """

    _at_mean: Callable[[], tuple[Array, Array, Array]]
    _activate: Callable[[Array], Array]

    @property
    def unit(self) -> dict[str, Any]:
        """Numbers that convert the outputs of a core to the unit of y, by name."""
        size, inner_offset, slope = self._at_mean()
        return {
            "inner_scale": self.standardizer.scale / size / slope,
            "inner_offset": inner_offset,
            "scale": size,
            "offset": np.zeros(self.n_outputs),
            "factor": self.factor,
        }

    def predict(self, outputs: Array) -> Array:
        """Values in the unit of y, in float64."""
        unit = self.unit
        inner = np.asarray(outputs, dtype=np.float64) * unit["inner_scale"] + unit["inner_offset"]
        return self._shaped(self._activate(inner) * unit["scale"])


class PositiveTarget(BoundedTarget):
    """Positive values, from a softplus."""

    activation = output_activation = "softplus"

    def _at_mean(self):
        """Size of the values, the input for which the activation is 1, and its slope there."""
        mean, spread = self.standardizer.mean, self.standardizer.scale
        one = np.full(self.n_outputs, np.log(np.expm1(1.0)))
        return np.where(mean > 0, mean, spread), one, expit(one)

    def _activate(self, inner):
        return np.logaddexp(inner, 0.0)


class ShareTarget(BoundedTarget):
    """Shares between 0 and 1, from a sigmoid."""

    activation, output_activation = "share", "sigmoid"

    def _at_mean(self):
        """Size of the values, the input for which the activation is their mean, and its slope there."""
        mean = np.clip(self.standardizer.mean, 1e-3, 1 - 1e-3)
        return np.ones(self.n_outputs), logit(mean), mean * (1 - mean)

    def _activate(self, inner):
        return expit(inner)


def value_target(
    standardizer: Standardizer, one_dimensional: bool, *, activation: str, is_standardised: bool
) -> RegressionTarget:
    """Choose the target of a regressor for its loss.

    Parameters
    ----------
    standardizer : Standardizer
        Standardizer of y.
    one_dimensional : bool
        Whether y has one dimension.
    activation : {"linear", "softplus", "share"}
        Activation from the outputs of the core to predictions.
    is_standardised : bool
        Whether the loss gets standardised values.

    Returns
    -------
    RegressionTarget
    """
    kinds = {kind.activation: kind for kind in (UnitTarget, PositiveTarget, ShareTarget)}
    kind = RegressionTarget if is_standardised else kinds[activation]
    return kind(standardizer, one_dimensional)


def fit_value_standardizer(y: Array, rows: Array, weights: Array | None, limits: tuple[float, float]) -> Standardizer:
    """Compute offset and scale of y, for a network whose outputs may have limits.

    Limits are in the unit of y: zero stays zero, so there is no offset. If only one limit is finite and all of y is
    within it, the scale is the root mean square of y; otherwise it is 1.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    rows : ndarray of int
    weights : ndarray of shape (n_samples,) or None
    limits : tuple of float
        Least and greatest output of the network; may be infinite.

    Returns
    -------
    Standardizer

    Raises
    ------
    ValueError
        If a value of y is beyond the limits.
    """
    columns = y.reshape(len(y), -1)
    low, high = limits
    learnt = columns[rows]
    if not np.isfinite(limits).any():
        standardizer = Standardizer.fit(columns, rows, weights)
        size = np.abs(standardizer.mean)
        is_small = (learnt == learnt[:1]).all(axis=0) & (size > 0) & (size < SMALL)
        return Standardizer(standardizer.mean, np.where(is_small, size, standardizer.scale))
    scale = np.sqrt(np.average(np.square(learnt), axis=0, weights=None if weights is None else weights[rows]))
    scale = np.where(scale > 0, scale, 1.0)
    is_within = ((learnt >= low * scale) & (learnt <= high * scale)).all(axis=0)
    scale = np.where(is_within & ~np.isfinite(limits).all(), scale, 1.0)
    beyond = ((learnt < low * scale) | (learnt > high * scale)).any(axis=1)
    if beyond.any():
        row = rows[beyond.argmax()]
        raise ValueError(
            f"The last activation of network only gives values from {low:g} to {high:g}, but y is {y[row].tolist()} in "
            f"row {row}. Remove that activation: y is standardised, and predictions are converted back to its unit."
        )
    return Standardizer(np.zeros(columns.shape[1]), scale)


def class_target(y: Array, classes: Any = None) -> BinaryTarget | MulticlassTarget | MultilabelTarget:
    """Choose the target of a classifier for its labels.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray, optional
        All labels; needed if y may lack some.

    Returns
    -------
    BinaryTarget, MulticlassTarget or MultilabelTarget

    Raises
    ------
    ValueError
        If there is only one class.
    """
    if type_of_target(y) == "multilabel-indicator":
        return MultilabelTarget(y.shape[1])
    classes = np.unique(y) if classes is None else np.unique(classes)
    if len(classes) < 2:
        raise ValueError(f"y has one class only ({classes.tolist()[0]!r}); a classifier needs at least 2 classes.")
    return BinaryTarget(classes) if len(classes) == 2 else MulticlassTarget(classes)


def codes(y: Array, classes: Array) -> Array:
    """Positions of labels in the sorted classes.

    Raises
    ------
    ValueError
        If y has a label that is not among the classes.
    """
    check_columns(y, 1)
    positions = np.searchsorted(classes, y)
    unknown = (positions == len(classes)) | (classes[np.minimum(positions, len(classes) - 1)] != y)
    if unknown.any():
        raise ValueError(
            f"y has labels that are not among the classes: {np.unique(np.asarray(y)[unknown])[:5].tolist()}."
        )
    return positions


@contextlib.contextmanager
def naming_missing_labels(y: Any) -> Iterator[None]:
    """Name the row of a missing label, if a check of y fails."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if y is None or sparse.issparse(y):
            raise
        missing = [row for row, label in enumerate(np.asarray(y, dtype=object).ravel()) if is_missing(label)]
        if not missing:
            raise
        raise ValueError(
            f"y contains NaN or None in row {missing[0]} ({len(missing)} in all); remove such rows."
        ) from error


def check_values(y: Any) -> None:
    """Raise a ValueError if a value of y is missing or infinite, and name the row.

    Values that are not numbers pass; another check refuses them.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        As the user gave it.
    """
    if y is None or sparse.issparse(y):
        return
    values = np.asarray(y)
    if values.dtype.kind == "c" or not values.size:
        return
    try:
        numbers = values if values.dtype.kind in "mM" else values.astype(np.float64)
        unusable = {"NaN or None": np.isnan(numbers), "infinity": np.isinf(numbers)}
    except (TypeError, ValueError):
        missing = [is_missing(value) for value in values.ravel()]
        unusable = {"NaN or None": np.array(missing, dtype=bool).reshape(values.shape)}
    for what, places in unusable.items():
        rows = np.flatnonzero(places.reshape(len(values), -1).any(axis=1)) if values.ndim else np.flatnonzero(places)
        if len(rows):
            raise ValueError(f"y contains {what} in row {rows[0]} ({len(rows)} in all); remove such rows.")


def is_missing(label: Any) -> bool:
    """Whether a label is NaN, None or pandas' NA."""
    return label is None or type(label).__name__ == "NAType" or bool(label != label)


def check_columns(y: Array, n_columns: int) -> None:
    """Raise a ValueError if y does not have as many columns as the y of the first fit."""
    found = y.shape[1] if y.ndim == 2 else 1
    if found != n_columns:
        raise ValueError(f"y has {found} column(s), but {n_columns} are expected, as in the first fit.")
