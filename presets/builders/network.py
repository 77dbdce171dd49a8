"""The network to build, as a builder and its arguments."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from presets.builders.storage import PlainState


@dataclass(frozen=True, eq=False)
class Network(PlainState):
    """A builder with its arguments: all that is needed to build the same core again.

    Parameters
    ----------
    build : callable
        ``build(input_shape, n_outputs, **arguments)`` returns a `keras.Model` from standardised inputs to logits or
        standardised values.
    input_shape : tuple of int or None
        Shape of one sample.
    n_outputs : int
    arguments : mapping
        Keyword arguments of the builder.
    """

    build: Callable[..., Any]
    input_shape: Any
    n_outputs: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def model(self, **overrides: Any) -> keras.Model:
        """Build the core, with some arguments replaced."""
        return self.build(self.input_shape, self.n_outputs, **{**self.arguments, **overrides})

    def replace(self, **arguments: Any) -> "Network":
        """A network with some arguments replaced."""
        return dataclasses.replace(self, arguments={**self.arguments, **arguments})
