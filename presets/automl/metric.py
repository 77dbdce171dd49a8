"""Metrics of predictions, by which candidates are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer


@dataclass(frozen=True)
class Metric:
    """A score of predictions. Greater is better.

    Parameters
    ----------
    name : str
    function : callable
        ``function(y, predictions, sample_weight)`` returns a float. For classes, y has their codes.
    is_of_labels : bool
        Whether it scores labels instead of probabilities.
    """

    name: str
    function: Callable[..., Any]
    is_of_labels: bool = False

    def score(self, y, predictions, sample_weight=None):
        """Score predictions."""
        return float(self.function(y, predictions, sample_weight))

    def loss(self, y, predictions, sample_weight=None):
        """The negative score."""
        return -self.score(y, predictions, sample_weight)


def metric_for(scoring, classes=None):
    """The metric of a task.

    Parameters
    ----------
    scoring : str, callable or None
        A scorer of scikit-learn. None is the log loss or the root mean squared error.
    classes : ndarray of shape (n_classes,) or None
        Labels of a classification.

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        If scikit-learn has no scorer of that name, or if it is a metric function of scikit-learn.
    """
    if scoring is None:
        return Metric("neg_root_mean_squared_error", _rmse) if classes is None else Metric("neg_log_loss", _log_loss)
    model = GivenValues() if classes is None else GivenProbabilities(classes)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else check_scoring(None, scoring)
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", repr(scoring))
    is_of_labels = getattr(scorer, "_response_method", "predict") == "predict"
    return Metric(name, partial(_by_scorer, scorer, model), classes is not None and is_of_labels)


def _log_loss(codes, probabilities, sample_weight):
    own = probabilities[np.arange(len(codes)), codes]
    return np.average(np.log(np.clip(own, np.finfo(np.float64).eps, 1.0)), weights=sample_weight)


def _rmse(y, values, sample_weight):
    return -np.mean(np.sqrt(np.average((y - values) ** 2, axis=0, weights=sample_weight)))


def _by_scorer(scorer, model, y, predictions, sample_weight):
    y = y if model.classes_ is None else model.classes_[y]
    weighted = {} if sample_weight is None else {"sample_weight": sample_weight}
    return scorer(model, predictions, y, **weighted)


class GivenProbabilities(ClassifierMixin, BaseEstimator):
    """A classifier for scorers. Its X has the probabilities, which it returns."""

    def __init__(self, classes):
        self.classes = classes

    @property
    def classes_(self):
        """The labels."""
        return self.classes

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        """Return the probabilities."""
        return X

    def predict(self, X):
        """Return the most probable labels."""
        return self.classes_[X.argmax(axis=1)]


class GivenValues(RegressorMixin, BaseEstimator):
    """A regressor for scorers. Its X has the values, which it returns."""

    classes_ = None

    def predict(self, X):
        """Return the values."""
        return X
