"""Seeds for the parts of a copied layer: Keras would draw missing seeds from Python's global generator."""

from collections.abc import Iterator
from typing import Any


def seeded(config: Any, seeds: Iterator[int]) -> Any:
    """Give a seed to each part of a configuration that has none, also to initializers and inner layers.

    Parameters
    ----------
    config : dict, list or value
        Configuration of a Keras object.
    seeds : iterator of int

    Returns
    -------
    dict, list or value
        A copy.
    """
    if isinstance(config, dict):
        return {
            name: next(seeds) if name == "seed" and part is None else seeded(part, seeds)
            for name, part in config.items()
        }
    return type(config)(seeded(part, seeds) for part in config) if type(config) in (list, tuple) else config
