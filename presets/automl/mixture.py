"""The mixture of the best candidates: weights, temperature and threshold, from predictions out of fold."""

import math
from dataclasses import dataclass

import numpy as np

from presets.data.calibration import PRIOR, temperature
from presets.ensembles.selection import greedy_selection
from presets.evaluation.folds import predictions_of

CALIBRATION_PRIOR = 10.0
"""Weight of the prior that keeps a temperature from few rows near 1. Evidence: 22 sets of classes with 156 to 1,500
rows, two splits each, 20 s. With it the log loss is 1.8% smaller than without a temperature, on the worst set 1.6%
larger. Without any prior, it is nine times larger on one set. With a temperature only from 3,000 rows (two classes) or
500 rows (more classes), as in AutoGluon, the log loss is 1.1% smaller.

A temperature for each candidate besides that of the mixture makes it 1.2% smaller still, on the worst set .6% larger:
seven sets, 17 models each, weights from 127 to 1,500 rows, with predictions from `benchmarks/portfolio.py measure`."""

MOST_SELECTED = 30
"""The selection uses only this many of the best candidates, because a search adds many similar ones."""

THRESHOLDS = 99
"""Number of quantiles of the probabilities, without the ends. The thresholds to try lie between them."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weights of candidates, and what they predict together.

    Parameters
    ----------
    weights : dict of str to float
        By the names of the candidates. Candidates without a weight are left out.
    rows : ndarray of int
        Numbers of the predicted rows.
    predictions : ndarray
        Predictions for these rows, without the temperature of the mixture.
    """

    weights: dict[str, float]
    rows: np.ndarray
    predictions: np.ndarray


def mixtures(rows, trials, out_of_fold, n_steps, clock):
    """Select candidates from all trials, then from all but the last, and so on.

    If the best of these mixtures is taken, another candidate never makes it worse.

    Parameters
    ----------
    rows : Rows
    trials : list of Trial
        Trials to choose from. All have predictions for the same rows.
    out_of_fold : dict of str to (ndarray, ndarray)
        Rows and predictions of each trial, without its temperature.
    n_steps : int
        Steps of the greedy selection.
    clock : Clock
        The mixtures end before the time limit, if each takes as long as the first.

    Yields
    ------
    Mixture
        The second one is the best candidate alone. No temperature of a mixture changes its score.

    Raises
    ------
    ValueError
        If all scores are infinite or NaN.
    """
    start = clock.elapsed
    yield _selected(rows, trials, out_of_fold, n_steps)
    seconds = clock.elapsed - start
    yield _selected(rows, trials, out_of_fold, 1)
    for n_first in range(len(trials) - 1, 0, -1):
        first = trials[:n_first]
        if clock.elapsed + seconds >= clock.limit or not any(trial.score > -math.inf for trial in first):
            return
        yield _selected(rows, first, out_of_fold, n_steps)


def _selected(rows, trials, out_of_fold, n_steps):
    best = sorted(trials, key=lambda trial: -trial.score)[:MOST_SELECTED]  # stable: the first of equal scores
    predicted = out_of_fold[best[0].name][0]
    predictions = [softened(out_of_fold[trial.name][1], trial.temperature) for trial in best]
    weights = greedy_selection(
        predictions,
        rows.target[predicted],
        rows.metric.loss,
        sample_weight=rows.weights(predicted),
        n_steps=n_steps,
    )
    parts = [weight * part for weight, part in zip(weights, predictions, strict=True) if weight]
    chosen = {trial.name: float(weight) for trial, weight in zip(best, weights, strict=True) if weight}
    return Mixture(chosen, predicted, sum(parts))


def mix(trials, X, classes):
    """Predict with the trials that have a weight.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), (n_samples,) or (n_samples, n_outputs)
    """
    return np.sum([trial.weight * _predict(trial, X, classes) for trial in trials if trial.weight], axis=0)


def _predict(trial, X, classes):
    return softened(np.mean([predictions_of(model, X, classes) for model in trial.models], axis=0), trial.temperature)


def corrected(rows, predicted, predictions):
    """Correct the predictions of a candidate out of fold.

    Parameters
    ----------
    rows : Rows
    predicted : ndarray of int
        Numbers of the predicted rows.
    predictions : ndarray

    Returns
    -------
    temperature : float
    predictions : ndarray
        Values of a regression stay as they are.
    """
    if rows.classes is None:
        return 1.0, predictions
    temperature = find_temperature(predictions, rows.target[predicted], rows.weights(predicted), rows.calibrate)
    return temperature, softened(predictions, temperature)


def find_temperature(probabilities, codes, weights, calibrate):
    """The temperature that corrects probabilities, or 1 for no correction.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Probabilities out of fold.
    codes : ndarray of shape (n_samples,)
    weights : ndarray of shape (n_samples,) or None
    calibrate : bool or "auto"
        "auto" has a stronger prior for a temperature of 1.

    Returns
    -------
    float
    """
    if calibrate is False:
        return 1.0
    prior = CALIBRATION_PRIOR if calibrate == "auto" else PRIOR
    return temperature(_logits(probabilities), codes, weights, prior=prior)


def softened(probabilities, temperature):
    """Probabilities from logits that are divided by a temperature."""
    if temperature == 1.0:
        return probabilities
    logits = _logits(probabilities) / temperature
    softened = np.exp(logits - logits.max(axis=1, keepdims=True))
    return softened / softened.sum(axis=1, keepdims=True)


def decided(probabilities, threshold):
    """Change probabilities of two classes, so that the second reaches one half at the threshold."""
    if threshold == 0.5:
        return probabilities
    moved = probabilities * [threshold, 1 - threshold]
    return moved / np.maximum(moved.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)


def best_threshold(probabilities, codes, weights, metric):
    """The threshold with the best score of the labels.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, 2)
    codes : ndarray of shape (n_samples,)
    weights : ndarray of shape (n_samples,) or None
    metric : Metric

    Returns
    -------
    float
        .5 if no other threshold is better.
    """
    found = np.unique(np.quantile(probabilities[:, 1], np.linspace(0, 1, THRESHOLDS + 2), method="nearest"))
    between = (found[1:] + found[:-1]) / 2
    tried = [0.5, *between[(between > 0) & (between < 1)].tolist()]
    scores = [metric.score(codes, decided(probabilities, threshold), weights) for threshold in tried]
    return float(tried[int(np.argmax(scores))])


def _logits(probabilities):
    return np.log(np.clip(probabilities, np.finfo(np.float64).eps, 1.0))
