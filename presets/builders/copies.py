"""Complete copies of the user's losses, metrics and optimizers.

A program needs objects with its own variables. Keras builds them from `get_config`, which is often incomplete:
`keras.losses.Huber(delta=0.1).get_config()` has no `delta`, and a subclass without a `get_config` loses its arguments.
"""

import functools
import types
from collections.abc import Mapping
from typing import Any

import keras

from presets.builders.freeze import freeze, is_of_library, plain_state, state_of


def copy_of(given: Any, parameter: str, **changes: Any) -> Any:
    """Copy an object; the copy has its own variables.

    Parameters
    ----------
    given : keras.losses.Loss, keras.metrics.Metric or keras.optimizers.Optimizer
    parameter : str
        Name of the parameter, for errors.
    **changes
        Entries of the configuration to replace.

    Returns
    -------
    object of the same class

    Raises
    ------
    TypeError
        If the object cannot be copied.
    """
    made = built_from(given, given.get_config(), parameter)
    missing = missing_state(given, made, parameter)
    if changes:
        made = built_from(given, given.get_config() | changes, parameter)
    if "_fn_kwargs" in missing:  # arguments of the function that a Keras class wraps
        missing["_fn_kwargs"] |= {name: value for name, value in changes.items() if name in missing["_fn_kwargs"]}
    vars(made).update({name: part for name, part in missing.items() if name not in changes})
    return made


def missing_state(given: Any, made: Any, parameter: str) -> dict[str, Any]:
    """Find the attributes of an object that a copy from its configuration lacks.

    Returns
    -------
    dict of str to object
        Plain values, by the names of the attributes.

    Raises
    ------
    TypeError
        If the copy lacks something that is not a plain value.
    """
    usual = _attributes_of_optimizers() if isinstance(given, keras.optimizers.Optimizer) else ()
    missing = {
        name: part
        for name, part in state_of(given).items()
        if name not in usual and (name not in vars(made) or freeze(part) != freeze(vars(made)[name]))
    }
    plain = plain_state(given)
    # values that cannot be compared: trust the user's own get_config
    tells = not is_of_library(type(given).get_config)
    lost = [name for name, part in missing.items() if name not in plain and not (tells and name in vars(made))]
    shapes = [[tuple(v.shape) for v in o.variables] if hasattr(o, "variables") else [] for o in (given, made)]
    if lost or (len(shapes[0]) == len(shapes[1]) and shapes[0] != shapes[1]):
        raise TypeError(
            f"{parameter}: get_config() of {type(given).__name__} does not return {', '.join(lost) or 'variables'}, so "
            "fit cannot copy the object. get_config() must return all arguments of the class."
        )
    return {name: dict(part) if isinstance(part, Mapping) else part for name, part in missing.items() if name in plain}


@functools.cache
def _attributes_of_optimizers():
    """Names of the attributes that Keras sets on each optimizer."""
    return frozenset(vars(keras.optimizers.SGD()))


def built_from(given: Any, config: Mapping[str, Any], parameter: str) -> Any:
    """Build an object of the same class from a configuration."""
    try:
        functions = {part.__name__: part for part in vars(given).values() if isinstance(part, types.FunctionType)}
        with keras.saving.custom_object_scope(functions):
            return type(given).from_config(dict(config))  # Keras changes this dict
    except Exception as error:  # the user's class may raise anything
        raise TypeError(
            f"{parameter}: {type(given).__name__} cannot be built from its get_config(): {error}. get_config() must "
            "return all arguments of the class."
        ) from error
