"""The head of all regressors: values as targets, and predictions of values."""

from __future__ import annotations  # help() then shows the names of types

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin

from presets.builders.freeze import freeze
from presets.data.targets import check_values, fit_value_standardizer, value_target
from presets.estimators._parameters import with_parameters
from presets.training.objectives import make_loss
from presets.training.pool import program_class
from presets.training.recipe import loss_numbers
from presets.training.units import gradient_factor, is_scale_free, required_activation
from presets.typing import Array, Features, Values

COARSE = 0.01
"""A loss in the unit of y is refused if two neighbouring numbers differ by more than this share of y's deviation."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """A y of one value or several.

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
    dtype : str
        Type or policy of the network.
    output_range : callable
        ``output_range(input_shape, n_outputs)`` returns the least and greatest output of the core.
    """

    loss: object
    dtype: str
    output_range: Callable[..., Any]

    is_numeric = True
    label_smoothing = 0.0

    def check_parameters(self, given, X_val):
        """Check these parameters together with the others of an estimator: there is nothing to check."""

    @contextlib.contextmanager
    def checking(self, y):
        """The context of scikit-learn's checks of y."""
        check_values(y)
        yield

    def read(self, y, weights):
        """Read y after scikit-learn's checks."""
        if sparse.issparse(y):
            y = y.toarray()
            check_values(y)
        try:
            return np.asarray(y, dtype=np.float64), weights
        except ValueError as error:
            raise ValueError(f"y must contain numbers, but {error}.") from error

    def strata(self, y):
        """None: values are not stratified."""

    def learn(self, encoder, y, rows, weights):
        """Learn the unit of y."""
        limits = self.output_range(encoder.flat_shape, y.reshape(len(y), -1).shape[1])
        return self._for_loss(fit_value_standardizer(y, rows, weights, limits), limits, y, rows, weights)

    def keep(self, start, y, rows, weights):
        """The target of the network from which the fit continues; for another loss, one with the same statistics."""
        if freeze(start.recipe.loss) == freeze(self.loss):
            return start.target
        limits = self.output_range(start.encoder.flat_shape, start.target.n_outputs)
        return self._for_loss(start.target.standardizer, limits, y, rows, weights)

    def temperature(self, program, plan):
        """1, because values have no temperature."""
        return 1.0

    def _for_loss(self, standardizer, limits, y, rows, weights):
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
        """Raise a ValueError if the type of a loss in the unit of y cannot hold the values of y."""
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
                "y, and scale y."
            )


@with_parameters
class Regressor(RegressorMixin):
    """Predictions of a regressor."""

    if TYPE_CHECKING:  # scikit-learn's own method has no types

        def score(self, X: Features, y: Values, sample_weight: Values | None = None) -> float: ...

    def _target(self):
        return Numbers(self.loss, self.dtype, self._output_range)

    @property
    def output_activation_(self) -> str:
        """The activation that this package adds after the network, so that the loss accepts the predictions."""
        if not hasattr(self, "_fitted"):
            raise AttributeError(f"{type(self).__name__} has no output_activation_ before fit.")
        return self._fitted.target.output_activation

    def predict(self, X: Features) -> Array:
        """Values in the unit of y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In float64.
        """
        outputs = self._outputs(X)
        return self._fitted.target.predict(outputs)

    def partial_fit(self, X: Features, y: Values, sample_weight: Values | None = None) -> Self:
        """Train for one epoch at the current learning rate, without validation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            In any form that `fit` takes. The rows of the first call give the statistics for standardisation.
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
