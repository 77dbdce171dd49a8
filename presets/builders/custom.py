"""Networks that the user builds."""

import contextlib
import math
import random
import threading

import keras
import numpy as np
from keras import layers, ops, tree

from presets import article
from presets.builders.initializers import mark_learnt

LARGE = 40.0
"""Numbers up to here are put into an activation to see its limits."""

SHAPES = (layers.Dropout, layers.Flatten, layers.Identity, layers.Reshape, layers.Permute, layers.InputLayer)
"""Layers that leave the values alone."""

_BUILDING = threading.Lock()


def dense_network(input_shape, n_outputs):
    """Build the network that stands where the user gives none: two dense layers of 128.

    Parameters
    ----------
    input_shape : tuple of int
    n_outputs : int

    Returns
    -------
    keras.Model
        From standardised inputs to logits or standardised values.
    """
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            *(layers.Dense(width, activation=article.ACTIVATION) for width in article.HIDDEN_LAYER_SIZES),
            layers.Dense(n_outputs),
        ]
    )


def build_custom(input_shape, n_outputs, *, network, dtype, seed, gives_logits, is_probed):
    """Build the user's network, and check what it gives.

    Parameters
    ----------
    input_shape : tuple of int, or dict of str to tuple of int
        Shape of one sample, of each input if there are several.
    n_outputs : int
        Number of logits or values.
    network : callable
        ``network(input_shape, n_outputs)`` gives a `keras.Model`.
    dtype : str
        Type or policy of its layers.
    seed : int
        Of what its layers draw without a seed of their own.
    gives_logits : bool
        Whether it must not end in a sigmoid or softmax.
    is_probed : bool
        Whether signal and gradient of its layers are to be measured.

    Returns
    -------
    keras.Model
        Built. Weights that it came with, instead of those which its initializers drew, are marked as learnt.

    Raises
    ------
    ValueError
        If it gives no Keras model, one without weights, the wrong number of outputs, or probabilities.
    """
    with _defaults(seed, dtype):
        model = network(input_shape, n_outputs)
        if not isinstance(model, keras.Model):
            raise ValueError(f"network must give a keras.Model, but it gave {model!r}.")
        if isinstance(model, keras.Sequential) and not model.built:
            model.build((None, *input_shape))  # a call would build it for that many samples
        numbers = keras.dtype_policies.get(dtype).variable_dtype
        _set_input_types(model, numbers)
        outputs = model(tree.map_shape_structure(lambda shape: ops.zeros((2, *shape), dtype=numbers), input_shape))
    if getattr(outputs, "shape", None) != (2, n_outputs):
        raise ValueError(
            f"network must put out shape (n_samples, {n_outputs}), one column for each output, but for two samples it "
            f"put out {getattr(outputs, 'shape', type(outputs).__name__)}."
        )
    if not model.trainable_variables:
        raise ValueError("network has no weights to train: give it a layer that has some, such as keras.layers.Dense.")
    if gives_logits and _last_activation(model) in ("sigmoid", "softmax"):
        raise ValueError(
            f"network ends in a {_last_activation(model)}, but it must put out logits, which train better: leave that "
            "activation out. `predict_proba` gives probabilities."
        )
    if is_probed and not hasattr(model, "inputs"):
        raise ValueError(
            "init='auto' measures what every layer puts out, which needs a Functional or Sequential network. Set init "
            "to 'network', 'normal' or 'scaled'."
        )
    mark_learnt(model)
    return model


def _last_activation(model):
    last = model.layers[-1] if model.layers else None
    return getattr(getattr(last, "activation", last), "__name__", type(last).__name__).lower()


def output_range(model):
    """Find what a network can put out, by the activation that it ends in.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    low, high : float
        Infinite where there is no limit.
    """
    function = _ending(model)
    if function is None:
        return -math.inf, math.inf
    line = ops.convert_to_tensor(np.linspace(-LARGE, LARGE, 2001, dtype="float32")[None])
    values = ops.convert_to_numpy(function(line))
    low, high = (float(np.round(limit, 6)) for limit in (values.min(), values.max()))
    return (low if low > -LARGE / 2 else -math.inf), (high if high < LARGE / 2 else math.inf)


def _ending(model):
    """The function of one number that a network ends in; None if there is none that this package can see."""
    for layer in reversed(model.layers):
        if isinstance(layer, keras.Model):
            return _ending(layer)
        if isinstance(layer, layers.ReLU | layers.LeakyReLU | layers.ELU | layers.Softmax):
            return layer
        if not isinstance(layer, SHAPES):
            return getattr(layer, "activation", None)
    return None


@contextlib.contextmanager
def _defaults(seed, dtype):
    """Seed what a layer without a seed draws from, and set the type of a layer without one, for the time of building.

    Keras takes such seeds from Python's own generator, and what it draws is put back. The policy belongs to this thread
    alone.
    """
    with _BUILDING:
        state, usual = random.getstate(), keras.config.dtype_policy()
        try:
            random.seed(seed)
            keras.config.set_dtype_policy(keras.dtype_policies.get(dtype))
            yield
        finally:
            random.setstate(state)
            keras.config.set_dtype_policy(usual)


def _set_input_types(model, dtype):
    """Give inputs without a type of their own the type of the rows that they get.

    `keras.Input` takes the type from Keras's `floatx`. All threads share that setting, so that it cannot be changed for
    the time of building: networks of another type that are built at that moment would get it too.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.InputLayer) and layer.dtype == keras.config.floatx():
            layer._dtype = layer.output._dtype = dtype
