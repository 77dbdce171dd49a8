"""A network as data, so that it can be built again without the function that made it, and shares nothing with it."""

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
from collections.abc import Mapping
from dataclasses import dataclass, field

import keras
import numpy as np
from keras.src.backend.common import global_state

from presets.builders.configurations import check_configuration
from presets.builders.freeze import freeze, is_of_library, plain_state
from presets.builders.initializers import brought_weights

NAMES = "object_name_uids"
"""Where Keras counts, in each thread, the layers to which it gave a name."""

_BUILDING = threading.RLock()

_COMPARED: collections.deque = collections.deque(maxlen=64)
"""Configurations of Keras's own layers that were found to give the same network."""


class NotCopyableError(Exception):
    """Keras does not build a network again as it is."""


@dataclass(frozen=True, eq=False)
class Blueprint:
    """All that it takes to build a network again.

    Parameters
    ----------
    config : str
        Keras's configuration, as JSON.
    code : dict of str to (type or function)
        What of the user's it names.
    start : list of (ndarray or None)
        Weights that the network brought; None for those that initializers draw.
    """

    config: str
    code: Mapping = field(default_factory=dict)
    start: list = field(default_factory=list)

    @classmethod
    def of(cls, model, x, names=(), *, start=None):
        """Take down a built model.

        Parameters
        ----------
        model : keras.Model
            It stays as it is.
        x : array or dict of str to array
            A few rows, to compare what the model and its copy put out.
        names : mapping of str to str, optional
            Names of layers to replace by others.
        start : list of (ndarray or None), optional
            By default the weights that no initializer drew.

        Raises
        ------
        NotCopyableError
            If the copy is another network.
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
        except Exception as error:  # whatever the user's classes raise
            raise NotCopyableError(" ".join(str(error).split()).partition(". ")[0]) from error
        _compare(model, copied, x)
        if not code:
            _COMPARED.append(known)
        return blueprint

    def model(self, seed=0, dtype=None, *, x=None):
        """Build the network, with the weights that it brought.

        Parameters
        ----------
        seed : int
            Of what its layers draw without a seed of their own.
        dtype : str, optional
            Type or policy of layers without one.
        x : array or dict of str to array, optional
            A few rows, for a network that must see some before it has weights.

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
                layer.finalize_state()  # it keeps what it computes from these weights
        return model

    @functools.cached_property
    def digest(self):
        """Equal for equal weights."""
        digest = hashlib.sha256()
        for value in self.start:
            digest.update(b"drawn" if value is None else value.tobytes())
        return digest.digest()

    def without_weights(self):
        """The same network; its initializers draw all weights.

        A network with `Normalization` keeps them: Keras makes constants of that layer's weights.
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
    """A blueprint with code of the user's, or with layers of Keras's that run code: a file with it must be trusted."""

    def __setstate__(self, state):
        vars(self).update(state)


def _is_plain(text):
    """Whether a configuration names only what a file may hold."""
    try:
        check_configuration(json.loads(text))
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def defaults(seed, dtype):
    """Seed what a layer without a seed draws from, and set the type of a layer without one, for the time of building.

    Keras takes such seeds from Python's own generator, and what it draws is put back. The policy belongs to this thread
    alone.
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
def counting_names():
    """Tell which names Keras gives to layers meanwhile, and let it forget them.

    Yields
    ------
    dict of str to str
        Filled at the end: from a name that was given to the one that it would be if Keras counted from the start.
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
    """A configuration with given names counted from the start, and without seeds of Keras's own objects.

    Seeds are set for each fit, whatever a layer has.
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


# ---------------------------------------------------------------- code of the user's


def _code_of(model):
    """Functions and classes of the user's in the layers of a model, and in what the layers hold."""
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
    """Give each function of the user's a name of its own, by which Keras refers to it, for a moment."""
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
    """Raise a NotCopyableError if a copy is another network than the model."""
    pairs = list(zip(model._flatten_layers(), copied._flatten_layers(), strict=False))
    for layer, own in pairs:
        if type(layer) is not type(own):
            raise NotCopyableError(f"its layers are others: {type(own).__name__} for {type(layer).__name__}")
        for kind, part, other in _own_parts(layer, own):
            if freeze(part) != freeze(other):
                raise NotCopyableError(f"{kind.__name__} holds what its get_config does not tell")
    traits = [[(tuple(v.shape), v.dtype, v.trainable) for v in m.weights] for m in (model, copied)]
    if traits[0] != traits[1]:
        raise NotCopyableError("its weights have other shapes, types or orders")
    copied.set_weights(model.get_weights())
    first, again, other = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, model, copied))
    if np.array_equal(first, again) and not np.allclose(first, other, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise NotCopyableError("it puts out something else")


@functools.cache
def _attributes_of_keras():
    """Names of what Keras keeps with every layer and model."""
    with counting_names():
        return frozenset(vars(keras.layers.Layer())) | frozenset(vars(keras.Model()))


def _own_parts(layer, other):
    """Yield what two layers hold of the user's: a class, and parts of each that must be equal."""
    usual = _attributes_of_keras()
    if not is_of_library(type(layer)):
        states = [{k: v for k, v in plain_state(part).items() if k not in usual} for part in (layer, other)]
        yield type(layer), *states
    for name, part in vars(layer).items():  # initializers, regularizers and constraints
        kind = type(part)
        is_own = hasattr(kind, "get_config") and not is_of_library(kind) and not isinstance(part, keras.Layer)
        if is_own and name not in usual:
            yield kind, part, vars(other).get(name)
