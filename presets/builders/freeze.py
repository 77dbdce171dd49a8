"""Hashable keys for values of all kinds: values that behave in the same way have equal keys, the user's code included.

The identity of a function is not enough: its defaults, closure and globals may change. So code is compared by its
instructions and by the values that it reads. A value that cannot be compared is never equal to any other, not even to
itself a moment later.
"""

import functools
import hashlib
import json
import re
import sys
import types
from collections.abc import Hashable, Mapping, Set
from typing import Any

import keras
import numpy as np

LIBRARIES = frozenset(sys.stdlib_module_names) | {
    *("h5py", "jax", "jaxlib", "keras", "ml_dtypes", "numpy", "presets", "scipy", "sklearn", "tensorflow", "torch")
}
"""Packages whose functions and classes are compared by their names only."""

PLAIN = (
    *(str, bytes, bool, int, float, complex, type(None), range, re.Pattern, types.FunctionType),
    *(np.ndarray, np.generic),
)
"""Types of attributes that can be copied from one object to another."""

MAX_PARTS = 5000
"""A value with more parts than this is not compared."""


def freeze(value: Any) -> Hashable:
    """Make a hashable key that is equal for values that behave in the same way.

    Parameters
    ----------
    value : object
        The user's functions are compared by their code and all that it reads: defaults, closure and globals, and what
        these read. Keras's objects are compared by class and configuration, losses and metrics by all attributes, and
        models also by their weights.

    Returns
    -------
    hashable
    """
    return _Freezer().freeze(value)


def holds_code(frozen: Any) -> bool:
    """Whether a key depends on the user's code, or on something that cannot be compared."""
    if isinstance(frozen, tuple | frozenset):
        return any(map(holds_code, frozen))
    return isinstance(frozen, types.CodeType | _NeverEqual)


def is_of_library(value: Any) -> bool:
    """Whether a package that the user did not write contains this function or class under its name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(name, str) and module.partition(".")[0] in LIBRARIES):
        return False
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value or isinstance(value, types.BuiltinFunctionType | np.ufunc)


def state_of(value: Any) -> dict[str, Any]:
    """The attributes of an object, without variables and Keras's bookkeeping of them."""
    return {name: part for name, part in vars(value).items() if not _is_bookkeeping(name, part)}


def plain_state(value: Any) -> dict[str, Any]:
    """The attributes of an object that are plain numbers, strings, arrays and functions, or lists and dicts of them."""
    return {
        name: part
        for name, part in state_of(value).items()
        if all(map(_is_plain, keras.tree.flatten(list(part) if isinstance(part, Set) else part)))
    }


def _is_plain(part):
    return isinstance(part, PLAIN)


class _NeverEqual:
    """Stands for a value that cannot be compared."""


class _Same:
    """A key that is equal for one and the same object, and keeps this object alive."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self):
        return id(self.value)


class _Freezer:
    """Makes the key of one value. It remembers its parts, because functions and classes may contain themselves."""

    def __init__(self):
        self._seen = {}

    def freeze(self, value):
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, str | bytes | range | re.Pattern | types.CodeType):
            return value
        if isinstance(value, bool | int | float | complex):
            return type(value), repr(value)
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType | np.ufunc) and is_of_library(value):
            return _Same(value)
        if type(value) is tuple:
            return tuple, tuple(map(self.freeze, value))
        if id(value) in self._seen:
            return "seen", self._seen[id(value)][0]
        if len(self._seen) >= MAX_PARTS:
            return _NeverEqual()
        self._seen[id(value)] = len(self._seen), value  # keeps the value alive, so that no other one gets its id
        return self._freeze_parts(value)

    def _freeze_parts(self, value):
        match value:
            case np.ndarray() if value.dtype != object:
                return value.shape, value.dtype.str, _digest(value)
            case Mapping():
                return type(value), tuple((self.freeze(k), self.freeze(v)) for k, v in _sorted(value.items()))
            case list() | tuple() | np.ndarray():
                return type(value), tuple(map(self.freeze, value))
            case Set():
                return type(value), frozenset(map(self.freeze, value))
            case types.FunctionType():
                return self._freeze_function(value)
            case functools.partial():
                return functools.partial, self.freeze([value.func, value.args, value.keywords])
            case types.MethodType():
                return types.MethodType, self.freeze([value.__func__, value.__self__])
            case staticmethod() | classmethod():
                return type(value), self.freeze(value.__func__)
            case property():
                return property, self.freeze([value.fget, value.fset])
            case types.ModuleType():
                return types.ModuleType, value.__name__
            case type():
                return self._freeze_class(value)
        return self._freeze_object(value)

    def _freeze_function(self, function):
        code = function.__code__
        reads = _names(code)
        closure = [_content(cell) for cell in function.__closure__ or ()]
        read = {name: function.__globals__[name] for name in reads if name in function.__globals__}
        for name, part in list(read.items()):
            if isinstance(part, types.ModuleType) and part.__name__.partition(".")[0] not in LIBRARIES:
                read |= {f"{name}.{inner}": vars(part)[inner] for inner in reads if inner in vars(part)}
        return code, self.freeze([function.__defaults__, function.__kwdefaults__, closure, read, vars(function)])

    def _freeze_class(self, kind):
        """The class itself, with its code and that of its bases, which may read values that change."""
        parts = {
            f"{base.__qualname__}.{name}": part
            for base in kind.__mro__
            if not is_of_library(base)
            for name, part in vars(base).items()
            if not name.startswith("__") or isinstance(part, types.FunctionType)
            if not isinstance(part, types.GetSetDescriptorType | types.MemberDescriptorType)
            if name != "_abc_impl"
        }
        return _Same(kind), self.freeze(parts)

    def _freeze_object(self, value):
        kind = type(value)
        if isinstance(value, keras.Model | keras.Layer):
            try:
                config = json.dumps(keras.saving.serialize_keras_object(value), sort_keys=True, default=repr)
            except (NotImplementedError, TypeError, ValueError):
                return _NeverEqual()
            weights = value.get_weights() if isinstance(value, keras.Model) else []
            return self.freeze(kind), config, tuple(map(_digest, weights))
        if hasattr(value, "__array__"):  # a tensor, or a variable that compiled code reads directly
            array = np.asarray(value)
            if array.dtype == object:
                return _NeverEqual()
            return (
                kind,
                _Same(value) if hasattr(value, "assign") else None,
                array.dtype.str,
                array.shape,
                _digest(array),
            )
        if is_of_library(kind) and hasattr(value, "get_config") and not isinstance(value, keras.Loss | keras.Metric):
            return kind, json.dumps(keras.saving.serialize_keras_object(value), sort_keys=True, default=repr)
        if hasattr(value, "__dict__") and not getattr(kind, "__slots__", ()):
            state = state_of(value)
            if isinstance(value, keras.Loss | keras.Metric):
                state.pop("name", None)  # Keras numbers the names
            return self.freeze(kind), self.freeze(state)
        return _NeverEqual()


def _names(code):
    """Names of globals and attributes that code and its inner functions read."""
    names = set(code.co_names)
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            names.update(_names(part))
    return sorted(names)


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _sorted(items):
    return sorted(items, key=lambda item: (str(type(item[0])), str(item[0])))


def _digest(array):
    return hashlib.sha256(np.asarray(array).tobytes()).digest()


def _is_bookkeeping(name, part):
    """Whether an attribute holds variables, or belongs to Keras's bookkeeping of them."""
    if isinstance(part, keras.Variable) or name in BOOKKEEPING:
        return True
    return isinstance(part, list | tuple) and len(part) > 0 and all(isinstance(p, keras.Variable) for p in part)


BOOKKEEPING = frozenset(
    {
        *("_built", "_build_input_shape", "_dtype", "_dtype_policy", "_exclude_from_weight_decay_cache", "_lock"),
        *("_metrics", "_tracker", "_variables", "built"),
    }
)
"""Attributes in which Keras tracks the parts of an object."""
