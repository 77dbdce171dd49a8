"""Losses of regressions: which ones need the unit of y, which predictions they accept, and the size of their gradients.

The squared and the absolute error have the same solution in all units, so they get standardised values. All other
losses are computed in the unit of y. A `Unit` converts the outputs of a core to this unit, and its factor scales the
gradient for the default learning rate. Its numbers are variables that each fit loads, so that fits share programs.
"""

import keras
import numpy as np
from keras import losses, ops

SCALE_FREE = (
    losses.mean_squared_error,
    losses.MeanSquaredError,
    losses.mean_absolute_error,
    losses.MeanAbsoluteError,
)
"""Losses with the same solution in all units of y."""

REGRESSION = ("linear", "softplus", "share")
"""Possible activations between the outputs of a regression's core and its predictions."""

SCALE_FREE_BY_NAME = (losses.huber, losses.Huber, losses.log_cosh, losses.LogCosh)
"""Losses that get standardised values if they are given by name. Their kink is at one standard deviation then."""

OUTPUTS = {
    "softplus": (
        losses.poisson,
        losses.Poisson,
        losses.mean_squared_logarithmic_error,
        losses.MeanSquaredLogarithmicError,
        losses.kl_divergence,
        losses.KLDivergence,
    ),
    "share": (
        losses.binary_crossentropy,
        losses.BinaryCrossentropy,
        losses.binary_focal_crossentropy,
        losses.BinaryFocalCrossentropy,
    ),
}
"""Keras losses for positive predictions, or for shares between 0 and 1, by the activation that gives these values."""

OF_POSITIVE_VALUES = (losses.mean_absolute_percentage_error, losses.MeanAbsolutePercentageError)
"""Keras losses for which negative predictions make sense only if y has negative values."""

OF_CLASSES = (
    losses.categorical_crossentropy,
    losses.CategoricalCrossentropy,
    losses.sparse_categorical_crossentropy,
    losses.SparseCategoricalCrossentropy,
    losses.categorical_focal_crossentropy,
    losses.CategoricalFocalCrossentropy,
)

STEP = 1e-2
"""Step of the finite differences for the size of the gradient, in standard deviations; not too small for float32."""

PROBED_ROWS = 1024
PROBED_ROWS_OF_BATCH_LOSSES = 64


class DataVariable(keras.Variable):
    """A value that depends on the data only. A program loads it like weights, but training does not change it."""

    def __init__(self, shape, initializer, dtype, name):
        super().__init__(initializer, shape=shape, dtype=dtype, name=name, trainable=False)


class Unit:
    """Converts outputs of a core to the unit of y.

    Parameters
    ----------
    activation : {"linear", "softplus", "share"}
        "share" is a sigmoid for values. The name "sigmoid" is used for classes.
    n_outputs : int
    add_variable : callable
        ``add_variable(shape, initializer, dtype, name)``.
    dtype : str
    """

    def __init__(self, activation, n_outputs, add_variable, dtype):
        starts = {"scale": "ones", "offset": "zeros", "factor": "ones"}
        self._activation = {"softplus": ops.softplus, "share": ops.sigmoid}.get(activation)
        if self._activation is not None:
            starts |= {"inner_scale": "ones", "inner_offset": "zeros"}
        self.variables = {
            name: add_variable(() if name == "factor" else (n_outputs,), initializer=start, dtype=dtype, name=name)
            for name, start in starts.items()
        }

    def load(self, values):
        """Set the variables to the values from a target."""
        for name, variable in self.variables.items():
            if name in values:
                variable.assign(values[name])

    def rescale(self, values):
        """Convert standardised values to the unit of y."""
        return values * self.variables["scale"] + self.variables["offset"]

    def predictions(self, outputs):
        """Convert outputs of a core to predictions."""
        if self._activation is not None:
            outputs = self._activation(outputs * self.variables["inner_scale"] + self.variables["inner_offset"])
        return self.rescale(outputs)

    def with_scaled_gradient(self, losses_of_rows):
        """The same losses, with gradients multiplied by the factor."""
        scaled = losses_of_rows * ops.cast(self.variables["factor"], losses_of_rows.dtype)
        return ops.stop_gradient(losses_of_rows) + (scaled - ops.stop_gradient(scaled))


def is_scale_free(loss):
    """Whether a regression loss gets standardised values.

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss

    Returns
    -------
    bool
    """
    if isinstance(loss, str) and loss == "auto":
        return True
    return _is_among(loss, SCALE_FREE + SCALE_FREE_BY_NAME if isinstance(loss, str) else SCALE_FREE)


def required_activation(loss, y):
    """Find the last activation of a regression, from the predictions that its loss accepts.

    Losses that this package does not know are called with some predictions. If a loss gives NaN, or always the same
    number, for negative predictions, it accepts positive ones only.

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
    y : ndarray of shape (n_samples, n_outputs)

    Returns
    -------
    {"linear", "softplus", "share"}

    Raises
    ------
    ValueError
        If y has values that the loss does not accept.
    """
    if is_scale_free(loss):
        return "linear"
    if _is_among(loss, OF_CLASSES):
        raise ValueError(f"loss={loss!r} is for classes, but y has values: use a classifier, or another loss.")
    if _is_among(loss, OF_POSITIVE_VALUES):
        return "softplus" if y.min() >= 0 else "linear"
    for activation, known in OUTPUTS.items():
        if _is_among(loss, known):
            _check_range(loss, y, activation)
            return activation
    is_kerass = (getattr(_kind(loss), "__module__", None) or "").startswith("keras.")
    return "linear" if is_kerass else _probed_activation(loss, y)


def gradient_factor(loss, unit, y, weights):
    """Find the factor that gives a loss gradients as large as those of the squared error of standardised values.

    The size of the gradient is the root mean square over rows, for outputs of zero from the core. Such outputs are the
    best constant prediction, or close to it.

    Parameters
    ----------
    loss : OutputLoss
        With a `Unit`.
    unit : dict of str to array
        The unit of y, from the target.
    y : ndarray of shape (n_samples, n_outputs)
        In its own unit.
    weights : ndarray of shape (n_samples,) or None

    Returns
    -------
    float
        1 if the gradient is zero or not finite.
    """
    few = _spread(len(y), PROBED_ROWS)
    y, weights = y[few], None if weights is None else weights[few]
    loss.unit.load(unit)
    steps = STEP * np.random.default_rng(0).choice([-1.0, 1.0], y.shape)
    differences = _of_rows(loss.call, y, steps, loss.dtype) - _of_rows(loss.call, y, -steps, loss.dtype)
    if np.shape(differences) != (len(y),):
        few, weights = _spread(len(y), PROBED_ROWS_OF_BATCH_LOSSES), None
        differences = _differences_of_batch_loss(loss, y[few], steps[few])
    steepness = np.sqrt(np.average(np.square(differences / (2 * STEP)), weights=weights))
    factor = 2 / np.sqrt(y.shape[1]) / steepness if steepness else 1.0
    return float(factor) if np.isfinite(factor) else 1.0


def _differences_of_batch_loss(loss, y, steps):
    """Differences by a step in each single row, for a loss that returns one number for all rows."""
    alone = np.eye(len(y))[:, :, None] * steps
    pairs = [[_of_rows(loss.call, y, sign * step, loss.dtype) for sign in (1, -1)] for step in alone]
    return np.array([float(np.mean(up) - np.mean(down)) for up, down in pairs]) * len(y)


def _probed_activation(loss, y):
    found = losses.get(loss)
    call = found.call if isinstance(found, losses.Loss) else found
    y = y[_spread(len(y), PROBED_ROWS)]
    size = np.abs(y).mean(axis=0) + 2.0
    up, further_up, down, further_down = (
        _of_rows(call, y, np.broadcast_to(k * size, y.shape), "float32") for k in (1, 2, -1, -2)
    )
    at_mean = _of_rows(call, y, np.broadcast_to(np.clip(y.mean(axis=0), 1e-3, None), y.shape), "float32")
    if not np.isfinite(at_mean).all():
        return "linear"
    takes_negative = np.isfinite(down).all() and not (
        np.array_equal(down, further_down) and not np.array_equal(up, further_up)
    )
    if takes_negative:
        return "linear"
    is_share = y.min() >= 0 and y.max() <= 1 and not np.isfinite(up).all()
    return "share" if is_share else "softplus"


def _of_rows(call, y, outputs, dtype):
    """The loss of each row, or one number if the loss returns one for all rows."""
    values = call(*(ops.convert_to_tensor(np.asarray(array, dtype=dtype)) for array in (y, outputs)))
    values = np.asarray(ops.convert_to_numpy(values), dtype=np.float64)
    return values.reshape(len(values), -1).mean(axis=1) if values.ndim else values


def _spread(n_rows, n_most):
    """Numbers of evenly spaced rows."""
    n = min(n_rows, n_most)
    return np.arange(n) * n_rows // n


def _check_range(loss, y, activation):
    low, high = (0.0, np.inf) if activation == "softplus" else (0.0, 1.0)
    outside = ((y < low) | (y > high)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        wanted = "values that are not negative" if activation == "softplus" else "shares between 0 and 1"
        name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
        value = y[row, 0] if y.shape[1] == 1 else y[row].tolist()
        raise ValueError(
            f"loss={name!r} is for {wanted}, but y is {value} in row {row}. Use another loss, such as 'auto'."
        )


def _is_among(loss, known):
    return any(_kind(loss) is one for one in known)


def _kind(loss):
    """The function of a loss, or the class of a loss object."""
    found = losses.get(loss)
    return type(found) if isinstance(found, losses.Loss) else found
