"""Losses of regressions: which of them need the unit of y, what they take as predictions, and how steep they are.

The squared and the absolute error have the same solution in every unit, so they see standardised values. Every other
loss means the unit of y: a `Unit` brings the outputs of a core there, and its factor brings the gradient to the size
that the default rate fits. All of its numbers are variables that each fit loads, so that programs are shared.
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
"""Losses with the same solution in every unit of y."""

REGRESSION = ("linear", "softplus", "share")
"""What may stand between the outputs of a regression's core and its predictions."""

SCALE_FREE_BY_NAME = (losses.huber, losses.Huber, losses.log_cosh, losses.LogCosh)
"""Losses that see standardised values if they are given by name: their kink lies at one standard deviation then."""

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
"""Losses of Keras that take positive predictions, or shares between 0 and 1, by the activation that gives those."""

OF_POSITIVE_VALUES = (losses.mean_absolute_percentage_error, losses.MeanAbsolutePercentageError)
"""Losses of Keras that make sense for negative predictions only where y is negative."""

OF_CLASSES = (
    losses.categorical_crossentropy,
    losses.CategoricalCrossentropy,
    losses.sparse_categorical_crossentropy,
    losses.SparseCategoricalCrossentropy,
    losses.categorical_focal_crossentropy,
    losses.CategoricalFocalCrossentropy,
)

STEP = 1e-2
"""Standard deviations between a prediction and the one whose loss gives the slope; float32 holds such differences."""

PROBED_ROWS = 1024
PROBED_ROWS_OF_BATCH_LOSSES = 64


class DataVariable(keras.Variable):
    """A value that only the data decide: a program loads it as it loads weights, but it is no weight."""

    def __init__(self, shape, initializer, dtype, name):
        super().__init__(initializer, shape=shape, dtype=dtype, name=name, trainable=False)


class Unit:
    """Brings outputs of a core into the unit of y.

    Parameters
    ----------
    activation : {"linear", "softplus", "share"}
        "share" is a sigmoid; "sigmoid" itself stands for the logits of classes.
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
        """Set the variables to what a target says of its unit."""
        for name, variable in self.variables.items():
            if name in values:
                variable.assign(values[name])

    def rescale(self, values):
        """Return standardised values to the unit of y."""
        return values * self.variables["scale"] + self.variables["offset"]

    def predictions(self, outputs):
        """Turn outputs of a core into predictions."""
        if self._activation is not None:
            outputs = self._activation(outputs * self.variables["inner_scale"] + self.variables["inner_offset"])
        return self.rescale(outputs)

    def with_scaled_gradient(self, losses_of_rows):
        """The same losses, with their gradients times the factor."""
        scaled = losses_of_rows * ops.cast(self.variables["factor"], losses_of_rows.dtype)
        return ops.stop_gradient(losses_of_rows) + (scaled - ops.stop_gradient(scaled))


def is_scale_free(loss):
    """Whether a regression's loss sees standardised values.

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
    """Find what must stand at the end of a regression's core, by what its loss takes as predictions.

    Losses that this package does not know are called: one that gives no number, or always the same, for negative
    predictions takes positive ones only.

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
        If y has values that such a loss cannot take.
    """
    if is_scale_free(loss):
        return "linear"
    if _is_among(loss, OF_CLASSES):
        raise ValueError(f"loss={loss!r} compares classes, but y holds values: use a classifier, or another loss.")
    if _is_among(loss, OF_POSITIVE_VALUES):
        return "softplus" if y.min() >= 0 else "linear"
    for activation, known in OUTPUTS.items():
        if _is_among(loss, known):
            _check_range(loss, y, activation)
            return activation
    is_kerass = (getattr(_kind(loss), "__module__", None) or "").startswith("keras.")
    return "linear" if is_kerass else _probed_activation(loss, y)


def gradient_factor(loss, unit, y, weights):
    """Find the factor that makes a loss as steep as the squared error of standardised values.

    Steepness is the root mean square over rows of the gradient for the outputs of the core, where these are zero: at
    the best constant prediction, or near it.

    Parameters
    ----------
    loss : OutputLoss
        With a `Unit`.
    unit : dict of str to array
        As a target gives it.
    y : ndarray of shape (n_samples, n_outputs)
        In its unit.
    weights : ndarray of shape (n_samples,) or None

    Returns
    -------
    float
        1 where the loss has no slope there, or none that is finite.
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
    """What a step in each row alone makes of a loss that gives one number for all rows."""
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
    """Losses of each row, or one number where a loss gives one for all."""
    values = call(*(ops.convert_to_tensor(np.asarray(array, dtype=dtype)) for array in (y, outputs)))
    values = np.asarray(ops.convert_to_numpy(values), dtype=np.float64)
    return values.reshape(len(values), -1).mean(axis=1) if values.ndim else values


def _spread(n_rows, n_most):
    """Numbers of rows at even distances."""
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
    """The function that a loss is, or the class of the object."""
    found = losses.get(loss)
    return type(found) if isinstance(found, losses.Loss) else found
