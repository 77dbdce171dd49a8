"""Names that a file may contain without the user's trust. These types and functions only compute, for any input."""

import datetime
import importlib
import re
import sys
from functools import cache
from types import FunctionType
from typing import Any

import keras
import numpy as np
from sklearn.utils import all_estimators

from presets.builders.blueprint import BlueprintWithCode
from presets.builders.configurations import FUNCTIONS

BUILDERS = re.compile(r"presets\.builders\.\w+\.build_\w+")

ROOMS = (
    "presets.automl.",
    "presets.builders.",
    "presets.data.",
    "presets.ensembles.",
    "presets.estimators.",
    "presets.evaluation.",
    "presets.search.dimensions",
    "presets.search.evaluation",
    "presets.search.tuner_search",
    "presets.training.probe",
    "presets.training.recipe",
)
"""Modules whose classes are parts of fitted estimators. Modules that write files or start processes are not listed."""

FUNCTIONS_OF_SKLEARN = (
    "sklearn.feature_selection._mutual_info",
    "sklearn.feature_selection._univariate_selection",
    "sklearn.metrics._classification",
    "sklearn.metrics._ranking",
    "sklearn.metrics._regression",
    "sklearn.metrics.cluster._supervised",
)

"""Modules whose public functions are metrics, or scores of features."""

PARTS_OF_SKLEARN = (
    "sklearn.calibration",
    "sklearn.metrics._scorer",
    "sklearn.model_selection._split",
    "sklearn.utils._metadata_requests",
)
"""Modules whose classes are parts of estimators, but not estimators."""

USUAL_NETWORK = "presets.builders.custom.dense_network"
"""The default value of `network`."""

SELECTOR = "sklearn.compose._column_transformer.make_column_selector"

SCALARS = {f"{kind.__module__}.{kind.__name__}" for kind in np.sctypeDict.values() if kind is not np.void} - {
    "numpy.object_"
}

PLAIN_TYPES = {f"builtins.{name}" for name in ("bool", "dict", "float", "int", "list", "object", "set", "str", "tuple")}

KEY_TYPES = SCALARS | {"builtins.float", "builtins.int", "builtins.str"}

CONSTRUCTED = {"builtins.frozenset", "builtins.range"} | {
    f"datetime.{kind.__name__}"
    for kind in (datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone)
}
"""Immutable values that skops stores as a call of their type."""


def is_builder(name: str) -> bool:
    """Whether this is a function of this package that builds a network."""
    return BUILDERS.fullmatch(name) is not None and _defined(name, FunctionType)


def is_function(name: str) -> bool:
    """Whether this is a function that a file may contain as a value. Any part of an estimator may call it later."""
    module, _, attribute = name.rpartition(".")
    if module in FUNCTIONS:
        return attribute in FUNCTIONS[module]
    if module in FUNCTIONS_OF_SKLEARN:
        return not attribute.startswith("_") and _defined(name, FunctionType)
    return is_builder(name) or name == USUAL_NETWORK or _is_ufunc(name)


def is_type(name: str) -> bool:
    """Whether this is a type that a file may contain as a value."""
    return name in PLAIN_TYPES or name in SCALARS


def is_object(name: str) -> bool:
    """Whether this is a class whose objects a file may contain, as a dict of their attributes."""
    module = name.rpartition(".")[0]
    if f"{module}.".startswith("sklearn."):
        return name in _estimators_of_sklearn() or name == SELECTOR or (module in PARTS_OF_SKLEARN and _defined(name))
    return f"{module}.".startswith(ROOMS) and _defined(name) and not issubclass(find(name), _KEPT_OTHERWISE)


def find(name: str) -> Any:
    """Return the object with this name. Its module is imported, so call this for allowed names only."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


_KEPT_OTHERWISE = (BaseException, BlueprintWithCode, keras.Layer, keras.callbacks.Callback)


def _defined(name, kind=type):
    """Whether a module of this package, or a loaded module, defines this name itself."""
    module, _, attribute = name.rpartition(".")
    if module.startswith("presets."):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:  # the file comes from another version
            return False
    # vars, because a module's `__getattr__` may import more
    found = vars(sys.modules[module]).get(attribute) if module in sys.modules else None
    return isinstance(found, kind) and found.__module__ == module


def _is_ufunc(name):
    module, _, attribute = name.rpartition(".")
    if not f"{module}.".startswith(("numpy.", "scipy.special.")) or module not in sys.modules:
        return False
    return isinstance(vars(sys.modules[module]).get(attribute), np.ufunc)


@cache
def _estimators_of_sklearn():
    names = {f"{kind.__module__}.{kind.__name__}" for _, kind in all_estimators()}
    return {name for name in names if name.startswith("sklearn.")}
