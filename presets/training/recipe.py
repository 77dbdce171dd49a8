"""The parts of a compiled program, and the keys that decide which fits may share one."""

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from presets.builders.blueprint import Blueprint
from presets.builders.freeze import freeze, holds_code
from presets.builders.network import Network
from presets.builders.storage import PlainState
from presets.training.optimizers import TUNABLE as OPTIMIZER_TUNABLES

NETWORK_TUNABLES = ("dropout", "l1", "l2")
DRAWN_PER_FIT = ("kernel_initializer", "seed")


@dataclass(frozen=True, eq=False)
class Recipe(PlainState):
    """Everything that is compiled into a program, and the hyperparameters that a program reads from variables.

    Parameters
    ----------
    network : Network
    activation : {"sigmoid", "softmax", "linear", "softplus", "share"}
        Activation from the outputs of the core to probabilities or values.
    loss : "auto", str, callable or keras.losses.Loss
    metrics : tuple
    optimizer : tuple of (type, dict)
        Class and configuration.
    dtype : str
        Type or policy of the network.
    curves : tuple of (str, str), default=()
        Names of hyperparameters with the curves that they follow over the updates; see `Schedule`.
    label_smoothing : float, default=0.0
        See `smooth_labels`.
    """

    network: Network
    activation: str
    loss: object
    metrics: tuple[Any, ...]
    optimizer: tuple[type, dict[str, Any]]
    dtype: str
    curves: tuple[tuple[str, str], ...] = ()
    label_smoothing: float = 0.0

    @functools.cached_property
    def tunables(self):
        """Hyperparameters that a program reads from variables, by name; only those that are on."""
        numbers = {name: self.network.arguments.get(name) for name in NETWORK_TUNABLES}
        numbers |= {name: self.optimizer[1].get(name) for name in OPTIMIZER_TUNABLES}
        numbers |= {"label_smoothing": self.label_smoothing}
        return {name: float(value) for name, value in numbers.items() if value}

    @functools.cached_property
    def scheduled(self):
        """Curves by the names of hyperparameters; only those that are on."""
        return {name: curve for name, curve in self.curves if name == "learning_rate" or name in self.tunables}

    @property
    def has_schedule(self):
        """Whether a schedule inside the optimizer sets the learning rate."""
        return isinstance(self.optimizer[1]["learning_rate"], keras.optimizers.schedules.LearningRateSchedule)

    def without_weights(self):
        """The same recipe for a trained network, which no longer needs the weights that it came with."""
        kept = {k: v.without_weights() for k, v in self.network.arguments.items() if isinstance(v, Blueprint)}
        return dataclasses.replace(self, network=self.network.replace(**kept))

    def keys(self):
        """The keys of all that a compiled program of this recipe depends on.

        They are computed again each time, because the values that the user's code reads may have changed.

        Returns
        -------
        Keys
        """
        arguments = {k: v for k, v in self.network.arguments.items() if k not in NETWORK_TUNABLES + DRAWN_PER_FIT}
        brought = {k: v.digest for k, v in arguments.items() if isinstance(v, Blueprint)}
        arguments |= {k: arguments[k].without_weights() for k in brought}
        belongs_to_fit = arguments.get("fit") is not None
        if belongs_to_fit:
            del arguments["network"]  # the fit's name tells it apart
        optimizer_class, config = self.optimizer
        constants = {k: v for k, v in config.items() if k not in (*OPTIMIZER_TUNABLES, "learning_rate", "name")}
        if self.has_schedule:
            constants["learning_rate"] = config["learning_rate"]
        optimizer = optimizer_class, constants
        tunables = sorted(self.tunables)
        names = [getattr(metric, "name", None) for metric in self.metrics]
        network = self.network.build, self.network.input_shape, self.network.n_outputs, arguments, self.dtype
        scheduled = sorted(self.scheduled.items())
        training = brought, self.activation, self.loss, self.metrics, names, optimizer, scheduled, tunables
        core = freeze((*network, [name for name in tunables if name in NETWORK_TUNABLES]))
        place = keras.backend.backend(), keras.distribution.distribution()
        return Keys((*place, core), freeze(training), belongs_to_fit or holds_code(core))


class Keys(NamedTuple):
    """Two keys of a recipe. Recipes with equal keys may share a compiled program.

    Parameters
    ----------
    core : hashable
        Key of all that decides on predictions, for given weights.
    training : hashable
        Key of all the rest.
    hold_code : bool
        Whether the network depends on the user's code, which may read values that change.
    """

    core: object
    training: object
    hold_code: bool


def numbers(dtype: str) -> str:
    """Type of the encoded arrays for a network with this type or policy: the type of its variables."""
    return keras.dtype_policies.get(dtype).variable_dtype


def loss_numbers(dtype: str) -> str:
    """Type of the losses and metrics for a network with this type or policy."""
    return "float64" if numbers(dtype) == "float64" else "float32"
