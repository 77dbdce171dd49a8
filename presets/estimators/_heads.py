"""What every classifier and every regressor of this package adds to its family."""

import dataclasses
import warnings
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from presets.builders.freeze import freeze
from presets.data.calibration import temperature
from presets.data.targets import (
    check_values,
    class_target,
    fit_value_standardizer,
    naming_missing_labels,
    value_target,
)
from presets.data.weights import relative_weights
from presets.training.dataset import prediction_rows
from presets.training.objectives import make_loss
from presets.training.pool import program_class
from presets.training.recipe import loss_numbers
from presets.training.units import gradient_factor, is_scale_free, required_activation

COARSE = 0.01
"""Standard deviations of y between two neighbouring numbers, at which a loss in its unit is refused."""


@dataclass(kw_only=True, eq=False, repr=False)
class ClassifierHead(ClassifierMixin):
    """Targets, weights and predictions of a classifier."""

    class_weight: dict | str | None = None
    label_smoothing: float = 0.0
    calibrate: bool = False

    _numeric_y = False
    _constraints = {
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "calibrate": ["boolean"],
    }

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        if self.label_smoothing and self.loss != "auto":
            raise ValueError(
                f"label_smoothing={self.label_smoothing} needs loss='auto', but loss is {self.loss!r}; set "
                "label_smoothing=0, or give the loss its own label_smoothing."
            )
        if self.calibrate and self.validation_fraction == 0 and X_val is None:
            raise ValueError(
                "calibrate=True needs a validation part; set validation_fraction, or give X_val and y_val to fit."
            )
        return callbacks

    def _find_temperature(self, program, plan):
        data, rows = plan.validation, plan.validation_rows
        if not self.calibrate or not len(rows):
            return 1.0
        size = prediction_rows(data.x.row_bytes, 1)
        parts = [program.predict(data.x.take(rows[start : start + size])) for start in range(0, len(rows), size)]
        return temperature(np.concatenate(parts), *data.targets(rows))

    @property
    def temperature_(self):
        """What the logits are divided by; 1 without `calibrate`."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no temperature_ before fit.")
        return self._fitted.temperature

    def _recipe(self, encoder, target, data_arguments):
        recipe = super()._recipe(encoder, target, data_arguments)
        return dataclasses.replace(recipe, label_smoothing=float(self.label_smoothing))

    def _check_data(self, X, y, sample_weight, *, reset, weighted=False):
        with naming_missing_labels(y):
            X, y, weights = super()._check_data(X, y, sample_weight, reset=reset, weighted=weighted)
            check_classification_targets(y)
        if sparse.issparse(y):
            y = y.toarray()
        if type_of_target(y) != "multilabel-indicator":
            y = column_or_1d(y, warn=True)
        if self.class_weight is not None:
            weights = self._balance(y) if weights is None else weights * self._balance(y)
            if not weights.any():
                raise ValueError(f"class_weight={self.class_weight!r} leaves no row with a positive weight.")
            weights = relative_weights(weights)
        return X, y, weights

    def _balance(self, y):
        balance = compute_sample_weight(self.class_weight, y)
        if not (np.isfinite(balance).all() and (balance >= 0).all()):
            raise ValueError(f"class_weight={self.class_weight!r} must hold finite numbers that are not negative.")
        return relative_weights(balance) if balance.any() else balance

    def _learn_target(self, encoder, y, rows, weights, classes=None):
        target = class_target(y, classes)
        if y.ndim == 2 and (y.sum(axis=1) == 1).all():
            warnings.warn(
                f"y has {y.shape[1]} columns with exactly one 1 in every row. They are taken for labels of which each "
                "may be present or not. If they are one-hot classes, give y.argmax(axis=1).",
                stacklevel=7,
            )
        return target

    def _keep_target(self, start, y, rows, weights):
        return start.target

    def _strata(self, y):
        return None if y.ndim == 2 else np.unique(y, return_inverse=True)[1]

    @property
    def classes_(self):
        """Labels, sorted; for multilabel targets the numbers of the columns."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no classes_ before fit.")
        return self._fitted.target.classes

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`, of the estimator's type (float32 by default). For multilabel targets the
            probability of each label.
        """
        outputs = self._outputs(X)
        return self._fitted.target.decode(outputs)

    def predict(self, X):
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

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch at the present rate, without validation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes. The first call's rows give the statistics for standardisation.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        classes : array-like of shape (n_classes,), optional
            All labels; needed at the first call if y lacks some.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `classes` are not those of the first call, or y has others.
        """
        if classes is not None and hasattr(self, "_fitted") and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={list(classes)} are not those of the first call: {self.classes_.tolist()}.")
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class RegressorHead(RegressorMixin):
    """Targets and predictions of a regressor."""

    _numeric_y = True

    def _check_data(self, X, y, sample_weight, *, reset, weighted=False):
        check_values(y)
        X, y, weights = super()._check_data(X, y, sample_weight, reset=reset, weighted=weighted)
        if sparse.issparse(y):
            y = y.toarray()
            check_values(y)
        try:
            return X, np.asarray(y, dtype=np.float64), weights
        except ValueError as error:
            raise ValueError(f"y must hold numbers, but {error}.") from error

    def _learn_target(self, encoder, y, rows, weights):
        limits = self._output_range(encoder.input_shape, y.reshape(len(y), -1).shape[1])
        return self._target_for_loss(fit_value_standardizer(y, rows, weights, limits), limits, y, rows, weights)

    def _keep_target(self, start, y, rows, weights):
        """The target of the last fit, or one for another loss with the same statistics."""
        if freeze(start.recipe.loss) == freeze(self.loss):
            return start.target
        limits = self._output_range(start.encoder.input_shape, start.target.n_outputs)
        return self._target_for_loss(start.target.standardizer, limits, y, rows, weights)

    def _target_for_loss(self, standardizer, limits, y, rows, weights):
        columns = y.reshape(len(y), -1)[rows]
        activation = required_activation(self.loss, columns)
        if np.isfinite(limits).any():
            activation = "linear"  # the network has one of its own
        target = value_target(
            standardizer, y.ndim == 1, activation=activation, is_standardised=is_scale_free(self.loss)
        )
        if not is_scale_free(self.loss):
            self._check_resolution(standardizer, columns)
            with program_class().scope(self):
                loss = make_loss(self.loss, activation, target.n_outputs, loss_numbers(self.dtype))
                target.factor = gradient_factor(loss, target.unit, columns, None if weights is None else weights[rows])
        return target

    def _check_resolution(self, standardizer, columns):
        """A loss in the unit of y needs a y that its type of numbers can hold."""
        kind = np.finfo(loss_numbers(self.dtype))
        with np.errstate(over="ignore"):
            coarse = kind.eps * np.abs(standardizer.mean) > COARSE * standardizer.scale
        if (
            (np.abs(columns) > np.sqrt(kind.max)).any()
            or (standardizer.scale < np.sqrt(kind.tiny)).any()
            or coarse.any()
        ):
            column = coarse.argmax()
            advice = "set dtype='float64', or subtract" if kind.dtype == np.float32 else "subtract"
            raise ValueError(
                f"loss={self.loss!r} is computed in the unit of y, but {kind.dtype} cannot hold values around "
                f"{standardizer.mean[column]:g} that differ by {standardizer.scale[column]:g}: {advice} an offset from "
                "y, and divide it by its size."
            )

    def _strata(self, y):
        return None

    @property
    def output_activation_(self):
        """What this package puts behind the network, so that predictions are such as the loss takes."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no output_activation_ before fit.")
        return self._fitted.target.output_activation

    def predict(self, X):
        """Values in the unit of y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the estimator's type (float32 by default), or float64 where an offset of y would be lost otherwise.
        """
        outputs = self._outputs(X)
        return self._fitted.target.predict(outputs)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch at the present rate, without validation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes. The first call's rows give the statistics for standardisation.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
