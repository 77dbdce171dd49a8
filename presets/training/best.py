"""The best epoch of a training, whose weights are kept."""

import math
from collections import deque


class BestEpoch:
    """Finds the epoch with the best smoothed monitored value (a moving mean).

    At a high learning rate, the loss of few validation rows changes much from epoch to epoch. So the lowest of hundreds
    of values is chance; a mean of several values is not.

    Parameters
    ----------
    maximize : bool
        Whether larger values are better.
    n_averaged : int
        Number of values in the mean: that of the epoch and those of the epochs before.
    takes_last : bool, default=False
        Whether the last of equal epochs is the best, such as where the rate falls to zero. A few validation rows give
        the same accuracy in many epochs.
    """

    def __init__(self, *, maximize: bool, n_averaged: int, takes_last: bool = False) -> None:
        self._sign = -1.0 if maximize else 1.0
        self._takes_last = takes_last
        self._recent: deque[float] = deque(maxlen=n_averaged)
        self._best = math.inf

    def is_best(self, value: float) -> bool:
        """Take the value of one more epoch, and say whether this epoch is the best so far."""
        self._recent.append(self._sign * value)
        mean = sum(self._recent) / len(self._recent)
        if mean < self._best or (self._takes_last and mean == self._best):
            self._best = mean
            return True
        return False
