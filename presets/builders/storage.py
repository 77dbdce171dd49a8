"""Keras's objects as plain data, so that whatever holds them can be stored and sent without code."""

import contextlib
import json
import random
from dataclasses import dataclass
from typing import ClassVar

import keras
from keras.src.backend.common import global_state

from presets.builders.configurations import OPTIMIZERS, check_configuration
from presets.builders.copies import built_from, missing_state

MANY = 16
"""Values from which on plain data are stored as one text: a file takes hundreds of bytes for each value otherwise."""

WAITING = "uninitialized_variables"
"""Where Keras keeps, in each thread, variables that it has still to make."""


@dataclass(frozen=True)
class StoredObject:
    """An object of Keras's as its configuration, a model with its weights.

    Parameters
    ----------
    config : str
        As JSON.
    weights : list of ndarray or None
        Of a model.
    state : dict, optional
        Attributes that the configuration does not tell.
    """

    config: str
    weights: list | None
    state: dict | None = None

    def make(self):
        """Make the object again."""
        config = json.loads(self.config)
        check_configuration(config)
        with _same_generator():
            if self.weights is not None:
                _check_sizes(json.loads(self.config), [weight.shape for weight in self.weights])
            made = keras.saving.deserialize_keras_object(config, safe_mode=True)  # changes what it is given
        if self.weights is not None:
            made.set_weights(self.weights)
        if self.state:
            _set_attributes(made, self.state)
        return made


@dataclass(frozen=True)
class OwnObject:
    """A loss, metric or optimizer of a class of the user's, whose configuration need not tell all that it holds.

    Parameters
    ----------
    value : type or object
        The class of a loss, which has no variables; else the object itself.
    state : dict
        Attributes of the loss, or those that the configuration does not tell.
    """

    value: object
    state: dict

    def make(self):
        """Make the object whole again."""
        made = object.__new__(self.value) if isinstance(self.value, type) else self.value
        _set_attributes(made, from_plain(self.state))
        return made


@dataclass(frozen=True)
class StoredOptimizer:
    """The class of an optimizer of Keras's; backends have variants of their own under the same name."""

    name: str

    def make(self):
        """Find the class."""
        if self.name not in OPTIMIZERS.split():
            raise ValueError(f"{self.name!r} is not the name of an optimizer of Keras's.")
        return getattr(keras.optimizers, self.name)


@dataclass(frozen=True)
class StoredText:
    """Lists and dicts of numbers and strings, such as a history of epochs, as JSON."""

    text: str

    def make(self):
        """Read them."""
        value = json.loads(self.text)
        check_configuration(value)  # some dicts are configurations that a fit hands to Keras
        return value


@dataclass(frozen=True)
class StoredPairs:
    """A dict with keys that JSON does not have, such as True and False."""

    pairs: list

    def make(self):
        """Make the dict again."""
        value = {key: from_plain(part) for key, part in self.pairs}
        check_configuration(value)
        return value


class PlainState:
    """Mixin for dataclasses with Keras's objects among their fields; what else was put on them is not stored."""

    __dataclass_fields__: ClassVar[dict]

    def __getstate__(self):
        return to_plain({name: getattr(self, name) for name in self.__dataclass_fields__})

    def __setstate__(self, state):
        vars(self).update(from_plain(state))


def to_plain(state):
    """Replace Keras's own objects in a state, and long plain data, by what a file can hold.

    What Keras does not own, such as a layer of the user's or a model with one in it, stays as it is.

    Parameters
    ----------
    state : dict of str to object
    """
    return {name: _to_plain(value) for name, value in state.items()}


def from_plain(value):
    """Make Keras's objects again from what `to_plain` gave, also in lists, tuples and dicts.

    Raises
    ------
    ValueError
        If a configuration names a class or function that is not listed in `configurations`.
    """
    if type(value) in (list, tuple, dict):
        return _each(from_plain, value)
    if isinstance(value, OwnObject | StoredObject | StoredOptimizer | StoredPairs | StoredText):
        return value.make()
    return value


def _to_plain(value):
    if type(value) in (list, dict) and _count(value) >= MANY:
        return StoredText(json.dumps(value))
    if type(value) is dict and any(type(key) in (bool, tuple, type(None)) for key in value):
        return StoredPairs([(key, _to_plain(part)) for key, part in value.items()])
    if type(value) in (list, tuple, dict):
        return _each(_to_plain, value)
    if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer) and _is_of_keras(value):
        return StoredOptimizer(value.__name__)
    return _stored_object(value) or _own_object(value) or value


def _own_object(value):
    """A loss, metric or optimizer of the user's as it is stored; None if Keras stores it as it is."""
    if isinstance(value, keras.Loss):
        return OwnObject(type(value), to_plain(vars(value)))
    state = _beside_config(value)
    return OwnObject(value, state) if state else None


def _stored_object(value):
    """An object of Keras's as it is stored; None if it cannot be made again from its configuration."""
    if not (_is_of_keras(type(value)) and hasattr(value, "get_config")):
        return None
    parts = value._flatten_layers() if isinstance(value, keras.Layer) else ()
    if not all(_is_of_keras(type(part)) and not hasattr(part, "function") for part in parts):
        return None
    config = keras.saving.serialize_keras_object(value)
    config.pop("compile_config", None)  # the estimator says how a model is trained
    if isinstance(value, keras.optimizers.Optimizer):  # torch's variants have no public name
        config |= {"module": "keras.optimizers", "registered_name": None}
    try:
        check_configuration(config)
    except ValueError:
        return None
    weights = value.get_weights() if isinstance(value, keras.Model) else None
    return StoredObject(json.dumps(config), weights, _beside_config(value) or None)


def _is_of_keras(kind):
    return kind.__module__.startswith(("keras.", "presets.builders."))


def _beside_config(value):
    """What an object holds and Keras does not write."""
    if not isinstance(value, keras.Metric | keras.Loss | keras.Optimizer):
        return {}
    try:
        return missing_state(value, built_from(value, value.get_config(), "value"), "value")
    except TypeError:  # no fit takes it either
        return {}


def _set_attributes(made, state):
    """Set what a configuration does not tell; a file may replace neither methods nor what other objects hold."""
    if not isinstance(made, keras.Metric | keras.Loss | keras.Optimizer):
        raise ValueError(f"Attributes are stored beside a {type(made).__name__}.")
    for name in state:
        if name.startswith("__") or callable(getattr(type(made), name, None)):
            raise ValueError(f"Stored attributes replace {type(made).__name__}.{name}.")
    vars(made).update(state)


def _each(convert, container):
    if isinstance(container, dict):
        return {name: convert(part) for name, part in container.items()}
    return type(container)(convert(part) for part in container)


def _count(value):
    """Number of plain values in a list or dict, and -inf if anything in it is not plain."""
    if type(value) is list:
        return sum(map(_count, value))
    if type(value) is dict:
        return sum(map(_count, value.values())) if all(type(key) is str for key in value) else float("-inf")
    return 1 if type(value) in (str, int, float, bool, type(None)) else float("-inf")


@contextlib.contextmanager
def _same_generator():
    """Put back what layers without a seed draw from Python's own generator."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _check_sizes(config, shapes):
    """Raise if a model would not get the weights that were stored for it; their memory is not taken before."""
    # Keras would make the planned variables when another network is next built
    waiting = list(global_state.get_global_attribute(WAITING) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            planned = [tuple(weight.shape) for weight in keras.saving.deserialize_keras_object(config).weights]
    finally:
        global_state.set_global_attribute(WAITING, waiting)
    if planned != shapes:
        raise ValueError("The stored weights are not those of the stored model.")
