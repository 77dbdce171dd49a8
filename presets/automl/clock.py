"""The time limit: what of it is left, what fits in, and when a training has to end."""

import math
import time

from presets.training.deadline import Deadline

SHARE = 0.6
"""The part of the time left that one candidate may take, so that others come after it."""

LAST_SHARE = 0.9
"""The same for one that was made to fit into `SHARE`, and takes longer than forecast."""

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
    now : callable or None, default=None
        Gives the time in seconds; None is `time.monotonic`.

    Attributes
    ----------
    reserve : float
        Seconds of the limit that candidates may not use.
    """

    def __init__(self, limit, *, now=None):
        self.limit, self._now = math.inf if limit is None else float(limit), now or time.monotonic
        self._start = self._now()
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

    def keep(self, seconds):
        """Reserve at least so many seconds for the ensemble, if there is a limit."""
        if self.is_limited:
            self.reserve = max(self.reserve, seconds)

    def fold_seconds(self, n_folds, share=SHARE):
        """Seconds that a candidate may take for the next of the folds that it still has to do.

        Parameters
        ----------
        n_folds : int
            That are done one after the other.
        share : float
            Of the time left.

        Returns
        -------
        float
            At least 0.
        """
        return max(share * self.left / n_folds, 0.0)


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
        From now on; infinite to measure the epochs alone.

    Attributes
    ----------
    shortest, longest : float
        Seconds of an epoch.
    """

    def __init__(self, seconds):
        super().__init__(seconds)
        self._last, self.shortest, self.longest = time.monotonic(), math.inf, 0.0

    def on_train_begin(self, logs=None):
        """Begin to measure."""
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Stop the training if the longest epoch so far does not fit in any more."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        self.shortest, self.longest = min(self.shortest, seconds), max(self.longest, seconds)
        if self.seconds_left < self.longest:
            self.model.stop_training = True
