"""Keras's objects as plain data, so that objects with them can be stored and sent without code."""

import contextlib
import json
import random
from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from presets.builders.configurations import OPTIMIZERS, check_configuration
from presets.builders.copies import built_from, missing_state
from presets.builders.planning import check_variables, planning
from presets.typing import Array

MANY = 16
"""Plain data of at least this many values are stored as one text: single values need hundreds of bytes each."""

MAX_THRESHOLDS = 1 << 16
"""The greatest number in the configuration of a metric: some make lists of that length."""


@dataclass(frozen=True)
class StoredObject:
    """The configuration of a Keras object, and the weights of a model.

    Parameters
    ----------
    config : str
        Configuration as JSON.
    weights : list of ndarray or None
        Weights of a model.
    state : dict, optional
        Attributes that the configuration lacks.
    """

    config: str
    weights: list[Array] | None
    state: dict[str, Any] | None = None

    def make(self):
        """Make the object again."""
        config = json.loads(self.config)
        check_configuration(config)
        with _same_generator():
            _check_sizes(json.loads(self.config), self.weights and [weight.shape for weight in self.weights])
            made = keras.saving.deserialize_keras_object(config, safe_mode=True)  # changes `config`
        if self.weights is not None:
            made.set_weights(self.weights)
        if self.state:
            _set_attributes(made, self.state)
        return made


@dataclass(frozen=True)
class OwnObject:
    """A loss, metric or optimizer of the user's own class, whose configuration may be incomplete.

    Parameters
    ----------
    value : type or object
        The class of a loss, which has no variables; else the object itself.
    state : dict
        Attributes of the loss, or attributes that the configuration lacks.
    """

    value: object
    state: dict[str, Any]

    def make(self):
        """Make the complete object again."""
        made = object.__new__(self.value) if isinstance(self.value, type) else self.value
        _set_attributes(made, from_plain(self.state))
        return made


@dataclass(frozen=True)
class StoredOptimizer:
    """The class of a Keras optimizer. Each backend has its own variant with the same name."""

    name: str

    def make(self):
        """Find the class."""
        if self.name not in OPTIMIZERS.split():
            raise ValueError(f"{self.name!r} is not the name of a Keras optimizer.")
        return getattr(keras.optimizers, self.name)


@dataclass(frozen=True)
class StoredText:
    """Lists and dicts of numbers and strings, such as a history of epochs, as JSON."""

    text: str

    def make(self):
        """Read the lists and dicts."""
        value = json.loads(self.text)
        check_configuration(value)  # some dicts are configurations that fit passes to Keras
        return value


@dataclass(frozen=True)
class StoredPairs:
    """A dict whose keys JSON does not support, such as True and False."""

    pairs: list[tuple[Any, Any]]

    def make(self):
        """Make the dict again."""
        value = {key: from_plain(part) for key, part in self.pairs}
        check_configuration(value)
        return value


class PlainState:
    """Mixin for dataclasses that hold Keras's objects. Only the fields are stored, no other attributes."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __getstate__(self):
        return to_plain({name: getattr(self, name) for name in self.__dataclass_fields__})

    def __setstate__(self, state):
        vars(self).update(from_plain(state))


def to_plain(state):
    """Replace Keras's own objects in a state, and long plain data, by objects that a file can hold.

    Other objects stay, such as the user's own layers and models that contain them.

    Parameters
    ----------
    state : dict of str to object
    """
    return {name: _to_plain(value) for name, value in state.items()}


def from_plain(value):
    """Undo `to_plain`: make Keras's objects again, also in lists, tuples and dicts.

    Raises
    ------
    ValueError
        If a configuration names a class or function that `presets.builders.configurations` does not list.
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
    """The stored form of the user's own loss, metric or optimizer; None if Keras's form is complete."""
    if isinstance(value, keras.Loss):
        return OwnObject(type(value), to_plain(vars(value)))
    state = _beside_config(value)
    return OwnObject(value, state) if state else None


def _stored_object(value):
    """The stored form of a Keras object; None if its configuration is not enough to make it again."""
    if not (_is_of_keras(type(value)) and hasattr(value, "get_config")):
        return None
    parts = value._flatten_layers() if isinstance(value, keras.Layer) else ()
    if not all(_is_of_keras(type(part)) and not hasattr(part, "function") for part in parts):
        return None
    config = keras.saving.serialize_keras_object(value)
    config.pop("compile_config", None)  # the estimator decides how a model is trained
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
    """The attributes of an object that its configuration lacks."""
    if not isinstance(value, keras.Metric | keras.Loss | keras.Optimizer):
        return {}
    try:
        return missing_state(value, built_from(value, value.get_config(), "value"), "value")
    except TypeError:  # fit refuses such an object too
        return {}


def _set_attributes(made, state):
    """Set attributes that a configuration lacks. A file may not replace methods, nor attributes of other classes."""
    if not isinstance(made, keras.Metric | keras.Loss | keras.Optimizer):
        raise ValueError(f"The file has extra attributes for a {type(made).__name__}, which may have none.")
    for name in state:
        if name.startswith("__") or callable(getattr(type(made), name, None)):
            raise ValueError(f"The file would replace {type(made).__name__}.{name}.")
    vars(made).update(state)


def _each(convert, container):
    if isinstance(container, dict):
        return {name: convert(part) for name, part in container.items()}
    return type(container)(convert(part) for part in container)


def _count(value):
    """Number of plain values in a list or dict; -inf if it contains other values."""
    if type(value) is list:
        return sum(map(_count, value))
    if type(value) is dict:
        return sum(map(_count, value.values())) if all(type(key) is str for key in value) else float("-inf")
    return 1 if type(value) in (str, int, float, bool, type(None)) else float("-inf")


@contextlib.contextmanager
def _same_generator():
    """Restore Python's global generator, from which layers without a seed draw one."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _check_sizes(config, shapes):
    """Raise if the stored weights do not fit a model, or if another object needs much memory.

    The object is only planned, before any memory is taken for its weights.
    """
    if shapes is None and config.get("module") == "keras.metrics" and _greatest(config) > MAX_THRESHOLDS:
        raise ValueError(f"The stored metric {config['class_name']} has a larger number than {MAX_THRESHOLDS:,}.")
    if shapes is None and config.get("module") not in ("keras.layers", "keras.metrics"):
        return  # objects with few variables, or none
    with planning():
        planned = keras.saving.deserialize_keras_object(config)
    if shapes is None:
        check_variables(planned)
    elif [tuple(weight.shape) for weight in planned.weights] != shapes:
        raise ValueError("The stored weights do not fit the stored model.")


def _greatest(config):
    """The greatest number in a configuration, except for seeds."""
    if isinstance(config, dict):
        return max((_greatest(part) for key, part in config.items() if key != "seed"), default=0)
    if isinstance(config, list | tuple):
        return max(map(_greatest, config), default=0)
    return config if isinstance(config, int | float) else 0
