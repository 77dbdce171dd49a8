"""Keras's objects as plain data, so that whatever holds them can be stored and sent without code."""

import json
from dataclasses import dataclass
from typing import ClassVar

import keras


@dataclass(frozen=True)
class StoredObject:
    """An object of Keras's as its configuration, a model with its weights.

    Parameters
    ----------
    config : str
        As JSON.
    weights : list of ndarray or None
        Of a model.
    """

    config: str
    weights: list | None


class PlainState:
    """Mixin for dataclasses with Keras's objects among their fields; what else was put on them is not stored."""

    __dataclass_fields__: ClassVar[dict]

    def __getstate__(self):
        return to_plain({name: getattr(self, name) for name in self.__dataclass_fields__})

    def __setstate__(self, state):
        vars(self).update(from_plain(state))


def to_plain(value):
    """Replace Keras's own objects by `StoredObject`, also in lists, tuples and dicts.

    What Keras does not own, such as a layer of the user's or a model with one in it, stays as it is.
    """
    if type(value) in (list, tuple, dict):
        return _each(to_plain, value)
    if not _is_keras_own(value):
        return value
    config = json.dumps(keras.saving.serialize_keras_object(value))
    return StoredObject(config, value.get_weights() if isinstance(value, keras.Model) else None)


def from_plain(value):
    """Make Keras's objects again from what `to_plain` gave.

    Raises
    ------
    ValueError
        If a configuration names a function or a class that Keras does not know: no code is run that it holds.
    """
    if type(value) in (list, tuple, dict):
        return _each(from_plain, value)
    if not isinstance(value, StoredObject):
        return value
    made = keras.saving.deserialize_keras_object(json.loads(value.config), safe_mode=True)
    if value.weights is not None:
        made.set_weights(value.weights)
    return made


def _each(convert, container):
    if isinstance(container, dict):
        return {name: convert(part) for name, part in container.items()}
    return type(container)(convert(part) for part in container)


def _is_keras_own(value):
    if not (type(value).__module__.startswith("keras.") and hasattr(value, "get_config")):
        return False
    parts = value._flatten_layers() if isinstance(value, keras.Layer) else ()
    return all(type(part).__module__.startswith("keras.") and not hasattr(part, "function") for part in parts)
