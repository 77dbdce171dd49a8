"""Targets: from what the user has to what a network learns, and back."""

import contextlib

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.utils.multiclass import type_of_target

from presets.data.standardize import Standardizer


class ClassTarget:
    """What the targets of classifiers share: they have no unit."""

    unit = (0.0, 1.0)

    def unit_of_columns(self):
        """Nothing to rescale."""
        return {}


class BinaryTarget(ClassTarget):
    """Two classes of any type; one logit.

    Parameters
    ----------
    classes : ndarray of shape (2,)
        Sorted labels.
    """

    activation = "sigmoid"
    n_outputs = 1

    def __init__(self, classes):
        self.classes = classes

    def encode(self, y, dtype):
        """Codes 0 and 1, of shape ``(n_samples, 1)``."""
        return codes(y, self.classes).astype(dtype)[:, None]

    def decode(self, outputs):
        """Probabilities of both classes from logits."""
        positive = expit(outputs)
        return np.hstack([1 - positive, positive])

    def predict(self, outputs):
        """Labels from logits."""
        return self.classes[(outputs[:, 0] > 0).astype(int)]


class MulticlassTarget(ClassTarget):
    """Three or more classes of any type; a logit each.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    """

    activation = "softmax"

    def __init__(self, classes):
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y, dtype):
        """Codes from 0, of shape ``(n_samples,)``."""
        return codes(y, self.classes).astype(np.int32)

    def decode(self, outputs):
        """Probabilities of the classes from logits."""
        return softmax(outputs, axis=1)

    def predict(self, outputs):
        """Labels from logits."""
        return self.classes[np.argmax(outputs, axis=1)]


class MultilabelTarget(ClassTarget):
    """Several labels that are each present or not; a logit each.

    Parameters
    ----------
    n_labels : int
    """

    activation = "sigmoid"

    def __init__(self, n_labels):
        self.classes = np.arange(n_labels)
        self.n_outputs = n_labels

    def encode(self, y, dtype):
        """The indicators, of shape ``(n_samples, n_labels)``."""
        check_columns(y, self.n_outputs)
        return np.asarray(y, dtype=dtype)

    def decode(self, outputs):
        """Probability of each label from logits."""
        return expit(outputs)

    def predict(self, outputs):
        """Indicators from logits."""
        return (outputs > 0).astype(int)


class RegressionTarget:
    """One value or several, standardised.

    Parameters
    ----------
    standardizer : Standardizer
    one_dimensional : bool
        Whether y, and so the predictions, have one dimension.
    """

    activation = "linear"

    def __init__(self, standardizer, one_dimensional):
        self.standardizer, self.one_dimensional = standardizer, one_dimensional
        self.n_outputs = len(standardizer.mean)

    @classmethod
    def fit(cls, y, rows, weights):
        """Compute the statistics of some rows of y."""
        return cls(Standardizer.fit(y.reshape(len(y), -1), rows, weights), y.ndim == 1)

    @property
    def unit(self):
        """Offset and scale of each column, for metrics in the unit of y."""
        return self.standardizer.mean, self.standardizer.scale

    def unit_of_columns(self):
        """Offset and scale of each column, for the complete model."""
        return {"output_mean": self.standardizer.mean, "output_scale": self.standardizer.scale}

    def encode(self, y, dtype):
        """Standardised values, of shape ``(n_samples, n_outputs)``."""
        check_columns(y, self.n_outputs)
        return self.standardizer.transform(y.reshape(len(y), -1), dtype)

    def predict(self, outputs):
        """Values in the unit of y, in float64, which holds an offset beside small differences."""
        values = self.standardizer.inverse_transform(outputs)
        return values[:, 0] if self.one_dimensional else values


def class_target(y, classes=None):
    """Choose the target of a classifier by the labels.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray, optional
        All labels, where y may not have every one.

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


def codes(y, classes):
    """Positions of labels in the sorted classes.

    Raises
    ------
    ValueError
        If y holds a label that is not among the classes.
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
def naming_missing_labels(y):
    """Say in which row a label is missing if a check of y fails."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if y is None or sparse.issparse(y):
            raise
        missing = [row for row, label in enumerate(np.asarray(y, dtype=object).ravel()) if is_missing(label)]
        if not missing:
            raise
        raise ValueError(
            f"y contains NaN or None in row {missing[0]} ({len(missing)} in all); leave such rows out."
        ) from error


def is_missing(label):
    """Whether a label is NaN, None or pandas' NA."""
    return label is None or type(label).__name__ == "NAType" or bool(label != label)


def check_columns(y, n_columns):
    """Raise a ValueError if y does not have as many columns as the y that the target was learnt from."""
    found = y.shape[1] if y.ndim == 2 else 1
    if found != n_columns:
        raise ValueError(
            f"y has {found} column(s), but {n_columns} are expected, as in the y that was learnt from first."
        )
