"""Networks that the user builds."""

import dataclasses
import math
import uuid

import keras
import numpy as np
from keras import layers, ops, tree

from presets import article
from presets.builders.blueprint import Blueprint, NotCopyableError, counting_names, defaults
from presets.builders.initializers import mark_learnt
from presets.builders.network import Network

LARGE = 40.0
"""Numbers up to here are put into an activation to see its limits."""

SHAPES = (layers.Dropout, layers.Flatten, layers.Identity, layers.Reshape, layers.Permute, layers.InputLayer)
"""Layers that leave the values alone."""


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


def made_now(network, x):
    """Call the user's function, and keep what it builds at this moment.

    Parameters
    ----------
    network : Network
        Of `build_custom`.
    x : array or dict of str to array
        A few encoded rows.

    Returns
    -------
    Network
        Of `build_copy`, which needs the function no more; or of `build_custom`, if Keras cannot copy what it builds.
        Then no other fit has an equal one.

    Raises
    ------
    ValueError
        As `build_custom`; or if the function gives the same layer at each call, and Keras cannot copy it.
    """
    usual = {name: network.arguments[name] for name in ("seed", "dtype")}
    with defaults(**usual):
        model, names = _called(network)
        try:
            return Network(
                build_copy,
                network.input_shape,
                network.n_outputs,
                {"blueprint": Blueprint.of(model, x, names), **usual},
            )
        except NotCopyableError as error:
            again, _ = _called(network)
            if {id(v) for v in model.variables} & {id(v) for v in again.variables}:
                raise ValueError(
                    f"network uses the same layer at each call, and Keras cannot copy it: {error}. Training would "
                    "change your layer. Make it inside of the function, or give its class a get_config that tells "
                    "all its arguments."
                ) from error
            return dataclasses.replace(network, arguments={**network.arguments, "fit": uuid.uuid4().hex})


def _called(network):
    """What the user's function gives, and the names that Keras gave to its layers."""
    with defaults(network.arguments["seed"], network.arguments["dtype"]), counting_names() as names:
        return _build(network.input_shape, network.n_outputs, **network.arguments), names


def build_copy(input_shape, n_outputs, *, blueprint, dtype, seed):
    """Build what a function of the user's built before.

    Parameters
    ----------
    input_shape : tuple of int, or dict of str to tuple of int
    n_outputs : int
    blueprint : Blueprint
    dtype : str
        Type or policy of layers without one.
    seed : int
        Of what its layers draw without a seed of their own.

    Returns
    -------
    keras.Model
        Built, with the weights that the user's had.
    """
    numbers = keras.dtype_policies.get(dtype).variable_dtype
    model = blueprint.model(seed, dtype, x=_zeros(input_shape, numbers))
    _set_input_types(model, numbers)
    return model


def build_custom(input_shape, n_outputs, *, network, dtype, seed, gives_logits, is_probed, fit=None):
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
    fit : str, optional
        Name of the fit that the network belongs to, where no other may have it.

    Returns
    -------
    keras.Model
        Built. Weights that it came with, instead of those which its initializers drew, are marked as learnt.

    Raises
    ------
    ValueError
        If it gives no Keras model, one without weights, the wrong number of outputs, or probabilities.
    """
    with defaults(seed, dtype), counting_names():
        model = _build(
            input_shape, n_outputs, network=network, dtype=dtype, gives_logits=gives_logits, is_probed=is_probed
        )
    _set_input_types(model, keras.dtype_policies.get(dtype).variable_dtype)
    mark_learnt(model)
    return model


def _build(input_shape, n_outputs, *, network, dtype, gives_logits, is_probed, **_):
    model = network(input_shape, n_outputs)
    if not isinstance(model, keras.Model):
        raise ValueError(f"network must give a keras.Model, but it gave {model!r}.")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *input_shape))  # a call would build it for that many samples
    outputs = model(_zeros(input_shape, keras.dtype_policies.get(dtype).variable_dtype))
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
    return model


def _zeros(input_shape, dtype):
    """Two samples."""
    return tree.map_shape_structure(lambda shape: ops.zeros((2, *shape), dtype=dtype), input_shape)


def _last_activation(model):
    last = model.layers[-1] if model.layers else None
    return getattr(getattr(last, "activation", last), "__name__", type(last).__name__).lower()


def output_range(network):
    """Find what a network can put out, by the activation that it ends in.

    Parameters
    ----------
    network : Network
        Of `build_custom`.

    Returns
    -------
    low, high : float
        Infinite where there is no limit.
    """
    function = _ending(_called(network)[0])
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


def _set_input_types(model, dtype):
    """Give inputs without a type of their own the type of the rows that they get.

    `keras.Input` takes the type from Keras's `floatx`. All threads share that setting, so that it cannot be changed for
    the time of building: networks of another type that are built at that moment would get it too.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.InputLayer) and layer.dtype == keras.config.floatx():
            layer._dtype = layer.output._dtype = dtype
