"""The time limit: what of it is left, what fits in, and when a training has to end."""

import math
import time

from presets.training.deadline import Deadline

SHARE = 0.6
"""The part of the time left that one candidate may take, so that others come after it."""

RESERVE = 0.03
"""The part of the time limit that is kept for the ensemble."""

CAUTION = 1.2
"""What a forecast from fewer rows is multiplied by."""

GROWTH = 0.8
"""Power of the number of rows with which seconds grow. From 800 rows to 8,000 it is .7 for boosting, .78 for trees."""


class Clock:
    """Counts down from a time limit.

    Parameters
    ----------
    limit : float or None
        Seconds; None for no limit.
    now : callable, default=time.monotonic
        Gives the time in seconds.

    Attributes
    ----------
    reserve : float
        Seconds of the limit that candidates may not use.
    """

    def __init__(self, limit, *, now=time.monotonic):
        self.limit, self._now, self._start = math.inf if limit is None else float(limit), now, now()
        self.reserve = 0.0 if limit is None else RESERVE * self.limit

    @property
    def elapsed(self):
        """Seconds since the start."""
        return self._now() - self._start

    @property
    def left(self):
        """Seconds that candidates may still use; negative when the time is over, infinite without a limit."""
        return self.limit - self.reserve - self.elapsed

    @property
    def is_limited(self):
        """Whether there is a limit."""
        return math.isfinite(self.limit)

    def fold_seconds(self, n_folds):
        """Seconds that a candidate may take for the next of the folds that it still has to do.

        Parameters
        ----------
        n_folds : int

        Returns
        -------
        float
            At least 0.
        """
        return max(SHARE * self.left / n_folds, 0.0)


def forecast(seconds, n_rows, n_all):
    """Forecast the seconds of a fit from those of a fit on fewer rows, with a margin.

    Parameters
    ----------
    seconds : float
        What the fit on fewer rows took.
    n_rows, n_all : int
        Rows of that fit and of the one to come.

    Returns
    -------
    float
    """
    return CAUTION * seconds * max(n_all / n_rows, 1.0) ** GROWTH


class StopInTime(Deadline):
    """Ends a training with the best epoch so far, before an epoch that would not end in time.

    Parameters
    ----------
    seconds : float
        From now on.
    """

    def __init__(self, seconds):
        super().__init__(seconds)
        self._last, self._longest = time.monotonic(), 0.0

    def on_train_begin(self, logs=None):
        """Begin to measure."""
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Stop the training if the longest epoch so far does not fit in any more."""
        now = time.monotonic()
        self._longest, self._last = max(self._longest, now - self._last), now
        if self.seconds_left < self._longest:
            self.model.stop_training = True
