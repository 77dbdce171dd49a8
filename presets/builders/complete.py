"""The complete model around a core: raw features in, probabilities or values out, for use without this package."""

import keras
import numpy as np

from presets.builders.clipping import SmoothClip


def complete_model(
    core,
    *,
    input_shape,
    mean,
    scale,
    activation,
    raw_shape=None,
    channels_first=False,
    columns=None,
    output_mean=None,
    output_scale=None,
    limit=None,
):
    """Wrap a core between Keras's own layers, so that the result loads anywhere.

    Parameters
    ----------
    core : keras.Model
    input_shape : tuple of int or None
        Shape of one standardised sample; of all columns, if the core has several inputs.
    mean, scale : ndarray of shape (n_features,)
        Of the standardisation along the last axis of the input (A2).
    activation : {"sigmoid", "softmax", "linear"}
    limit : float, optional
        What robust standardisation draws values in to.
    raw_shape : tuple of int or None, optional
        Shape of one raw sample, if it is not that of the core's input.
    channels_first : bool, default=False
        Whether raw samples have as their first axis what the core's input has as its last.
    columns : dict of str to ndarray of int, optional
        Columns of each of several inputs of the core.
    output_mean, output_scale : ndarray of shape (n_outputs,), optional
        Of the standardised target, with "linear".

    Returns
    -------
    keras.Model
        The core is a layer of it and keeps its weights.
    """
    dtype = core.dtype_policy.variable_dtype
    inputs = keras.Input(raw_shape or input_shape, dtype=dtype)
    normalization = keras.layers.Normalization(mean=mean, variance=np.square(scale), dtype=dtype)
    samples = normalization(_laid_out(inputs, input_shape, channels_first, dtype))
    _hold_arrays(normalization)
    if limit is not None:
        samples = SmoothClip(limit, dtype=dtype)(samples)
    if columns is not None:
        samples = {name: keras.ops.take(samples, numbers.tolist(), axis=1) for name, numbers in columns.items()}
    outputs = core(samples)
    if activation == "linear":
        outputs = keras.layers.Rescaling(output_scale.tolist(), output_mean.tolist(), dtype=dtype)(outputs)
    else:
        outputs = keras.layers.Activation(activation, dtype=dtype)(outputs)
    model = keras.Model(inputs, outputs)
    model(inputs)  # Keras exports to ONNX only what was called
    return model


def _hold_arrays(normalization):
    """Let an export take mean and variance for constants; of tensors, ONNX makes inputs of the model."""
    normalization.mean = keras.ops.convert_to_numpy(normalization.mean)
    normalization.variance = keras.ops.convert_to_numpy(normalization.variance)


def _laid_out(samples, shape, channels_first, dtype):
    layout = (shape[-1], *shape[:-1]) if channels_first else shape
    if samples.shape[1:] != layout:
        samples = keras.layers.Reshape([-1 if size is None else size for size in layout], dtype=dtype)(samples)
    if channels_first:
        samples = keras.layers.Permute([*range(2, len(shape) + 1), 1], dtype=dtype)(samples)
    return samples
