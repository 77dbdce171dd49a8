"""The complete model around a core: from raw features to probabilities or values, for use without this package."""

import keras
import numpy as np

from presets.builders.clipping import SmoothClip
from presets.builders.raw_table import table_front
from presets.warn import warn_user

FAR = 64.0
"""If the mean is more standard deviations away from zero than this, float32 loses more than 1e-5 of one deviation."""

LARGEST = 1e30
"""Numbers above this one, and below its inverse, need float64."""


def complete_model(
    core,
    *,
    activation,
    input_shape=None,
    mean=None,
    scale=None,
    table=None,
    raw_shape=None,
    channels_first=False,
    columns=None,
    limit=None,
    unit=None,
    temperature=1.0,
):
    """Put Keras's own layers before and after a core, so that the model loads anywhere.

    Parameters
    ----------
    core : keras.Model
    table : dict, optional
        Arguments of `table_front`, for raw columns by name. It replaces all parameters below that describe X.
    input_shape : tuple of int or None
        Shape of one standardised sample. With several inputs of the core: shape of all columns together.
    mean, scale : ndarray of shape (n_features,)
        Standardisation along the last axis of the input (A2).
    activation : {"sigmoid", "softmax", "linear", "softplus"}
        Keras activation after the core.
    limit : float, optional
        Limit of the values in robust standardisation.
    temperature : float, default=1.0
        Divisor of the logits.
    raw_shape : tuple of int or None, optional
        Shape of one raw sample, if it differs from the core's input.
    channels_first : bool, default=False
        Whether the first axis of raw samples is the last axis of the core's input.
    columns : dict of str to ndarray of int, optional
        Columns of each input, for a core with several inputs.
    unit : dict of str to array, optional
        Scale and offset that convert the outputs of a regression to the unit of y.

    Returns
    -------
    keras.Model
        The core is one of its layers and keeps its weights. The model reads X in float64 if a column is far from zero
        compared with its standard deviation, and returns float64 if y is.
    """
    dtype = core.dtype_policy.variable_dtype
    if table is not None:
        inputs, samples = table_front(**table, dtype=dtype)
    else:
        exact = _exact_enough(mean, scale, dtype)
        inputs = keras.Input(raw_shape or input_shape, dtype=exact)
        samples = _standardized(_laid_out(inputs, input_shape, channels_first, exact), mean, scale, dtype, exact)
    if limit is not None:
        samples = SmoothClip(limit, dtype=dtype)(samples)
    if columns is not None:
        samples = {name: keras.ops.take(samples, numbers.tolist(), axis=1) for name, numbers in columns.items()}
    outputs = core(samples)
    if temperature != 1.0:
        outputs = keras.layers.Rescaling(1 / temperature, dtype=dtype)(outputs)
    model = keras.Model(inputs, _finished(outputs, activation, unit or {}, dtype))
    model(inputs)  # Keras can export a model to ONNX only after a call
    return model


def _standardized(samples, mean, scale, dtype, exact):
    """Standardised samples, in the type of the network."""
    if exact != dtype:
        samples = keras.layers.Rescaling(1 / scale, -mean / scale, dtype=exact)(samples)  # lists become float32
        return keras.layers.Activation("linear", dtype=dtype, name="standardized")(samples)
    normalization = keras.layers.Normalization(mean=mean, variance=np.square(scale), dtype=dtype)
    samples = normalization(samples)
    # ONNX export makes constants of arrays, but inputs of tensors
    normalization.mean = keras.ops.convert_to_numpy(normalization.mean)
    normalization.variance = keras.ops.convert_to_numpy(normalization.variance)
    return samples


def _finished(outputs, activation, unit, dtype):
    """Probabilities from logits, or values in the unit of y."""
    numbers = {name: np.asarray(values).tolist() for name, values in unit.items()}
    if "inner_scale" in numbers:
        outputs = keras.layers.Rescaling(numbers["inner_scale"], numbers["inner_offset"], dtype=dtype)(outputs)
    if activation != "linear":
        outputs = keras.layers.Activation(activation, dtype=dtype)(outputs)
    if "scale" in numbers:
        exact = _exact_enough(unit["offset"], unit["scale"], dtype)
        held = numbers if exact == dtype else unit
        outputs = keras.layers.Rescaling(held["scale"], held["offset"], dtype=exact)(outputs)
    return outputs


def _exact_enough(offset, scale, dtype):
    """The type that can represent the values: float64 if the type of the network would lose digits."""
    is_far = _is_far(offset, scale)
    is_out = (np.maximum(scale, np.abs(offset)) > LARGEST) | (scale < 1 / LARGEST)
    has_float64 = keras.backend.backend() != "jax"  # JAX converts float64 to float32
    return "float64" if has_float64 and (is_far | is_out).any() else dtype


def _is_far(offset, scale):
    """Which columns are far from zero. A constant column has scale 1, and no digits to lose."""
    return (np.abs(offset) > FAR * scale) & (scale != 1)


def warn_of_rounding(model, mean, scale):
    """Warn if Keras rounds the input of a complete model before the model gets it.

    Parameters
    ----------
    model : keras.Model
        From `complete_model`.
    mean, scale : ndarray of shape (n_features,)
        Standardisation of its input.
    """
    far = _is_far(mean, scale)
    if not far.any() or keras.backend.standardize_dtype(keras.config.floatx()) == "float64":
        return
    column = int(np.argmax(far * np.abs(mean) / scale))
    where = f"Column {column} of X has the mean {mean[column]:g} and the standard deviation {scale[column]:g}"
    if model.inputs[0].dtype == "float64":
        message = (
            f"{where}, so model_ reads X in float64. But Keras's predict first converts arrays to "
            f"{keras.config.floatx()}: call model_(X) with X in float64, or call keras.config.set_floatx('float64') "
            "before model_.predict(X)."
        )
    elif keras.backend.backend() == "jax":
        message = f"{where}. On JAX, model_ reads X in float32, which loses digits: subtract an offset from X first."
    else:
        return
    warn_user(message)


def _laid_out(samples, shape, channels_first, dtype):
    layout = (shape[-1], *shape[:-1]) if channels_first else shape
    if samples.shape[1:] != layout:
        samples = keras.layers.Reshape([-1 if size is None else size for size in layout], dtype=dtype)(samples)
    if channels_first:
        samples = keras.layers.Permute([*range(2, len(shape) + 1), 1], dtype=dtype)(samples)
    return samples
