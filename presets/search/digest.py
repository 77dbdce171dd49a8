"""Digests of data, parameters and code: equal values have equal digests in every process."""

import collections.abc
import contextlib
import dis
import functools
import hashlib
import itertools
import math
import site
import sys
import sysconfig
import types

import keras
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

BLOCK = 1 << 24
"""Bytes of an array that are copied at a time, if the array is not contiguous."""

BY_VALUE = ("keras", "sklearn", "presets")
"""Packages whose objects are compared by their contents. Objects of other installed packages are compared by their
class, because contents such as a connection may differ in every process."""

METHOD = (property, classmethod, staticmethod, types.FunctionType)
CONSTANT = (
    *(bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, np.ndarray, np.generic),
    *(types.FunctionType, types.BuiltinFunctionType, types.ModuleType, functools.partial, type, BaseEstimator),
)
"""Types of globals that are compared by value. Other globals are compared by their class."""


def digest(value: object) -> str:
    """Digest a value.

    The digest covers the values of arrays, frames and sparse matrices; the code, defaults, closure and globals of
    functions; the methods of the user's own classes; the parameters of estimators; and the configurations and weights
    of Keras's objects. Installed functions and classes are covered by their names. So the digest is the same in another
    process, and with another version of a library.

    Parameters
    ----------
    value : object

    Returns
    -------
    str
        Hexadecimal.
    """
    return _Hasher({}, set()).of(value)


class _Hasher:
    """A SHA-256 to which values are added, each with its kind and size.

    Parameters
    ----------
    known : dict of int to str
        Digests of the functions and classes so far, by their id.
    unfinished : set of int
        Ids of the objects that are being added: an object may contain itself.
    """

    def __init__(self, known, unfinished):
        self._sha = hashlib.sha256()
        self._known, self._unfinished = known, unfinished

    def of(self, value):
        """The digest of one value."""
        part = _Hasher(self._known, self._unfinished)
        part._add(value)
        return part._sha.hexdigest()

    def _add(self, value):
        if _is_missing(value):
            self._text("missing", "")
        elif isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
            self._add(value.item())
        elif isinstance(value, str):
            self._text("str", value)
        elif isinstance(value, bool | int | float | complex | bytes):
            self._text(type(value).__name__, repr(value))
        elif id(value) in self._unfinished:
            self._text("again", "")
        else:
            self._unfinished.add(id(value))
            self._add_object(value)
            self._unfinished.discard(id(value))

    def _add_object(self, value):
        match value:
            case np.ma.MaskedArray():
                self._all("masked", np.ma.getmaskarray(value), value.filled())
            case np.ndarray() | np.generic():
                self._array(np.asarray(value))
            case type() | types.FunctionType() | types.BuiltinFunctionType() | np.ufunc():
                self._named(value)
            case types.CodeType():
                self._all("code", value.co_code, value.co_names, value.co_argcount, value.co_flags, value.co_consts)
            case types.MethodType():
                self._all("method", value.__self__, value.__func__)
            case types.ModuleType():
                self._text("module", value.__name__)
            case functools.partial():
                self._all("partial", value.func, value.args, value.keywords)
            case property() | classmethod() | staticmethod():
                self._all("property", *(getattr(value, name, None) for name in ("fget", "fset", "fdel", "__func__")))
            case collections.abc.Mapping():
                keys = sorted(value, key=self.of)
                self._all("mapping", *itertools.chain.from_iterable((key, value[key]) for key in keys))
            case collections.abc.Set():
                self._all("set", *sorted(map(self.of, value)))
            case collections.abc.Sequence():
                self._all("sequence", *value)
            case np.random.RandomState():
                self._all("state", value.get_state())
            case np.random.Generator():
                self._all("state", value.bit_generator.state)
            case FrozenEstimator():
                self._all("frozen", value.estimator, vars(value.estimator))
            case _ if sparse.issparse(value):
                self._sparse(value)
            case _ if hasattr(value, "columns") and hasattr(value, "shape"):
                self._frame(value)
            case _ if hasattr(value, "to_numpy"):
                self._column(value)
            case _ if hasattr(value, "get_params"):
                self._all("estimator", type(value), value.get_params(deep=False))
            case _ if hasattr(value, "get_config"):
                self._keras(value)
            case _ if hasattr(value, "__array__"):
                self._array(np.asarray(value))
            case _:
                self._instance(value)

    def _text(self, kind, text):
        encoded = text.encode("utf-8", "surrogatepass")
        self._sha.update(f"{kind} {len(encoded)}:".encode() + encoded)

    def _all(self, kind, *parts):
        self._text(kind, str(len(parts)))
        for part in parts:
            self._add(part)

    # ---------------------------------------------------------------- data

    def _array(self, values):
        if values.dtype.names or values.dtype.hasobject:
            self._all(f"objects {values.shape}", *values.ravel().tolist())
            return
        values = _in_microseconds(values) if values.dtype.kind in "mM" else values
        dtype = values.dtype.newbyteorder("<")
        self._text("array", f"{dtype.str} {values.shape}")
        rows = values.reshape(-1) if values.flags.c_contiguous else values
        n_rows = max(BLOCK // max(rows[:1].nbytes, 1), 1)
        for start in range(0, len(rows), n_rows):
            block = np.ascontiguousarray(rows[start : start + n_rows], dtype=dtype)
            self._sha.update(block.reshape(-1).view(np.uint8))

    def _sparse(self, matrix):
        rows = matrix.tocsr(copy=True)
        rows.sum_duplicates()
        self._all("sparse", rows.shape, rows.indices.astype(np.int64), rows.indptr.astype(np.int64), rows.data)

    def _frame(self, frame):
        names = list(getattr(frame, "column_names", frame.columns))
        self._all("frame", *names)
        for number, name in enumerate(names):
            self._column(frame.iloc[:, number] if hasattr(frame, "iloc") else frame[name])

    def _column(self, column):
        """Add a series, without its index, and independently of how its library stores strings, dates and gaps."""
        values = np.asarray(column.to_numpy())
        self._array(values if values.dtype.kind in "biufcmM" else values.astype(object))

    # ---------------------------------------------------------------- code

    def _named(self, value):
        """Add a function or a class: by its name if it is installed, else by its code."""
        module = getattr(value, "__module__", None) or "builtins"
        if isinstance(value, types.BuiltinFunctionType | np.ufunc) or _is_installed(module):
            self._text("installed", f"{module}.{getattr(value, '__qualname__', value.__name__)}")
        elif id(value) in self._known:
            self._text("known", self._known[id(value)])
        else:
            part = _Hasher(self._known, self._unfinished)
            part._own_class(value) if isinstance(value, type) else part._own_function(value)
            self._known[id(value)] = part._sha.hexdigest()
            self._text("known", self._known[id(value)])

    def _own_class(self, value):
        """Add the methods and constants of a class. Attributes that a method sets, such as counters, are left out."""
        methods = {name: part for name, part in vars(value).items() if isinstance(part, METHOD)}
        functions = [part for part in methods.values() if isinstance(part, types.FunctionType)]
        changing = set().union(*(_names(part.__code__, "STORE_ATTR") for part in functions))
        others = vars(value).keys() - methods.keys() - changing
        constants = {name: vars(value)[name] for name in others if not (name.startswith("__") and name.endswith("__"))}
        self._all("class", value.__qualname__, value.__bases__, methods, constants)

    def _own_function(self, value):
        """Add the code of a function and the values that it uses, but not its place in the file."""
        closure = []
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                closure.append(cell.cell_contents)
        code, known = value.__code__, value.__globals__
        names = (_names(code) - _names(code, "STORE_GLOBAL")) & known.keys()
        used = {name: known[name] if isinstance(known[name], CONSTANT) else type(known[name]) for name in names}
        self._all("function", code, value.__defaults__, value.__kwdefaults__, closure, used)

    # ---------------------------------------------------------------- objects

    def _keras(self, value):
        try:
            config = keras.saving.serialize_keras_object(value)
        except (NotImplementedError, TypeError, ValueError):
            config = None
        # Keras numbers layers in each process, so their names differ
        numbers = {name: f"#{number}" for number, name in enumerate(dict.fromkeys(_found_names(config)))}
        self._all("keras", type(value), _renamed(config, numbers))
        if isinstance(value, keras.Layer):
            self._all("layers", *map(type, value._flatten_layers()))
            self._all("weights", *value.get_weights())

    def _instance(self, value):
        kind = type(value)
        # functions of Cython have a name, cached functions the function itself
        self._all("object", kind, getattr(value, "__qualname__", None), getattr(value, "__wrapped__", None))
        if kind.__module__.partition(".")[0] in BY_VALUE or not _is_installed(kind.__module__):
            self._all("attributes", object.__getstate__(value))
        elif " at 0x" not in repr(value):
            self._text("repr", repr(value))


def _is_missing(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float) and math.isnan(value)


def _in_microseconds(values):
    """Times in microseconds, if that is exact: the default unit of pandas depends on its version."""
    converted = values.astype(f"{values.dtype.kind}8[us]")
    is_same = (converted.astype(values.dtype) == values) | np.isnat(values)
    return converted if is_same.all() else values


@functools.cache
def _is_installed(module):
    """Whether a module belongs to Python or to an installed package, and not to the user."""
    root = module.partition(".")[0]
    if root == "__main__":
        return False
    if root in sys.stdlib_module_names or root == __name__.partition(".")[0]:
        return True
    found = sys.modules.get(root)
    places = [getattr(found, "__file__", None), *getattr(found, "__path__", [])]
    return any(place and place.startswith(_places_of_packages()) for place in places)


@functools.cache
def _places_of_packages():
    paths = sysconfig.get_paths()
    return (paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages())


def _names(code, operation=None):
    """Names that a function and its inner functions use, or the names that one operation refers to."""
    own = (step.argval for step in dis.get_instructions(code) if step.opname == operation)
    inner = (_names(part, operation) for part in code.co_consts if isinstance(part, types.CodeType))
    return set(own if operation else code.co_names).union(*inner)


def _found_names(config):
    if isinstance(config, dict):
        if isinstance(config.get("name"), str):
            yield config["name"]
        config = config.values()
    if isinstance(config, collections.abc.Iterable) and not isinstance(config, str | bytes | np.ndarray):
        for part in config:
            if isinstance(part, dict | list | tuple):
                yield from _found_names(part)


def _renamed(config, names):
    if isinstance(config, dict):
        return {key: _renamed(part, names) for key, part in config.items()}
    if isinstance(config, list | tuple):
        return [_renamed(part, names) for part in config]
    return names.get(config, config) if isinstance(config, str) else config
