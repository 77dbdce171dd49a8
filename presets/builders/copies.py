"""New objects that hold all that the user's losses, metrics and optimizers hold.

A program needs objects with variables of its own. Keras builds them from `get_config`, which often tells only a part:
that of `keras.losses.Huber(delta=0.1)` leaves out `delta`, as does that of any subclass without a `get_config`.
"""

import functools
import types
from collections.abc import Mapping

import keras

from presets.builders.freeze import freeze, is_of_library, plain_state, state_of


def copy_of(given, parameter, **changes):
    """Build an object again, with variables of its own.

    Parameters
    ----------
    given : keras.losses.Loss, keras.metrics.Metric or keras.optimizers.Optimizer
    parameter : str
        What an error calls it.
    **changes
        Entries of its configuration that are to be others.

    Returns
    -------
    object of the same class

    Raises
    ------
    TypeError
        If its class cannot be built again as it is.
    """
    made = built_from(given, given.get_config(), parameter)
    missing = missing_state(given, made, parameter)
    if changes:
        made = built_from(given, given.get_config() | changes, parameter)
    if "_fn_kwargs" in missing:  # arguments of the function that Keras's classes wrap
        missing["_fn_kwargs"] |= {name: value for name, value in changes.items() if name in missing["_fn_kwargs"]}
    vars(made).update({name: part for name, part in missing.items() if name not in changes})
    return made


def missing_state(given, made, parameter):
    """Find what an object holds and one built from its configuration does not.

    Returns
    -------
    dict of str to object
        Plain values, by the names of the attributes.

    Raises
    ------
    TypeError
        If something is missing that is no plain value.
    """
    usual = _attributes_of_optimizers() if isinstance(given, keras.optimizers.Optimizer) else ()
    missing = {
        name: part
        for name, part in state_of(given).items()
        if name not in usual and (name not in vars(made) or freeze(part) != freeze(vars(made)[name]))
    }
    plain = plain_state(given)
    # of what cannot be compared the user's own get_config is believed
    tells = not is_of_library(type(given).get_config)
    lost = [name for name, part in missing.items() if name not in plain and not (tells and name in vars(made))]
    shapes = [[tuple(v.shape) for v in o.variables] if hasattr(o, "variables") else [] for o in (given, made)]
    if lost or (len(shapes[0]) == len(shapes[1]) and shapes[0] != shapes[1]):
        raise TypeError(
            f"{parameter}: {type(given).__name__} holds {', '.join(lost) or 'variables'}, but its get_config() does "
            "not tell it, so that no fit can build it. Let get_config() tell all arguments of the class."
        )
    return {name: dict(part) if isinstance(part, Mapping) else part for name, part in missing.items() if name in plain}


@functools.cache
def _attributes_of_optimizers():
    """Names of what Keras keeps with every optimizer."""
    return frozenset(vars(keras.optimizers.SGD()))


def built_from(given, config, parameter):
    """Build an object of the same class from a configuration."""
    try:
        functions = {part.__name__: part for part in vars(given).values() if isinstance(part, types.FunctionType)}
        with keras.saving.custom_object_scope(functions):
            return type(given).from_config(dict(config))  # Keras changes what it is given
    except Exception as error:  # whatever the user's class raises
        raise TypeError(
            f"{parameter}: {type(given).__name__} cannot be built again from its get_config(): {error}. Let it tell "
            "all arguments of the class."
        ) from error
