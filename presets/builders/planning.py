"""What a network would take, found before anything of it is made: a small file can claim layers of any size."""

import contextlib
import math

import keras
from keras import tree
from keras.src.backend.common import global_state

from presets.builders.blueprint import Blueprint

WAITING = "uninitialized_variables"
"""Where Keras keeps, in each thread, variables that it has still to make."""

EXPANSION = 1 << 10
"""Times by which what a layer puts out for a row may exceed all that a network holds: its weights and a row."""

LEAST = 1 << 20
"""Numbers that a layer may put out in any case."""


@contextlib.contextmanager
def planning():
    """Let Keras plan the variables of what is built, and make none."""
    # Keras would make the planned variables when another network is next built
    waiting = list(global_state.get_global_attribute(WAITING) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(WAITING, waiting)


def check_claims(network, weights, x):
    """Compare what a network claims to be with its weights and its data, before it takes memory.

    Code of the user's is trusted, and is not called for that.

    Parameters
    ----------
    network : presets.builders.network.Network
    weights : list of ndarray
        That it is to get.
    x : array or dict of str to array
        An encoded row.

    Raises
    ------
    ValueError
        If the network is of another size.
    """
    blueprints = [argument for argument in network.arguments.values() if isinstance(argument, Blueprint)]
    if not network.build.__module__.startswith("presets.builders.") or any(blueprint.code for blueprint in blueprints):
        return
    if "network" in network.arguments:  # a function of the user's
        return
    shapes = tree.map_structure(lambda row: tuple(row.shape[1:]), x)
    if not _agree(network.input_shape, shapes):
        raise ValueError(f"The network takes samples of shape {network.input_shape}, but its own are {shapes}.")
    if any(_longest(argument) > len(weights) for argument in network.arguments.values()):
        raise ValueError("The network has more layers than weights.")
    held = sum(weight.size for weight in weights) + sum(map(math.prod, _shapes(x)))
    with planning():
        for blueprint in blueprints:
            _check_outputs(blueprint.model(), held)
        model = network.model()
        planned = [tuple(weight.shape) for weight in model.weights]
    if planned != [weight.shape for weight in weights]:
        raise ValueError("The weights are not those of the network.")
    _check_outputs(model, held)


def check_variables(made):
    """Raise a ValueError if what was planned has more variables than any object has that is stored without weights."""
    n_numbers = sum(math.prod(variable.shape) for variable in getattr(made, "variables", ()))
    if n_numbers > LEAST:
        raise ValueError(f"{type(made).__name__} takes {n_numbers:,} numbers.")


def _agree(claimed, shapes):
    """Whether shapes of samples are those of some rows; a claimed size may be None."""
    if isinstance(claimed, dict) or isinstance(shapes, dict):
        return (
            isinstance(claimed, dict)
            and isinstance(shapes, dict)
            and claimed.keys() == shapes.keys()
            and all(_agree(claimed[name], shapes[name]) for name in claimed)
        )
    return len(claimed) == len(shapes) and all(c in (None, s) for c, s in zip(claimed, shapes, strict=True))


def _shapes(x):
    return [row.shape[1:] for row in tree.flatten(x)]


def _longest(value):
    """Length of the longest list in a value."""
    if isinstance(value, dict):
        return max(map(_longest, value.values()), default=0)
    return max(len(value), *map(_longest, value)) if isinstance(value, list | tuple) and value else 0


def _check_outputs(model, held):
    """Raise a ValueError if a layer puts out far more for a row than the network holds."""
    limit = max(LEAST, EXPANSION * held)
    for output in _outputs(model):
        size = math.prod(length or 1 for length in output.shape)
        if size > limit:
            raise ValueError(f"A layer of the network puts out {size:,} numbers for each row.")


def _outputs(model):
    functional = getattr(model, "_functional", model)  # of a Sequential
    for operation in getattr(functional, "operations", ()):
        for node in operation._inbound_nodes:
            yield from tree.flatten(node.output_tensors)
        yield from _outputs(operation)
