"""What a compiled program is made from, and which fits may share one."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from presets.builders.network import Network
from presets.builders.storage import PlainState
from presets.training.optimizers import TUNABLE as OPTIMIZER_TUNABLES

NETWORK_TUNABLES = ("dropout", "l1", "l2")
DRAWN_PER_FIT = ("kernel_initializer", "seed")


@dataclass(frozen=True, eq=False)
class Recipe(PlainState):
    """Everything that is baked into a compiled program, and the hyperparameters that are not.

    Parameters
    ----------
    network : Network
    activation : {"sigmoid", "softmax", "linear", "softplus", "share"}
        What turns the outputs of the core into probabilities or values.
    loss : "auto", str, callable or keras.losses.Loss
    metrics : tuple
    optimizer : tuple of (type, dict)
        Class and configuration.
    dtype : str
        Type or policy of the network.
    lr_schedule : str, default="plateau"
        "plateau", or the curve of a `Schedule`.
    label_smoothing : float, default=0.0
        See `smooth_labels`.
    """

    network: Network
    activation: str
    loss: object
    metrics: tuple
    optimizer: tuple
    dtype: str
    lr_schedule: str = "plateau"
    label_smoothing: float = 0.0

    @functools.cached_property
    def tunables(self):
        """Hyperparameters that a program reads from variables: those that are on, by name."""
        numbers = {name: self.network.arguments.get(name) for name in NETWORK_TUNABLES}
        numbers |= {name: self.optimizer[1].get(name) for name in OPTIMIZER_TUNABLES}
        numbers |= {"label_smoothing": self.label_smoothing}
        return {name: float(value) for name, value in numbers.items() if value}

    @functools.cached_property
    def key(self):
        """Equal for two recipes when one compiled program serves both."""
        arguments = {k: v for k, v in self.network.arguments.items() if k not in NETWORK_TUNABLES + DRAWN_PER_FIT}
        optimizer_class, config = self.optimizer
        constants = {k: v for k, v in config.items() if k not in (*OPTIMIZER_TUNABLES, "learning_rate", "name")}
        if isinstance(config["learning_rate"], dict):  # a serialised schedule
            constants["learning_rate"] = config["learning_rate"]
        return freeze(
            (
                keras.backend.backend(),
                keras.distribution.distribution(),
                self.network.build,
                self.network.input_shape,
                self.network.n_outputs,
                arguments,
                self.activation,
                self.loss,
                self.metrics,
                optimizer_class,
                constants,
                self.dtype,
                self.lr_schedule,
                sorted(self.tunables),
            )
        )


def numbers(dtype):
    """Type of the encoded arrays of a network with that type or policy: that of its variables."""
    return keras.dtype_policies.get(dtype).variable_dtype


def loss_numbers(dtype):
    """Type in which the losses and metrics of a network with that type or policy are computed."""
    return "float64" if numbers(dtype) == "float64" else "float32"


def freeze(value):
    """Turn a value into something hashable that is equal for values which build the same.

    Keras's objects compare by class and configuration, its models by their weights too, functions by identity, other
    objects by their parameters.
    """
    if isinstance(value, str | int | float | bool | type(None) | type):
        return value
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return tuple(sorted((str(k), freeze(v)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    if hasattr(value, "get_config"):
        config = json.dumps(keras.saving.serialize_keras_object(value), sort_keys=True, default=repr)
        return type(value), config, _digest(value.get_weights()) if isinstance(value, keras.Model) else None
    if hasattr(value, "get_params"):
        return type(value), freeze(value.get_params(deep=False))
    return value


def _digest(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.digest()
