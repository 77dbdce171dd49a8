"""Fits on folds. The models are kept, with their predictions for the rows that they have not seen."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from presets.typing import Array, Features, Values

SUM_ERROR = 1e-3
"""Largest difference of a sum of probabilities from 1. It allows for float32, or float16, and many classes."""


@dataclass
class Fold:
    """One fit on a part of the rows.

    Parameters
    ----------
    model : estimator
        Fitted.
    rows : ndarray of int
        Numbers of the rows that the model was not trained on.
    predictions : ndarray of shape (n_test_rows, ...)
        Predictions for these rows, from `predictions_of`.
    fit_seconds, predict_seconds : float
        Wall time.
    """

    model: Any
    rows: Array
    predictions: Array
    fit_seconds: float
    predict_seconds: float


def fit_fold(
    estimator: Any,
    X: Features,
    y: Array,
    train: Array,
    test: Array,
    *,
    sample_weight: Array | None = None,
    classes: Array | None = None,
) -> Fold:
    """Fit an estimator on some rows, and predict other rows with it.

    Parameters
    ----------
    estimator : estimator
        The object itself is fitted; give a clone.
    X : array-like of shape (n_samples, ...)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    train, test : ndarray of int
        Numbers of the rows to fit, and of the rows to predict.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights for the fit. In a pipeline the last step gets them.
    classes : ndarray of shape (n_classes,), optional
        Sorted labels; needed for a classifier.

    Returns
    -------
    Fold

    Raises
    ------
    ValueError
        If a prediction is not finite, or if probabilities are negative or do not sum to 1.
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
    if classes is not None and (predictions.min() < 0 or np.abs(predictions.sum(axis=1) - 1).max() > SUM_ERROR):
        raise ValueError(f"{type(estimator).__name__} gives probabilities that are negative or do not sum to 1.")
    return Fold(estimator, test, predictions, middle - start, end - middle)


def fit_weighted(estimator: Any, X: Features, y: Values, sample_weight: Values | None = None) -> Any:
    """Fit an estimator with weights. In a pipeline the last step gets them.

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


def predictions_of(model: Any, X: Features, classes: Array | None = None) -> Array:
    """Predictions as numbers that can be averaged.

    Parameters
    ----------
    model : estimator
        Fitted.
    X : array-like of shape (n_samples, ...)
    classes : ndarray of shape (n_classes,), optional
        Sorted labels; needed for a classifier. A class that the model does not know has the probability 0.

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


def out_of_fold(folds: Sequence[Fold], n_rows: int) -> tuple[Array, Array]:
    """Join the predictions of folds.

    Parameters
    ----------
    folds : list of Fold
    n_rows : int
        Number of rows of all data.

    Returns
    -------
    rows : ndarray of int
        Sorted numbers of the rows that have a prediction.
    predictions : ndarray of shape (len(rows), ...)
        The mean of the predictions for each row.
    """
    counts = np.zeros(n_rows, dtype=int)
    total = np.zeros((n_rows, *folds[0].predictions.shape[1:]))
    for fold in folds:
        counts[fold.rows] += 1
        total[fold.rows] += fold.predictions
    rows = np.flatnonzero(counts)
    counts = counts[rows].reshape(-1, *[1] * (total.ndim - 1))
    return rows, total[rows] / counts
