"""The complete model around a core: raw features in, probabilities or values out, for use without this package."""

import warnings

import keras
import numpy as np

from presets.builders.clipping import SmoothClip
from presets.builders.raw_table import table_front

FAR = 64.0
"""Standard deviations between zero and the mean from which float32 loses more than a hundred thousandth of one."""

LARGEST = 1e30
"""Numbers from here on, and below its inverse, are left to float64."""


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
    """Wrap a core between Keras's own layers, so that the result loads anywhere.

    Parameters
    ----------
    core : keras.Model
    table : dict, optional
        Arguments of `table_front`, for raw columns by name, in place of all that is said of X below.
    input_shape : tuple of int or None
        Shape of one standardised sample; of all columns, if the core has several inputs.
    mean, scale : ndarray of shape (n_features,)
        Of the standardisation along the last axis of the input (A2).
    activation : {"sigmoid", "softmax", "linear", "softplus"}
        Behind the core, as Keras names it.
    limit : float, optional
        What robust standardisation draws values in to.
    temperature : float, default=1.0
        What logits are divided by.
    raw_shape : tuple of int or None, optional
        Shape of one raw sample, if it is not that of the core's input.
    channels_first : bool, default=False
        Whether raw samples have as their first axis what the core's input has as its last.
    columns : dict of str to ndarray of int, optional
        Columns of each of several inputs of the core.
    unit : dict of str to array, optional
        What brings the outputs of a regression's core into the unit of y.

    Returns
    -------
    keras.Model
        The core is a layer of it and keeps its weights. It reads X in float64 where columns lie far from zero for
        their standard deviation, and gives float64 where y does.
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
    model(inputs)  # Keras exports to ONNX only what was called
    return model


def _standardized(samples, mean, scale, dtype, exact):
    """Standardised samples, in the type of the network."""
    if exact != dtype:
        samples = keras.layers.Rescaling(1 / scale, -mean / scale, dtype=exact)(samples)  # of lists Keras makes float32
        return keras.layers.Activation("linear", dtype=dtype, name="standardized")(samples)
    normalization = keras.layers.Normalization(mean=mean, variance=np.square(scale), dtype=dtype)
    samples = normalization(samples)
    # an export takes arrays for constants; of tensors, ONNX makes inputs of the model
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
    """The type that holds values beside their offset: float64 where that of the network would lose them."""
    is_far = _is_far(offset, scale)
    is_out = (np.maximum(scale, np.abs(offset)) > LARGEST) | (scale < 1 / LARGEST)
    has_float64 = keras.backend.backend() != "jax"  # which makes float32 of it
    return "float64" if has_float64 and (is_far | is_out).any() else dtype


def _is_far(offset, scale):
    """Which columns lie far from zero; a constant one, which has scale 1, has no digits to lose."""
    return (np.abs(offset) > FAR * scale) & (scale != 1)


def warn_of_rounding(model, mean, scale):
    """Warn where Keras rounds the input of a complete model before the model sees it.

    Parameters
    ----------
    model : keras.Model
        From `complete_model`.
    mean, scale : ndarray of shape (n_features,)
        Of the standardisation of its input.
    """
    far = _is_far(mean, scale)
    if not far.any() or keras.backend.standardize_dtype(keras.config.floatx()) == "float64":
        return
    column = int(np.argmax(far * np.abs(mean) / scale))
    where = f"Column {column} of X lies around {mean[column]:g}, with a standard deviation of {scale[column]:g}"
    if model.inputs[0].dtype == "float64":
        message = (
            f"{where}, so model_ reads X in float64. But Keras's predict makes {keras.config.floatx()} of arrays "
            "first: call model_(X) with X in float64, or keras.config.set_floatx('float64') before model_.predict(X)."
        )
    elif keras.backend.backend() == "jax":
        message = f"{where}: model_ reads X in float32 on JAX, which loses digits. Subtract the offset before."
    else:
        return
    warnings.warn(message, stacklevel=4)


def _laid_out(samples, shape, channels_first, dtype):
    layout = (shape[-1], *shape[:-1]) if channels_first else shape
    if samples.shape[1:] != layout:
        samples = keras.layers.Reshape([-1 if size is None else size for size in layout], dtype=dtype)(samples)
    if channels_first:
        samples = keras.layers.Permute([*range(2, len(shape) + 1), 1], dtype=dtype)(samples)
    return samples
