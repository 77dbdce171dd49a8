"""What every regressor adds to its family: values as targets, and predictions of them."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

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
"""Standard deviations of y between two neighbouring numbers, at which a loss in its unit is refused."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """A y of one value or several.

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
    dtype : str
        Type or policy of the network.
    output_range : callable
        ``output_range(input_shape, n_outputs)`` gives the least and greatest value that the core can put out.
    """

    loss: object
    dtype: str
    output_range: Callable

    is_numeric = True
    label_smoothing = 0.0

    def check_parameters(self, given, X_val):
        """Check these parameters beside the others of an estimator; nothing is to be checked."""

    @contextlib.contextmanager
    def checking(self, y):
        """What is to be around scikit-learn's checks."""
        check_values(y)
        yield

    def read(self, y, weights):
        """Read y that scikit-learn has checked."""
        if sparse.issparse(y):
            y = y.toarray()
            check_values(y)
        try:
            return np.asarray(y, dtype=np.float64), weights
        except ValueError as error:
            raise ValueError(f"y must hold numbers, but {error}.") from error

    def strata(self, y):
        """None: values are not stratified."""

    def learn(self, encoder, y, rows, weights):
        """Learn the unit of y."""
        limits = self.output_range(encoder.flat_shape, y.reshape(len(y), -1).shape[1])
        return self._for_loss(fit_value_standardizer(y, rows, weights, limits), limits, y, rows, weights)

    def keep(self, start, y, rows, weights):
        """The target of the network to go on from, or one for another loss with the same statistics."""
        if freeze(start.recipe.loss) == freeze(self.loss):
            return start.target
        limits = self.output_range(start.encoder.flat_shape, start.target.n_outputs)
        return self._for_loss(start.target.standardizer, limits, y, rows, weights)

    def temperature(self, program, plan):
        """Values are not divided by anything."""
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


@with_parameters
class Regressor(RegressorMixin):
    """Predictions of a regressor."""

    def _target(self):
        return Numbers(self.loss, self.dtype, self._output_range)

    @property
    def output_activation_(self) -> str:
        """What this package puts behind the network, so that predictions are such as the loss takes."""
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
            Of the estimator's type (float32 by default), or float64 where an offset of y would be lost otherwise.
        """
        outputs = self._outputs(X)
        return self._fitted.target.predict(outputs)

    def partial_fit(self, X: Features, y: Values, sample_weight: Values | None = None) -> Self:
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
