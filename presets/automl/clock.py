"""The time limit: the time left and forecasts of fits."""

import math
import time

SHARE = 0.6
"""Share of the time left that one candidate may use. The rest is for later candidates."""

LAST_SHARE = 0.9
"""The same share for a candidate whose epochs were chosen to fit into `SHARE`, if it takes longer than forecast."""

RESERVE = 0.03
"""Share of the time limit that is kept for the ensemble."""

CAUTION = 1.2
"""Factor of a forecast from fewer rows, as a margin."""

GROWTH = 1.1, 3.0
"""Seconds of a fit grow with a power of the rows, between these two. Trees with single rows in their leaves have 1.1 up
to 80,000 rows, and a support vector machine has 2."""


class Clock:
    """Measures the time left of a time limit.

    Parameters
    ----------
    limit : float or None
        Seconds. None is no limit.
    now : callable or None, default=None
        Returns the time in seconds. None is `time.monotonic`.

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
        """Seconds that candidates may still use: negative when the time is over, infinite without a limit."""
        return self.limit - self.reserve - self.elapsed

    @property
    def is_limited(self):
        """Whether there is a limit."""
        return math.isfinite(self.limit)

    def keep(self, seconds):
        """Reserve at least this many seconds for the ensemble, if there is a limit."""
        if self.is_limited:
            self.reserve = max(self.reserve, seconds)

    def fold_seconds(self, n_folds, share=SHARE):
        """Seconds that a candidate may use for its next fold.

        Parameters
        ----------
        n_folds : int
            Number of remaining folds that run one after the other.
        share : float
            Share of the time left.

        Returns
        -------
        float
            At least 0.
        """
        return max(share * self.left / n_folds, 0.0)


def forecast(seconds, n_rows, n_all, before=None):
    """Forecast the seconds of a fit from one or two fits on fewer rows, with a margin.

    Parameters
    ----------
    seconds : float
        Seconds of the fit on fewer rows.
    n_rows, n_all : int
        Rows of the fit on fewer rows, and of the fit to forecast.
    before : (float, int) or None, default=None
        Seconds and rows of a fit on still fewer rows. The two fits show how fast the seconds grow.

    Returns
    -------
    float
    """
    least, most = GROWTH
    growth = least
    if before is not None and min(seconds, before[0]) > 0:
        growth = min(max(math.log(seconds / before[0]) / math.log(n_rows / before[1]), least), most)
    return CAUTION * seconds * max(n_all / n_rows, 1.0) ** growth
