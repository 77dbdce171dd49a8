"""Random numbers for the parts of one fit."""

import numpy as np
from sklearn.utils import check_random_state

from presets.typing import RandomState


class Seeds:
    """Independent streams of random numbers for the parts of a fit. No global generator is used.

    Parameters
    ----------
    random_state : int, RandomState or None
    stream : int, default=0
        Number of the stream; fits that continue each other need different streams.
    """

    def __init__(self, random_state: RandomState, stream: int = 0) -> None:
        # for None, check_random_state would draw from numpy's global generator, which belongs to the caller
        source = np.random.RandomState() if random_state is None else check_random_state(random_state)
        self._entropy = (int(source.randint(2**31 - 1)), stream)

    def generator(self, purpose: str) -> np.random.Generator:
        """A generator for one purpose."""
        return np.random.default_rng([*self._entropy, *purpose.encode()])

    def integer(self, purpose: str) -> int:
        """A seed for one purpose."""
        return int(self.generator(purpose).integers(2**31 - 1))
