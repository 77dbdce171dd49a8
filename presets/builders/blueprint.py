"""A network as data. It can be built again without the function that made it, and shares nothing with the original."""

import collections
import contextlib
import copy
import dataclasses
import functools
import hashlib
import json
import random
import threading
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

from presets.builders.configurations import check_configuration
from presets.builders.freeze import freeze, is_of_library, plain_state
from presets.builders.initializers import brought_weights
from presets.typing import Array

NAMES = "object_name_uids"
"""Keras's counter of layer names; each thread has one."""

_BUILDING = threading.RLock()

_COMPARED: collections.deque[Any] = collections.deque(maxlen=64)
"""Configurations of Keras's own layers whose copies were compared and found equal."""


class NotCopyableError(Exception):
    """Keras cannot build an equal copy of a network."""


@dataclass(frozen=True, eq=False)
class Blueprint:
    """All that is needed to build a network again.

    Parameters
    ----------
    config : str
        Keras's configuration, as JSON.
    code : dict of str to (type or function)
        The user's classes and functions that the configuration names.
    start : list of (ndarray or None)
        Weights that the network came with; None for weights that initializers draw.
    """

    config: str
    code: Mapping[str, Any] = field(default_factory=dict)
    start: list[Array | None] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        model: keras.Model,
        x: Any,
        names: Mapping[str, str] | tuple[()] = (),
        *,
        start: list[Array | None] | None = None,
    ) -> "Blueprint":
        """Make the blueprint of a built model.

        Parameters
        ----------
        model : keras.Model
            It does not change.
        x : array or dict of str to array
            A few rows, to compare the outputs of the model and its copy.
        names : mapping of str to str, optional
            New names for layers, by their present names.
        start : list of (ndarray or None), optional
            By default the weights that no initializer drew.

        Raises
        ------
        NotCopyableError
            If the copy differs from the model.
        """
        code = {}
        try:
            with _named_apart(_code_of(model)) as named:
                config = keras.saving.serialize_keras_object(model)
                text = json.dumps(_plain(config, dict(names)))
                code = {name: part for name, part in named.items() if json.dumps(name) in text}
            kind = Blueprint if not code and _is_plain(text) else BlueprintWithCode
            blueprint = kind(text, code, brought_weights(model) if start is None else start)
            known = text, [v.trainable for v in model.weights]
            if known in _COMPARED and not code:
                return blueprint
            copied = blueprint.model(x=x)
        except Exception as error:  # the user's classes may raise anything
            raise NotCopyableError(" ".join(str(error).split()).partition(". ")[0]) from error
        _compare(model, copied, x)
        if not code:
            _COMPARED.append(known)
        return blueprint

    def model(self, seed: int = 0, dtype: str | None = None, *, x: Any = None) -> keras.Model:
        """Build the network, with the weights that it came with.

        Parameters
        ----------
        seed : int
            Seed of layers without their own seed.
        dtype : str, optional
            Type or policy of layers without their own.
        x : array or dict of str to array, optional
            A few rows, for a network that makes its weights at the first call.

        Returns
        -------
        keras.Model
        """
        with defaults(seed, dtype), keras.saving.custom_object_scope(dict(self.code)):
            model = keras.saving.deserialize_keras_object(json.loads(self.config))
        if x is not None and len(model.weights) != len(self.start):
            model(x)
        for variable, value in zip(model.weights, self.start, strict=True):
            variable.is_learnt = value is not None
            if value is not None:
                variable.assign(value)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # it computes constants from these weights
        return model

    @functools.cached_property
    def digest(self) -> bytes:
        """A digest of the weights: equal weights have equal digests."""
        digest = hashlib.sha256()
        for value in self.start:
            digest.update(b"drawn" if value is None else value.tobytes())
        return digest.digest()

    def without_weights(self) -> "Blueprint":
        """The same network, but its initializers draw all weights.

        A network with `Normalization` keeps its weights, because Keras makes constants of that layer's weights.
        """
        if f'"{keras.layers.Normalization.__name__}"' in self.config:
            return self
        return dataclasses.replace(self, start=[None] * len(self.start))

    def __getstate__(self):
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __setstate__(self, state):
        check_configuration(json.loads(state["config"]))
        vars(self).update(state)


class BlueprintWithCode(Blueprint):
    """A blueprint with the user's code, or with Keras layers that run code. Files that contain it must be trusted."""

    def __setstate__(self, state):
        vars(self).update(state)


def _is_plain(text):
    """Whether a configuration names only objects that a file may hold."""
    try:
        check_configuration(json.loads(text))
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def defaults(seed: int, dtype: str | None) -> Iterator[None]:
    """Set the seed and the type of layers that have none, while a network is built.

    Keras draws missing seeds from Python's global generator, whose state is restored. The policy belongs to this thread
    only.
    """
    with _BUILDING:
        state, usual = random.getstate(), keras.config.dtype_policy()
        try:
            random.seed(seed)
            keras.config.set_dtype_policy(keras.dtype_policies.get(dtype) if dtype else usual)
            yield
        finally:
            random.setstate(state)
            keras.config.set_dtype_policy(usual)


@contextlib.contextmanager
def counting_names() -> Iterator[dict[str, str]]:
    """Record the names that Keras gives to layers, and reset its counter afterwards.

    Yields
    ------
    dict of str to str
        Filled at the end. The keys are the names that Keras gave, the values the names with a counter that starts at 0.
    """
    before = global_state.get_global_attribute(NAMES)
    counts = copy.copy(before) if before is not None else None
    given: dict[str, str] = {}
    global_state.set_global_attribute(NAMES, counts)
    try:
        yield given
        after = global_state.get_global_attribute(NAMES) or {}
        for prefix, count in after.items():
            first = (before or {}).get(prefix, 0)
            given.update((_counted(prefix, n), _counted(prefix, n - first)) for n in range(first, count))
    finally:
        global_state.set_global_attribute(NAMES, before)


def _counted(prefix, number):
    return f"{prefix}_{number}" if number else prefix


def _plain(config, names):
    """A configuration with other layer names, and without the seeds of Keras's own objects.

    Each fit sets the seeds, whatever seeds the layers have.
    """
    taken = {text for text in _texts(config) if text not in names}
    free = {}
    for given, wanted in names.items():
        prefix, number = wanted.rpartition("_")[0] or wanted, 0
        while wanted in taken:
            number += 1
            wanted = f"{prefix}_{number}"
        taken.add(wanted)
        free[given] = wanted
    return _replaced(config, free)


def _texts(config):
    if isinstance(config, dict):
        config = config.values()
    if isinstance(config, str):
        yield config
    elif not isinstance(config, int | float | None):
        for part in config:
            yield from _texts(part)


def _replaced(config, names):
    if isinstance(config, str):
        return names.get(config, config)
    if isinstance(config, list | tuple):
        return [_replaced(part, names) for part in config]
    if not isinstance(config, dict):
        return config
    config = {key: _replaced(part, names) for key, part in config.items() if key != "compile_config"}
    inner = config.get("config")
    if str(config.get("module")).startswith("keras.") and isinstance(inner, dict) and "seed" in inner:
        config["config"] = inner | {"seed": None}
    return config


# ---------------------------------------------------------------- the user's code


def _code_of(model):
    """The user's functions and classes in a model: its layers, and the objects in their attributes."""
    found, seen = {}, set()

    def look(part):
        if id(part) in seen or isinstance(part, keras.Variable):
            return
        seen.add(id(part))
        if isinstance(part, types.FunctionType | type):
            if not is_of_library(part):
                found[id(part)] = part
        elif isinstance(part, Mapping):
            for inner in part.values():
                look(inner)
        elif isinstance(part, list | tuple):
            for inner in part:
                look(inner)
        elif hasattr(part, "get_config"):
            look(type(part))
            for name, inner in vars(part).items():
                if name not in _attributes_of_keras():
                    look(inner)

    for layer in model._flatten_layers():
        look(layer)
    return list(found.values())


@contextlib.contextmanager
def _named_apart(code):
    """Give each of the user's functions a unique name for a moment, so that Keras can refer to it."""
    functions = [part for part in code if isinstance(part, types.FunctionType)]
    names = [function.__name__ for function in functions]
    for number, function in enumerate(functions):
        function.__name__ = f"{function.__name__.strip('<>')}@{number}"
    try:
        named: dict[str, object] = {}
        for part in code:
            name = keras.saving.get_registered_name(part)
            if named.setdefault(name, part) is not part:
                raise ValueError(f"two classes have the name {name}")
        yield named
    finally:
        for function, name in zip(functions, names, strict=True):
            function.__name__ = name


# ---------------------------------------------------------------- is the copy the same network?


def _compare(model, copied, x):
    """Raise a NotCopyableError if a copy differs from the model."""
    pairs = list(zip(model._flatten_layers(), copied._flatten_layers(), strict=False))
    for layer, own in pairs:
        if type(layer) is not type(own):
            raise NotCopyableError(f"the copy has a {type(own).__name__} in place of a {type(layer).__name__}")
        for kind, part, other in _own_parts(layer, own):
            if freeze(part) != freeze(other):
                raise NotCopyableError(f"get_config of {kind.__name__} does not return all that the object holds")
    traits = [[(tuple(v.shape), v.dtype, v.trainable) for v in m.weights] for m in (model, copied)]
    if traits[0] != traits[1]:
        raise NotCopyableError("the weights of the copy have other shapes, other types or another order")
    copied.set_weights(model.get_weights())
    first, again, other = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, model, copied))
    if np.array_equal(first, again) and not np.allclose(first, other, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise NotCopyableError("the copy gives other outputs")


@functools.cache
def _attributes_of_keras():
    """Names of the attributes that Keras sets on each layer and model."""
    with counting_names():
        return frozenset(vars(keras.layers.Layer())) | frozenset(vars(keras.Model()))


def _own_parts(layer, other):
    """Yield the user's parts of two layers: a class, and the values of both layers that must be equal."""
    usual = _attributes_of_keras()
    if not is_of_library(type(layer)):
        states = [{k: v for k, v in plain_state(part).items() if k not in usual} for part in (layer, other)]
        yield type(layer), *states
    for name, part in vars(layer).items():  # initializers, regularizers and constraints
        kind = type(part)
        is_own = hasattr(kind, "get_config") and not is_of_library(kind) and not isinstance(part, keras.Layer)
        if is_own and name not in usual:
            yield kind, part, vars(other).get(name)
