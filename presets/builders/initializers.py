"""The article's initialisation (A7), and initial weights that each fit draws again."""

from typing import Any

import keras
import numpy as np

from presets.typing import Array

BACKBONE = "backbone"
"""Name of a part of a network that comes with pretrained weights (S4)."""

KERNELS = ("kernel", "depthwise", "pointwise")
"""Names of kernels, as in the ``*_initializer`` attributes of layers. Separable convolutions have two kernels."""


def kernel_initializer(
    init: Any, *, init_stddev: float, init_scale: float, parameter: str = "init"
) -> keras.initializers.Initializer:
    """Build the initializer of the kernels.

    Parameters
    ----------
    init : str or keras.initializers.Initializer
        "normal": ``init_stddev * randn`` (A7.1). "scaled": ``init_scale / sqrt(fan_in) * randn`` (A7.2). Else a name
        that `keras.initializers.get` knows.
    init_stddev, init_scale : float
    parameter : str
        Name of the parameter, for errors.

    Returns
    -------
    keras.initializers.Initializer
        With a seed, because Keras would draw a missing seed from Python's global generator. `draw_weights` gives each
        kernel its own seed.

    Raises
    ------
    ValueError
        If Keras has no initializer of that name.
    """
    if init == "normal":
        return keras.initializers.RandomNormal(stddev=float(init_stddev), seed=0)
    if init == "scaled":
        return keras.initializers.VarianceScaling(float(init_scale) ** 2, "fan_in", "untruncated_normal", seed=0)
    return _named(init, parameter) if isinstance(init, str) else init


def _named(name, parameter):
    try:
        return keras.initializers.get({"class_name": name, "config": {"seed": 0}})
    except TypeError:  # an initializer that draws nothing has no seed
        return keras.initializers.get(name)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{parameter}={name!r} is neither a rule of this package nor the name of a Keras initializer."
        ) from error


def draw_weights(
    model: keras.Model,
    seed: int,
    *,
    kernel_initializer: keras.initializers.Initializer | None = None,
    forget_bias: float | None = None,
) -> dict[int, Array]:
    """Draw new initial weights for a built model.

    Each variable that a layer made with one of its ``*_initializer`` attributes is drawn again, with its own seed. All
    other variables keep their values. So do the layer named "backbone" with all its parts, and the variables that
    `mark_learnt` marked.

    Parameters
    ----------
    model : keras.Model
    seed : int
    kernel_initializer : keras.initializers.Initializer, optional
        Replaces the layers' own initializer for each of `KERNELS`. For a recurrent layer, "scaled" draws one matrix for
        the features and the state together, and takes its upper part, because both are inputs of a unit.
    forget_bias : float, optional
        Initial bias of the forget gates of LSTM layers (A9).

    Returns
    -------
    dict of int to ndarray
        Values by the `id` of the variable.
    """
    seeds = np.random.default_rng(seed)
    drawn = {}
    learnt = {id(part) for layer in model.layers if layer.name == BACKBONE for part in layer._flatten_layers()}
    for layer, name, initializer, variable in _initialized(model):
        if id(layer) in learnt or getattr(variable, "is_learnt", False):
            continue
        seed = int(seeds.integers(2**31))
        if name in KERNELS and kernel_initializer is not None:
            values = _draw_kernel(layer, _seeded(kernel_initializer, seed), variable)
        else:
            values = _seeded(initializer, seed)(variable.shape, dtype=variable.dtype)
        values = keras.ops.convert_to_numpy(values)
        if name == "bias" and getattr(layer, "unit_forget_bias", False):
            values = np.array(values)
            gate = len(values) // 4
            values[gate : 2 * gate] = 1.0 if forget_bias is None else forget_bias
        drawn[id(variable)] = values
    return drawn


def _draw_kernel(layer, initializer, variable):
    is_scaled = type(initializer) is keras.initializers.VarianceScaling
    if not (is_scaled and hasattr(layer, "recurrent_kernel")):
        return initializer(variable.shape, dtype=variable.dtype)
    n_features, *others = variable.shape
    return initializer((n_features + layer.units, *others), dtype=variable.dtype)[:n_features]


def brought_weights(model: keras.Model) -> list[Array | None]:
    """Find the weights of a new model whose values do not come from their initializers.

    They were loaded, or belong to no initializer. `draw_weights` does not change them.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    list of (ndarray or None)
        One value for each weight; None for weights that initializers draw.
    """
    brought = {id(variable): keras.ops.convert_to_numpy(keras.ops.copy(variable)) for variable in model.weights}
    for layer, name, initializer, variable in _initialized(model):
        drawn = np.array(keras.ops.convert_to_numpy(initializer(variable.shape, dtype=variable.dtype)))
        if name == "bias" and getattr(layer, "unit_forget_bias", False):
            drawn[len(drawn) // 4 : len(drawn) // 2] = 1.0
        if id(variable) in brought and np.array_equal(drawn, brought[id(variable)]):
            brought[id(variable)] = None
    return [brought[id(variable)] for variable in model.weights]


def mark_learnt(model: keras.Model) -> None:
    """Mark the weights of a new model that `draw_weights` must not change."""
    for variable, value in zip(model.weights, brought_weights(model), strict=True):
        variable.is_learnt = value is not None


def _initialized(model):
    """Yield layer, name, initializer and variable for each variable that an ``*_initializer`` attribute made."""
    for layer in model._flatten_layers():
        for attribute in sorted(vars(layer)):
            name = attribute.removesuffix("_initializer")
            variable = _variable(layer, name) if name != attribute else None
            if variable is not None:
                yield layer, name, getattr(layer, attribute), variable


def _variable(layer, name):
    """The variable that a layer's initializer made. For some initializers, Keras gives the variable another name."""
    names = {
        "recurrent": ["recurrent_kernel"],
        "pointwise": ["pointwise_kernel"],
        "depthwise": ["depthwise_kernel", "kernel"],
    }
    found = (getattr(layer, candidate, None) for candidate in names.get(name, [name]))
    return next((variable for variable in found if isinstance(variable, keras.Variable)), None)


def _seeded(initializer, seed):
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    if "seed" not in config:
        return initializer
    made = type(initializer).from_config(config | {"seed": seed})
    # attributes that get_config of a user's class does not return
    vars(made).update({name: part for name, part in vars(initializer).items() if "seed" not in name})
    return made
