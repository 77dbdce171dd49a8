"""The best epoch of a training, whose weights are kept."""

import math
from collections import deque


class BestEpoch:
    """Finds the epoch with the best monitored value, or with the best mean of it and the values before.

    At a high rate the loss of a few validation rows jumps from epoch to epoch, so that the least of hundreds is luck;
    a mean of several is not.

    Parameters
    ----------
    maximize : bool
        Whether larger is better.
    n_averaged : int
        How many values, up to the epoch's own, make the mean.
    """

    def __init__(self, *, maximize, n_averaged):
        self._sign = -1.0 if maximize else 1.0
        self._recent = deque(maxlen=n_averaged)
        self._best = math.inf

    def is_best(self, value):
        """Whether this epoch is the best so far; to be asked once an epoch."""
        self._recent.append(self._sign * value)
        mean = sum(self._recent) / len(self._recent)
        if mean < self._best:
            self._best = mean
            return True
        return False
