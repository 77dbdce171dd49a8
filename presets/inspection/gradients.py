"""The gradient check (A9): gradients against central differences, in float64."""

from __future__ import annotations  # help() then shows the names of types

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from presets import article
from presets.builders.network import Network
from presets.estimators._fitted import fitted_network
from presets.estimators.base import design_of
from presets.estimators.validation import check_data
from presets.evaluation.networks import find_network
from presets.training.objectives import make_loss
from presets.training.optimizers import optimizer_config
from presets.training.pool import program_class
from presets.training.recipe import Recipe

ROUNDING = 64
"""Rounding error of a loss, in units in the last place: a loss is a sum of many terms, in any order."""

PRECISIONS = {"tensorflow": (1e-5, 1, "float64"), "jax": (1e-3, 10, "float64"), "torch": (1e-2, 100, "float32")}
"""Step, factor of the tolerance, and type of exact losses, for each backend. On JAX, Keras computes `tanh`, `mean` and
other functions of float64 in float32; on torch, also all products. There, the difference over a small step is noise."""

FINER = (1.0, 0.1, 0.01, 0.001)
"""Factors of the step, tried one after the other: a large step may cross a kink, such as that of relu."""


@dataclass(frozen=True)
class GradientCheck:
    """Result of `check_gradients`.

    Parameters
    ----------
    errors : dict of str to float
        Relative error of the gradient of each variable, by its path "layer/variable". The error is ``norm(g - d) /
        (norm(g) + norm(d))`` over the weights that were checked, with the gradient g and the central difference d. The
        possible rounding error is subtracted from ``g - d``.
    tolerance : float
        The largest error that passes.
    n_weights : int
        Number of weights that were checked.
    """

    errors: dict[str, float]
    tolerance: float
    n_weights: int

    @property
    def wrong(self) -> list[str]:
        """Variables with wrong gradients, the worst first.

        Returns
        -------
        list of str
        """
        wrong = [path for path, error in self.errors.items() if not error <= self.tolerance]  # NaN is wrong
        return sorted(wrong, key=self._badness)

    @property
    def passed(self) -> bool:
        """Whether all gradients are right.

        Returns
        -------
        bool
        """
        return not self.wrong

    def _badness(self, path):
        return -self.errors[path]

    def __str__(self):
        verdict = "are right" if self.passed else f"are wrong in {', '.join(self.wrong)}"
        lines = [f"Gradients {verdict} ({self.n_weights} weights, tolerance {self.tolerance:g}; A9)."]
        width = max(map(len, self.errors), default=0)
        return "\n".join(lines + [f"  {path:<{width}}  {error:.1e}" for path, error in self.errors.items()])


def check_gradients(
    estimator_or_model: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Any = None,
    n_weights: int = 10,
    step: float | str = "auto",
    tolerance: float | str = "auto",
    random_state: int = 0,
) -> GradientCheck:
    """Compare the gradients that training uses with central differences of the loss, in float64 (A9).

    Use it for layers of your own, in particular those with `keras.ops.custom_gradient`. The check works on a copy of
    the network without regularizers; your objects do not change. Dropout and augmentation are off.

    Parameters
    ----------
    estimator_or_model : estimator, Pipeline or keras.Model
        An estimator that is not fitted is copied, and the copy is fitted for one epoch. `keras.models.clone_model` must
        be able to copy all layers of a model, and each layer must accept a `dtype`.
    X : array-like of shape (n_samples, ...)
        A few dozen rows are enough.
    y : array-like of shape (n_samples, ...)
        For a model, in the form that its loss takes.
    loss : str, callable or keras.losses.Loss, optional
        Needed for a model that is not compiled.
    n_weights : int, default=10
        Number of weights to check in each variable, drawn at random.
    step : float or "auto", default="auto"
        Change of a weight, in both directions. "auto" is 1e-5; on JAX 1e-3, because Keras computes `tanh`, `mean` and
        other functions of float64 in float32; on torch 1e-2, because it computes products in float32 too. If gradient
        and difference disagree, smaller steps are tried, down to a thousandth of `step`: a large step may cross a kink,
        such as that of relu.
    tolerance : float or "auto", default="auto"
        The largest relative error that passes. "auto" is 1e-4; 1e-3 on JAX and 1e-2 on torch.
    random_state : int, default=0
        Seed for the choice of weights.

    Returns
    -------
    GradientCheck

    Raises
    ------
    ValueError
        If a model has no loss.
    TypeError
        If a layer cannot be copied.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, check_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> check_gradients(DNNClassifier(activation="tanh", random_state=0), X, y).passed
    True
    """
    usual_step, factor, exact = PRECISIONS[keras.backend.backend()]
    step = usual_step if isinstance(step, str) else step
    tolerance = article.GRADIENT_TOLERANCE * factor if isinstance(tolerance, str) else tolerance
    read = _of_model if isinstance(estimator_or_model, keras.Model) else _of_estimator
    core, activation, loss, x, y = read(estimator_or_model, X, y, loss)
    recipe = Recipe(
        network=Network(lambda *_: _in_float64(core), x.shape[1:], 1),
        activation=activation,
        loss=loss,
        metrics=(),
        optimizer=optimizer_config(
            "sgd", learning_rate=1.0, momentum=0.0, nesterov=False, clipnorm=None, global_clipnorm=None
        ),
        dtype="float64",
    )
    with program_class().scope(recipe):
        program = program_class()(recipe, (x, y))
        program.load_weights(core.get_weights())
        rounding = ROUNDING * np.finfo(exact).eps / step
        return _compare(program, (x, y), n_weights, step, tolerance, rounding, np.random.default_rng(random_state))


def _of_estimator(estimator, X, y, loss):
    """Core, activation, loss and encoded rows of an estimator."""
    if not hasattr(estimator, "stopped_by_") and not isinstance(estimator, Pipeline):
        estimator = clone(estimator).set_params(epochs=1).fit(X, y)
    if isinstance(estimator, Pipeline):
        X = estimator[:-1].transform(X)
    network = find_network(estimator)
    fitted = fitted_network(network)
    samples, y, _ = check_data(design_of(network), X, y, encoder=fitted.encoder)
    core = fitted.core()
    x = fitted.encoder.rows(samples.values, "float64").take(slice(None))
    y = fitted.target.encode(y, "float64")
    return core, fitted.recipe.activation, fitted.recipe.loss if loss is None else loss, x, y


def _of_model(model, X, y, loss):
    """The same for a model. Its outputs go to the loss as they are."""
    loss = getattr(model, "loss", None) if loss is None else loss
    if loss is None:
        raise ValueError("The model has no loss: compile it, or set loss.")
    function = keras.losses.get(loss)
    rows = function.call if isinstance(function, keras.losses.Loss) else function
    return model, "linear", lambda y_true, y_pred: rows(y_true, y_pred), np.asarray(X, dtype=np.float64), np.asarray(y)


def _in_float64(model):
    def copy(layer):
        try:
            return type(layer).from_config(_with_float64(layer.get_config()))
        except (NotImplementedError, TypeError) as error:
            raise TypeError(
                f"Layer {layer.name!r} cannot be copied in float64: get_config of {type(layer).__name__} must return "
                "all its arguments, and its constructor must accept dtype (**kwargs for keras.layers.Layer)."
            ) from error

    return keras.models.clone_model(model, clone_function=copy, recursive=True)


def _with_float64(config):
    """A layer's configuration in float64, without regularizers: Keras adds their penalties in float32."""
    if isinstance(config, dict):
        return {key: _entry_with_float64(key, value) for key, value in config.items()}
    return [_with_float64(value) for value in config] if isinstance(config, list) else config


def _entry_with_float64(key, value):
    if key == "dtype":
        return "float64"
    return None if key.endswith("_regularizer") else _with_float64(value)


def _compare(program, data, n_weights, step, tolerance, rounding, rng):
    gradients = program.gradients(data)
    loss = _loss_of(program, data)
    rounding = rounding * abs(loss())  # the same for finer steps, because more would hide errors
    errors, n_seen = {}, 0
    for variable, gradient in zip(program.core.trainable_variables, gradients, strict=True):
        places = rng.choice(gradient.size, min(n_weights, gradient.size), replace=False)
        own = np.ravel(gradient)[places].astype(np.float64)
        values = program.to_host(variable)
        excess, differences = np.full(len(places), np.inf), np.zeros(len(places))
        for part in FINER:
            wrong = excess > tolerance * np.abs(own)
            found = _central_differences(loss, variable, values, places[wrong], part * step)
            error = np.maximum(np.abs(own[wrong] - found) - rounding, 0.0)
            differences[wrong] = np.where(error < excess[wrong], found, differences[wrong])
            excess[wrong] = np.minimum(error, excess[wrong])
        sizes = np.linalg.norm(own) + np.linalg.norm(differences)
        errors[variable.path] = float(np.linalg.norm(excess) / sizes) if sizes else 0.0
        n_seen += len(places)
    return GradientCheck(errors, tolerance, n_seen)


def _loss_of(program, data):
    """Return a function that computes the loss in float64. Keras's own mean rounds to float32."""
    x, y = map(keras.ops.convert_to_tensor, data)
    of_rows = make_loss(program.recipe.loss, program.recipe.activation, 1, "float64")

    return lambda: float(np.mean(keras.ops.convert_to_numpy(of_rows.call(y, program.core(x, training=False)))))


def _central_differences(loss, variable, values, places, step):
    differences = []
    for place in places:
        sides = []
        for sign in (1, -1):
            moved = values.copy()
            moved.flat[place] += sign * step
            variable.assign(moved)
            sides.append(loss())
        differences.append((sides[0] - sides[1]) / (2 * step))
    variable.assign(values)
    return np.array(differences)
