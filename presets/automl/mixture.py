"""The mixture of the best candidates: weights, temperature and threshold, from predictions out of fold."""

import numpy as np

from presets.data.calibration import temperature
from presets.ensembles.selection import greedy_selection
from presets.evaluation.folds import predictions_of

CALIBRATION_ROWS = {2: 3000}
"""Least number of rows for the calibration, by the number of classes, as in AutoGluon."""

CALIBRATION_ROWS_OF_MORE = 500
"""Least number of rows for the calibration of other numbers of classes."""

MOST_SELECTED = 30
"""The selection uses only this many of the best candidates, because a search adds many similar ones."""

THRESHOLDS = 99
"""Number of quantiles of the probabilities, without the ends. The thresholds to try lie between them."""


def select(rows, trials, out_of_fold, n_steps):
    """Choose the weights of the trials, and store them there.

    Parameters
    ----------
    rows : Rows
    trials : list of Trial
        Trials to choose from. All have predictions for the same rows.
    out_of_fold : dict of str to (ndarray, ndarray)
        Rows and predictions of each trial.
    n_steps : int
        Steps of the greedy selection.

    Returns
    -------
    predicted : ndarray of int
        Numbers of the predicted rows.
    mixture : ndarray
        Predictions of the mixture for these rows.
    """
    best = sorted(trials, key=lambda trial: -trial.score)[:MOST_SELECTED]  # stable: the first of equal scores
    predicted = out_of_fold[best[0].name][0]
    predictions = [out_of_fold[trial.name][1] for trial in best]
    weights = greedy_selection(
        predictions,
        rows.target[predicted],
        rows.metric.loss,
        sample_weight=rows.weights(predicted),
        n_steps=n_steps,
    )
    for trial, weight in zip(best, weights, strict=True):
        trial.weight = float(weight)
    return predicted, sum(weight * part for weight, part in zip(weights, predictions, strict=True) if weight)


def mix(trials, X, classes):
    """Predict with the trials that have a weight.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), (n_samples,) or (n_samples, n_outputs)
    """
    members = [trial for trial in trials if trial.weight]
    return np.sum([m.weight * np.mean([predictions_of(of, X, classes) for of in m.models], axis=0) for m in members], 0)


def find_temperature(probabilities, codes, weights, calibrate):
    """The temperature that corrects probabilities, or 1 for no correction.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Probabilities out of fold.
    codes : ndarray of shape (n_samples,)
    weights : ndarray of shape (n_samples,) or None
    calibrate : bool or "auto"
        "auto" calibrates if there are enough rows.

    Returns
    -------
    float
    """
    enough = len(codes) >= CALIBRATION_ROWS.get(probabilities.shape[1], CALIBRATION_ROWS_OF_MORE)
    if calibrate is True or (calibrate == "auto" and enough):
        return temperature(_logits(probabilities), codes, weights)
    return 1.0


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
