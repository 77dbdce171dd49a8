"""Fits on folds, with the models kept and their predictions for the rows that each has not seen."""

import time
from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing


@dataclass
class Fold:
    """One fit on a part of the rows.

    Parameters
    ----------
    model : estimator
        Fitted.
    rows : ndarray of int
        The rows that it was not trained on.
    predictions : ndarray of shape (n_test_rows, ...)
        For these rows, as `predictions_of` gives them.
    fit_seconds, predict_seconds : float
    """

    model: object
    rows: np.ndarray
    predictions: np.ndarray
    fit_seconds: float
    predict_seconds: float


def fit_fold(estimator, X, y, train, test, *, sample_weight=None, classes=None):
    """Fit an estimator on some rows and let it predict others.

    Parameters
    ----------
    estimator : estimator
        Is fitted itself; give a clone.
    X : array-like of shape (n_samples, ...)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    train, test : ndarray of int
        Rows to fit and rows to predict.
    sample_weight : ndarray of shape (n_samples,), optional
        For the fit; in a pipeline its last step gets them.
    classes : ndarray of shape (n_classes,), optional
        Labels, sorted, of a classifier.

    Returns
    -------
    Fold

    Raises
    ------
    ValueError
        If a prediction is not finite.
    """
    start = time.monotonic()
    fit_weighted(
        estimator,
        _safe_indexing(X, train),
        y[train],
        None if sample_weight is None else sample_weight[train],
    )
    middle = time.monotonic()
    predictions = predictions_of(estimator, _safe_indexing(X, test), classes)
    end = time.monotonic()
    if not np.isfinite(predictions).all():
        raise ValueError(f"{type(estimator).__name__} gives predictions that are not finite.")
    return Fold(estimator, test, predictions, middle - start, end - middle)


def fit_weighted(estimator, X, y, sample_weight=None):
    """Fit an estimator, with weights for the last step where it is a pipeline.

    Returns
    -------
    estimator
    """
    if sample_weight is None:
        return estimator.fit(X, y)
    if isinstance(estimator, Pipeline):
        with config_context(enable_metadata_routing=False):
            return estimator.fit(X, y, **{f"{estimator.steps[-1][0]}__sample_weight": sample_weight})
    return estimator.fit(X, y, sample_weight=sample_weight)


def predictions_of(model, X, classes=None):
    """Predictions as numbers that can be averaged.

    Parameters
    ----------
    model : estimator
        Fitted.
    X : array-like of shape (n_samples, ...)
    classes : ndarray of shape (n_classes,), optional
        Labels, sorted, of a classifier. One that the model has not met has the probability 0.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), (n_samples,) or (n_samples, n_outputs)
        Probabilities of the classes, or values; in float64.
    """
    if classes is None:
        return np.asarray(model.predict(X), dtype=np.float64)
    given = model.predict_proba(X)
    probabilities = np.zeros((len(given), len(classes)))
    probabilities[:, np.searchsorted(classes, model.classes_)] = given
    return probabilities


def out_of_fold(folds, n_rows):
    """Join the predictions of folds.

    Parameters
    ----------
    folds : list of Fold
    n_rows : int
        Of all data.

    Returns
    -------
    rows : ndarray of int
        Those that some fold has predicted, sorted.
    predictions : ndarray of shape (len(rows), ...)
        The mean, where several folds have predicted a row.
    """
    counts = np.zeros(n_rows, dtype=int)
    total = np.zeros((n_rows, *folds[0].predictions.shape[1:]))
    for fold in folds:
        counts[fold.rows] += 1
        total[fold.rows] += fold.predictions
    rows = np.flatnonzero(counts)
    counts = counts[rows].reshape(-1, *[1] * (total.ndim - 1))
    return rows, total[rows] / counts
