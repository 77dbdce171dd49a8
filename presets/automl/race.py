"""Early end of candidates that do not improve the mixture."""

import numpy as np

from presets.evaluation.folds import out_of_fold

FEWEST_ROWS = 200
"""A candidate is judged when it has predicted this many rows. With fewer rows, most differences are chance."""

SHARES = (0.1, 0.2, 0.3, 0.5, 1.0)
"""Shares of the mixture that a new candidate may get."""


LEAST_GAIN = 1e-3
"""A candidate must improve the score by this share of it. A copy of a member only differs by rounding."""


class Race:
    """The mixture of the completed candidates. A new one continues only if it improves this mixture.

    The mixture is approximate: each completed candidate gets the best of a few shares, and keeps it.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows):
        self._rows = rows
        self._predicted = self._mixture = np.empty(0)
        self._best = -np.inf

    def add(self, predicted, predictions):
        """Add a completed candidate to the mixture, if it improves it.

        Parameters
        ----------
        predicted : ndarray of int
            Row numbers. They are the same for all candidates.
        predictions : ndarray
            Its predictions for these rows.
        """
        if not len(self._mixture):
            self._predicted, self._mixture = predicted, predictions
            self._best = self._rows.score(predicted, predictions)
            return
        mixtures = _blends(self._mixture, predictions)
        scores = [self._rows.score(predicted, mixture) for mixture in mixtures]
        if max(scores) > self._best:
            self._best, self._mixture = max(scores), mixtures[int(np.argmax(scores))]

    def is_lost(self, folds):
        """Whether a candidate would not improve the mixture, judged by some of its folds.

        Parameters
        ----------
        folds : list of Fold

        Returns
        -------
        bool
        """
        rows, predictions = out_of_fold(folds, len(self._rows.y))
        if not len(self._mixture) or len(rows) < min(FEWEST_ROWS, len(self._predicted) / 2):
            return False
        mixture = self._mixture[np.searchsorted(self._predicted, rows)]
        score = self._rows.score(rows, mixture)
        needed = score + LEAST_GAIN * abs(score)
        return all(self._rows.score(rows, blend) < needed for blend in _blends(mixture, predictions))


def _blends(mixture, predictions):
    return [(1 - share) * mixture + share * predictions for share in SHARES]
