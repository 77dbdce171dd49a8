"""Training of one network on the predictions of an ensemble."""

import warnings

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from presets.evaluation.folds import predictions_of

HELD_OUT = 0.1
"""Share of the rows that are held out, to compare network and ensemble and to find the best epoch."""

LEAST_PROBABILITY = 0.02
"""The network is not trained on classes that are less probable than this."""


def distill(auto, network, X, y, metric, target, seed):
    """Train a network on the predictions of an ensemble.

    Each row is in the training data once for each probable class, with the probability as its weight. The weighted
    log loss is then the cross-entropy with these probabilities.

    Parameters
    ----------
    auto : AutoClassifier or AutoRegressor
        Fitted.
    network : estimator
        A network of this package, or a pipeline that ends in one. It is fitted itself, not a copy.
    X, y : array-like
        The same as in `fit`, checked.
    metric : Metric
    target : ndarray
        y in the form that the metric takes.
    seed : int
        Seed for the choice of the rows that are held out.

    Returns
    -------
    network : estimator
    scores : dict of str to float
        Scores of "network" and "ensemble" for the rows that are held out. The ensemble predicts them out of fold.
    """
    known = auto.out_of_fold_["rows"]
    places = np.random.default_rng(seed).choice(len(known), max(int(HELD_OUT * len(known)), 1), replace=False)
    held = known[np.sort(places)]
    taught = np.setdiff1d(np.arange(len(y)), held)
    classes = getattr(auto, "classes_", None)
    rows, labels, weights = _lessons(auto, _safe_indexing(X, taught), classes)
    steps = network[:-1].fit(_safe_indexing(X, taught), y[taught]) if isinstance(network, Pipeline) else None
    inputs = X if steps is None else steps.transform(X)
    learner = network if steps is None else network[-1]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*repeat another")  # rows repeat here, see above
        learner.fit(
            _safe_indexing(inputs, taught[rows]), labels, weights, X_val=_safe_indexing(inputs, held), y_val=y[held]
        )
    scores = {
        "network": metric.score(target[held], predictions_of(network, _safe_indexing(X, held), classes)),
        "ensemble": metric.score(target[held], auto.out_of_fold_["predictions"][np.sort(places)]),
    }
    return network, scores


def _lessons(auto, X, classes):
    """Numbers of the rows to train on, their targets, and their weights."""
    if classes is None:
        values = auto.predict(X)
        return np.arange(len(values)), values, None
    probabilities = auto.predict_proba(X)
    rows, codes = np.nonzero(probabilities >= LEAST_PROBABILITY)
    return rows, classes[codes], probabilities[rows, codes]
