"""Random numbers for the parts of one fit."""

import numpy as np
from sklearn.utils import check_random_state


class Seeds:
    """Independent streams of random numbers for the parts of a fit; nothing global is drawn from.

    Parameters
    ----------
    random_state : int, RandomState or None
    stream : int, default=0
        Tells apart fits that go on from one another.
    """

    def __init__(self, random_state, stream=0):
        # without a random_state scikit-learn would draw from numpy's global generator, which belongs to the caller
        source = np.random.RandomState() if random_state is None else check_random_state(random_state)
        self._entropy = (int(source.randint(2**31 - 1)), stream)

    def generator(self, purpose):
        """A generator for one purpose."""
        return np.random.default_rng([*self._entropy, *purpose.encode()])

    def integer(self, purpose):
        """A seed for one purpose."""
        return int(self.generator(purpose).integers(2**31 - 1))
