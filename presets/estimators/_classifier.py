"""The head of all classifiers: classes as targets, and predictions of classes."""

from __future__ import annotations  # help() then shows the names of types

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from presets.data.calibration import temperature
from presets.data.targets import class_target, naming_missing_labels
from presets.data.weights import relative_weights
from presets.estimators._parameters import BOOLEAN, SHARE, parameter, with_parameters
from presets.training.dataset import prediction_rows
from presets.typing import Array, Features, Values
from presets.warn import warn_user


@dataclass(frozen=True, eq=False)
class Classes:
    """A y of classes, or of labels that are each present or not.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    label_smoothing : float
    calibrate : bool
    """

    class_weight: Mapping[Any, float] | str | None
    label_smoothing: float
    calibrate: bool

    is_numeric = False

    def check_parameters(self, given, X_val):
        """Check these parameters together with the others of an estimator."""
        if self.label_smoothing and given.loss != "auto":
            raise ValueError(
                f"label_smoothing={self.label_smoothing} needs loss='auto', but loss is {given.loss!r}; set "
                "label_smoothing=0, or give the loss its own label_smoothing."
            )
        if self.calibrate and given.validation_fraction == 0 and X_val is None:
            raise ValueError(
                "calibrate=True needs a validation part; set validation_fraction, or give X_val and y_val to fit."
            )

    @contextlib.contextmanager
    def checking(self, y):
        """The context of scikit-learn's checks of y."""
        with naming_missing_labels(y):
            yield

    def read(self, y, weights):
        """Read y after scikit-learn's checks, and weight its classes."""
        check_classification_targets(y)
        if sparse.issparse(y):
            y = y.toarray()
        if type_of_target(y) != "multilabel-indicator":
            y = column_or_1d(y, warn=True)
        if self.class_weight is not None:
            weights = self._balance(y) if weights is None else weights * self._balance(y)
            if not weights.any():
                raise ValueError(f"class_weight={self.class_weight!r} gives no row a positive weight.")
            weights = relative_weights(weights)
        return y, weights

    def _balance(self, y):
        balance = compute_sample_weight(self.class_weight, y)
        if not (np.isfinite(balance).all() and (balance >= 0).all()):
            raise ValueError(f"class_weight={self.class_weight!r} must contain finite numbers that are not negative.")
        return relative_weights(balance) if balance.any() else balance

    def strata(self, y):
        """The classes for a stratified split; None if rows may have several labels."""
        return None if y.ndim == 2 else np.unique(y, return_inverse=True)[1]

    def learn(self, encoder, y, rows, weights, classes=None):
        """Learn the classes of y."""
        target = class_target(y, classes)
        if y.ndim == 2 and (y.sum(axis=1) == 1).all():
            warn_user(
                f"y has {y.shape[1]} columns with exactly one 1 in each row. The columns are treated as independent "
                "labels. If they are one-hot classes, give y.argmax(axis=1)."
            )
        return target

    def keep(self, start, y, rows, weights):
        """The classes of the network from which the fit continues."""
        return start.target

    def temperature(self, program, plan):
        """The divisor of the logits of a trained program."""
        data, rows = plan.validation, plan.validation_rows
        if not self.calibrate or not len(rows):
            return 1.0
        size = prediction_rows(data.x.row_bytes, 1)
        parts = [program.predict(data.x.take(rows[start : start + size])) for start in range(0, len(rows), size)]
        return temperature(np.concatenate(parts), *data.targets(rows))


@with_parameters
class Classifier(ClassifierMixin):
    """Parameters and predictions of a classifier."""

    class_weight: Mapping[Any, float] | str | None = parameter(
        [dict, StrOptions({"balanced"}), None],
        "dict, 'balanced' or None",
        "Weights of the classes; they are multiplied with the sample weights, in training and validation.",
        default=None,
        place="training",
    )
    label_smoothing: float = parameter(
        SHARE,
        "float",
        "Share of each label that training distributes evenly over all classes (Szegedy et al. 2016). It improves "
        "accuracy, but makes probabilities too uncertain. `val_loss` is not smoothed.",
        default=0.0,
        place="training",
    )
    calibrate: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether to divide the logits by the temperature that minimises the log loss of the validation part (Guo et "
        "al. 2017). This changes probabilities, not labels; `temperature_` is the temperature.",
        default=False,
        place="validation",
    )

    if TYPE_CHECKING:  # scikit-learn's own method has no types

        def score(self, X: Features, y: Values, sample_weight: Values | None = None) -> float: ...

    def _target(self):
        return Classes(self.class_weight, self.label_smoothing, self.calibrate)

    @property
    def temperature_(self) -> float:
        """The divisor of the logits; 1 without `calibrate`."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no temperature_ before fit.")
        return self._fitted.temperature

    @property
    def classes_(self) -> Array:
        """Sorted labels; for multilabel targets the numbers of the columns."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no classes_ before fit.")
        return self._fitted.target.classes

    def predict_proba(self, X: Features) -> Array:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`, with the type of the estimator (float32 by default). For multilabel targets, the
            probability of each label.
        """
        outputs = self._outputs(X)
        return self._fitted.target.decode(outputs)

    def predict(self, X: Features) -> Array:
        """Labels of the most probable classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        outputs = self._outputs(X)
        return self._fitted.target.predict(outputs)

    def partial_fit(
        self, X: Features, y: Values, classes: Array | Sequence[Any] | None = None, sample_weight: Values | None = None
    ) -> Self:
        """Train for one epoch at the current learning rate, without validation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes. The rows of the first call give the statistics for standardisation.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        classes : array-like of shape (n_classes,), optional
            All labels; needed at the first call if its y lacks some.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `classes` or y have other labels than the first call.
        """
        if classes is not None and hasattr(self, "_fitted") and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={list(classes)} differ from those of the first call: {self.classes_.tolist()}.")
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
