"""Early end of candidates that do not improve the ensemble."""

import math

import numpy as np

from presets.automl.mixture import corrected, softened
from presets.ensembles.selection import greedy_selection
from presets.evaluation.folds import out_of_fold

FEWEST_ROWS = 200
"""A candidate is judged when it has predicted this many rows. With fewer rows, most differences are chance."""

LEAST_GAIN = 1e-3
"""A candidate must improve the score by this share of it. A copy of a member only differs by rounding."""

TEMPERATURE_ROWS = 500
"""Greatest number of rows for a temperature here, to save time."""

OTHERS, STEPS = 8, 10
"""How many of the best completed candidates are compared with, and the steps of the selection from them."""


class Race:
    """The completed candidates. A new one continues only if an ensemble with it is better than one without it.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows):
        self._rows = rows
        self._predicted = np.empty(0, dtype=int)
        self._completed = []  # scores and predictions

    def add(self, predicted, predictions, score):
        """Add a completed candidate.

        Parameters
        ----------
        predicted : ndarray of int
            Row numbers. They are the same for all candidates.
        predictions : ndarray
            Its predictions for these rows, without its temperature.
        score : float
            Their score.
        """
        self._predicted = predicted
        self._completed.append((score, predictions))
        self._completed.sort(key=lambda pair: -pair[0])

    def is_lost(self, folds):
        """Whether a candidate does not improve the ensemble on the rows of some of its folds.

        Parameters
        ----------
        folds : list of Fold

        Returns
        -------
        bool
        """
        rows, predictions = out_of_fold(folds, len(self._rows.y))
        if not self._completed or len(rows) < min(FEWEST_ROWS, len(self._predicted) / 2):
            return False
        places = np.searchsorted(self._predicted, rows)
        others = [self._corrected(rows, known[places]) for _, known in self._completed[:OTHERS]]
        score = self._score(rows, others)
        return self._score(rows, [*others, self._corrected(rows, predictions)]) < score + LEAST_GAIN * abs(score)

    def _corrected(self, rows, predictions):
        """Correct predictions by a temperature from these rows. It is the same for a copy of a candidate."""
        some = np.linspace(0, len(rows) - 1, min(len(rows), TEMPERATURE_ROWS)).astype(int)
        temperature, _ = corrected(self._rows, rows[some], predictions[some])
        return softened(predictions, temperature)

    def _score(self, rows, predictions):
        """Score of an ensemble that is selected for these rows, or NaN if the metric cannot score them."""
        target, weights = self._rows.target[rows], self._rows.weights(rows)
        try:
            shares = greedy_selection(predictions, target, self._rows.metric.loss, sample_weight=weights, n_steps=STEPS)
            mixture = sum(share * part for share, part in zip(shares, predictions, strict=True) if share)
            return self._rows.score(rows, mixture)
        except Exception:  # no loss is finite, or a metric refuses the predictions, such as negative ones
            return math.nan
