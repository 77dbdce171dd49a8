"""Check of the memory of a network before it is built, because a small file can ask for layers of any size."""

import contextlib
import math

import keras
from keras import tree
from keras.src.backend.common import global_state

from presets.builders.blueprint import Blueprint

WAITING = "uninitialized_variables"
"""Name of Keras's list of variables that it has not made yet. Each thread has a list."""

EXPANSION = 1 << 10
"""Greatest size of a layer's output for one row, divided by the size of the network's weights and a row."""

MANY = 1 << 10
"""The arguments of a network may always contain lists of this length."""

LEAST = 1 << 20
"""A layer may always return this many numbers."""


@contextlib.contextmanager
def planning():
    """Let Keras plan variables without making them."""
    # Keras would otherwise make the planned variables together with the next network
    waiting = list(global_state.get_global_attribute(WAITING) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(WAITING, waiting)


def check_claims(network, weights, x):
    """Compare a network with its weights and its data, before it uses memory.

    The user's code is trusted, and this check does not call it.

    Parameters
    ----------
    network : presets.builders.network.Network
    weights : list of ndarray
        The weights of the network.
    x : array or dict of str to array
        An encoded row.

    Raises
    ------
    ValueError
        If the sizes do not agree.
    """
    blueprints = [argument for argument in network.arguments.values() if isinstance(argument, Blueprint)]
    if not network.build.__module__.startswith("presets.builders.") or any(blueprint.code for blueprint in blueprints):
        return
    if "network" in network.arguments:  # a function of the user
        return
    shapes = tree.map_structure(lambda row: tuple(row.shape[1:]), x)
    if not _agree(network.input_shape, shapes):
        raise ValueError(f"The network takes samples of shape {network.input_shape}, but the file has {shapes}.")
    if any(_longest(argument) > max(len(weights), MANY) for argument in network.arguments.values()):
        raise ValueError("The network has more layers than weights.")
    held = sum(weight.size for weight in weights) + sum(map(math.prod, _shapes(x)))
    is_copy = "blueprint" in network.arguments and "build" not in network.arguments
    with planning():
        if is_copy:  # the copied model may need rows before it has weights
            model = network.arguments["blueprint"].model(x=_symbolic(network.input_shape))
        else:
            for blueprint in blueprints:
                _check_outputs(blueprint.model(), held)
            model = network.model()
        planned = [tuple(weight.shape) for weight in model.weights]
    if planned != [weight.shape for weight in weights]:
        raise ValueError("The weights do not fit the network.")
    _check_outputs(model, held)


def check_variables(made):
    """Raise a ValueError if a planned object has more variables than an object without stored weights may have."""
    n_numbers = sum(math.prod(variable.shape) for variable in getattr(made, "variables", ()))
    if n_numbers > LEAST:
        raise ValueError(f"{type(made).__name__} needs {n_numbers:,} numbers.")


def _agree(claimed, shapes):
    """Whether the shapes of samples and of some rows agree. A size may be None."""
    if isinstance(claimed, dict) or isinstance(shapes, dict):
        return (
            isinstance(claimed, dict)
            and isinstance(shapes, dict)
            and claimed.keys() == shapes.keys()
            and all(_agree(claimed[name], shapes[name]) for name in claimed)
        )
    return len(claimed) == len(shapes) and all(c in (None, s) for c, s in zip(claimed, shapes, strict=True))


def _symbolic(input_shape):
    """Keras inputs of this shape, without values."""
    if isinstance(input_shape, dict):
        return {name: keras.Input(shape) for name, shape in input_shape.items()}
    return keras.Input(input_shape)


def _shapes(x):
    return [row.shape[1:] for row in tree.flatten(x)]


def _longest(value):
    """Length of the longest list in a value."""
    if isinstance(value, dict):
        return max(map(_longest, value.values()), default=0)
    return max(len(value), *map(_longest, value)) if isinstance(value, list | tuple) and value else 0


def _check_outputs(model, held):
    """Raise a ValueError if the output of a layer for one row is much larger than the network."""
    limit = max(LEAST, EXPANSION * held)
    for output in _outputs(model):
        size = math.prod(length or 1 for length in output.shape)
        if size > limit:
            raise ValueError(f"A layer of the network returns {size:,} numbers for each row.")


def _outputs(model):
    functional = getattr(model, "_functional", model)  # a Sequential contains a functional model
    for operation in getattr(functional, "operations", ()):
        for node in operation._inbound_nodes:
            yield from tree.flatten(node.output_tensors)
        yield from _outputs(operation)
