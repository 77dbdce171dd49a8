"""The user's own networks."""

import dataclasses
import math
import uuid

import keras
import numpy as np
from keras import layers, ops, tree

from presets import article
from presets.builders.blueprint import Blueprint, NotCopyableError, counting_names, defaults
from presets.builders.embeddings import build_behind_embeddings
from presets.builders.initializers import mark_learnt
from presets.builders.network import Network

LARGE = 40.0
"""An activation is evaluated for inputs between minus and plus this number, to find its limits."""

SHAPES = (layers.Dropout, layers.Flatten, layers.Identity, layers.Reshape, layers.Permute, layers.InputLayer)
"""Layers that do not change values."""


def dense_network(input_shape, n_outputs):
    """Build the default network, if the user gives none: two dense layers of 128 units.

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
    """Call the user's function, and keep a copy of the network that it returns.

    Parameters
    ----------
    network : Network
        Of `build_custom`.
    x : array or dict of str to array
        A few encoded rows.

    Returns
    -------
    Network
        With `build_copy`, which does not need the function any more. If Keras cannot copy the network: with
        `build_custom`; then it is equal to no other fit's network.

    Raises
    ------
    ValueError
        As in `build_custom`; or if the function returns the same layer at each call and Keras cannot copy it.
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
                    "change your layer. Create the layer inside the function, or give its class a get_config that "
                    "returns all its arguments."
                ) from error
            return dataclasses.replace(network, arguments={**network.arguments, "fit": uuid.uuid4().hex})


def _called(network):
    """The network of the user's function, and the names that Keras gave to its layers."""
    with defaults(network.arguments["seed"], network.arguments["dtype"]), counting_names() as names:
        return _build(network.input_shape, network.n_outputs, **network.arguments), names


def build_copy(input_shape, n_outputs, *, blueprint, dtype, seed):
    """Build a copy of the network that the user's function returned.

    Parameters
    ----------
    input_shape : tuple of int, or dict of str to tuple of int
    n_outputs : int
    blueprint : Blueprint
    dtype : str
        Type or policy of layers without their own.
    seed : int
        Seed of layers without their own seed.

    Returns
    -------
    keras.Model
        Built, with the weights that the user's network had.
    """
    numbers = keras.dtype_policies.get(dtype).variable_dtype
    model = blueprint.model(seed, dtype, x=_zeros(input_shape, numbers))
    _set_input_types(model, numbers)
    return model


def made_behind_embeddings(network, x, *, embedding_rows, width):
    """As `made_now`, for a network that gets embedded categories among its columns.

    Parameters
    ----------
    network : Network
        Of `build_custom`.
    x : dict of str to array
        A few encoded rows of a table.
    embedding_rows, width : int
        Of the embeddings.

    Returns
    -------
    Network
        Of `build_behind_embeddings`.
    """
    levels = np.repeat(x["levels"] / embedding_rows, width, axis=1)  # stand for embeddings
    columns = np.concatenate([x["numbers"], levels.astype(x["numbers"].dtype)], axis=1)
    inner = made_now(dataclasses.replace(network, input_shape=columns.shape[1:]), columns)
    embeddings = {"embedding_rows": embedding_rows, "width": width, "build": inner.build}
    return dataclasses.replace(network, build=build_behind_embeddings, arguments={**inner.arguments, **embeddings})


def build_custom(input_shape, n_outputs, *, network, dtype, seed, gives_logits, is_probed, fit=None):
    """Build the user's network and check it.

    Parameters
    ----------
    input_shape : tuple of int, or dict of str to tuple of int
        Shape of one sample, for each input if there are several.
    n_outputs : int
        Number of logits or values.
    network : callable
        ``network(input_shape, n_outputs)`` returns a `keras.Model`.
    dtype : str
        Type or policy of its layers.
    seed : int
        Seed of layers without their own seed.
    gives_logits : bool
        Whether the network must return logits; then it may not end in a sigmoid or softmax.
    is_probed : bool
        Whether the probe will measure the signal and the gradients of its layers.
    fit : str, optional
        Name of the only fit that may use this network.

    Returns
    -------
    keras.Model
        Built. Weights that the network came with are marked as learnt, unlike weights that its initializers drew.

    Raises
    ------
    ValueError
        If `network` returns no Keras model, a model without weights, a wrong number of outputs, or probabilities.
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
        raise ValueError(f"network must return a keras.Model, but it returned {model!r}.")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *input_shape))  # a call would build it for two samples only
    outputs = model(_zeros(input_shape, keras.dtype_policies.get(dtype).variable_dtype))
    if getattr(outputs, "shape", None) != (2, n_outputs):
        raise ValueError(
            f"The output of network must have the shape (n_samples, {n_outputs}), one column for each output, but for "
            f"two samples it is {getattr(outputs, 'shape', type(outputs).__name__)}."
        )
    if not model.trainable_variables:
        raise ValueError("network has no weights to train: add a layer with weights, such as keras.layers.Dense.")
    if gives_logits and _last_activation(model) in ("sigmoid", "softmax"):
        raise ValueError(
            f"network ends in a {_last_activation(model)}, but it must return logits, which train better: remove that "
            "activation. `predict_proba` returns probabilities."
        )
    if is_probed and not hasattr(model, "inputs"):
        raise ValueError(
            "init='auto' measures the output of each layer, which needs a Functional or Sequential network. Set init "
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
    """Find the range of a network's outputs, from its last activation.

    Parameters
    ----------
    network : Network
        With `build_custom`.

    Returns
    -------
    low, high : float
        Infinite if there is no limit.
    """
    function = _ending(_called(network)[0])
    if function is None:
        return -math.inf, math.inf
    line = ops.convert_to_tensor(np.linspace(-LARGE, LARGE, 2001, dtype="float32")[None])
    values = ops.convert_to_numpy(function(line))
    low, high = (float(np.round(limit, 6)) for limit in (values.min(), values.max()))
    return (low if low > -LARGE / 2 else -math.inf), (high if high < LARGE / 2 else math.inf)


def _ending(model):
    """The last activation of a network; None if this package cannot find one."""
    for layer in reversed(model.layers):
        if isinstance(layer, keras.Model):
            return _ending(layer)
        if isinstance(layer, layers.ReLU | layers.LeakyReLU | layers.ELU | layers.Softmax):
            return layer
        if not isinstance(layer, SHAPES):
            return getattr(layer, "activation", None)
    return None


def _set_input_types(model, dtype):
    """Give inputs without their own type the type of the rows.

    `keras.Input` takes its type from Keras's `floatx`. All threads share that setting, so it cannot be changed during
    the build: networks of another type, built at the same time in another thread, would get it too.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.InputLayer) and layer.dtype == keras.config.floatx():
            layer._dtype = layer.output._dtype = dtype
