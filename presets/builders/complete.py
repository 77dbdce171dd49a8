"""The complete model around a core: raw features in, probabilities or values out, for use without this package."""

import keras
import numpy as np


def complete_model(core, *, mean, scale, activation, output_mean=None, output_scale=None):
    """Wrap a core between Keras's own layers, so that the result loads anywhere.

    Parameters
    ----------
    core : keras.Model
    mean, scale : ndarray of shape (n_features,)
        Of the standardisation along the last axis of the input (A2).
    activation : {"sigmoid", "softmax", "linear"}
    output_mean, output_scale : ndarray of shape (n_outputs,), optional
        Of the standardised target, with "linear".

    Returns
    -------
    keras.Model
        The core is a layer of it and keeps its weights.
    """
    dtype = core.dtype_policy.variable_dtype
    inputs = keras.Input(core.inputs[0].shape[1:], dtype=dtype)
    normalization = keras.layers.Normalization(mean=mean, variance=np.square(scale), dtype=dtype)
    outputs = core(normalization(inputs))
    if activation == "linear":
        outputs = keras.layers.Rescaling(output_scale.tolist(), output_mean.tolist(), dtype=dtype)(outputs)
    else:
        outputs = keras.layers.Activation(activation, dtype=dtype)(outputs)
    return keras.Model(inputs, outputs)
