"""What the candidates share, and what became of each; one fit on a fold, in this process or another."""

import pickle
import traceback
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from presets.automl.clock import StopInTime
from presets.automl.metric import Metric
from presets.evaluation.folds import Fold, fit_fold, fit_weighted
from presets.evaluation.networks import networks, with_callback

COMPLETED, FAILED, SKIPPED = "completed", "failed", "skipped"
OUT_OF_TIME, INTERRUPTED = "out of time", "interrupted"

MEASURED_EPOCHS, MEASURED_PART, MEASURED_ROWS = 3, 8, 2000
"""Epochs by which the seconds of an epoch are measured, on one in so many rows, but on so many at least."""


@dataclass
class Trial:
    """What became of a candidate.

    Parameters
    ----------
    name, preset : str
    estimator : estimator
        Not fitted, with its seed, and with fewer epochs where the time was short.
    status : {"completed", "failed", "skipped", "out of time", "interrupted"}
    reason : str
        Why it was not completed, or what was changed to complete it, or "".
    notes : list of str
        What its fits warned of.
    models : list of estimator
        One for each fold; none is kept for a candidate without weight.
    score : float
        Of the predictions out of fold, greater being better.
    fold_scores : list of float
    fit_seconds : float
        For all folds.
    predict_seconds : float
        For 1,000 rows, by one model.
    n_bytes : float
        Of all models when stored; NaN if they cannot be pickled.
    weight : float
        In the ensemble.
    """

    name: str
    preset: str
    estimator: object
    status: str = COMPLETED
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)
    score: float = np.nan
    fold_scores: list[float] = field(default_factory=list)
    fit_seconds: float = 0.0
    predict_seconds: float = np.nan
    n_bytes: float = np.nan
    weight: float = 0.0


@dataclass(frozen=True)
class Rows:
    """The data that all candidates share.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        As candidates get it.
    target : ndarray
        As the metric gets it: codes of classes, or y.
    sample_weight : ndarray of shape (n_samples,) or None
    classes : ndarray of shape (n_classes,) or None
    splits : list of (ndarray, ndarray)
    metric : Metric
    kind : str
    """

    X: object
    y: np.ndarray
    target: np.ndarray
    sample_weight: np.ndarray | None
    classes: np.ndarray | None
    splits: list[Any]
    metric: Metric
    kind: str

    @property
    def n_train(self):
        """Rows that a model is trained on."""
        return len(self.splits[0][0])

    def weights(self, rows):
        """Weights of some rows, or None."""
        return None if self.sample_weight is None else self.sample_weight[rows]

    def score(self, rows, predictions):
        """Score predictions for some rows."""
        return self.metric.score(self.target[rows], predictions, self.weights(rows))


def fit_in_time(estimator, rows, number, seconds):
    """Fit a copy of a candidate on one fold.

    Parameters
    ----------
    estimator : estimator
    rows : Rows
    number : int
        Of the fold.
    seconds : float or None
        After which networks end their training; None for no limit.

    Returns
    -------
    fold : Fold or Exception
        What was raised, if the fit failed.
    notes : list of str
        What was warned of.
    """
    copy = clone(estimator)
    own = {f"{prefix}callbacks": network.callbacks for prefix, network in networks(copy).items()}
    if seconds is not None:
        copy.set_params(**with_callback(copy, StopInTime(seconds)))
    train, test = rows.splits[number]
    fold: Fold | Exception
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            fold = fit_fold(copy, rows.X, rows.y, train, test, sample_weight=rows.sample_weight, classes=rows.classes)
            copy.set_params(**own)
        except Exception as error:
            fold = error
    return fold, list(dict.fromkeys(str(w.message) for w in caught if w.category is not FutureWarning))


def fit_elsewhere(*arguments):
    """`fit_in_time` in another process: an error that cannot be sent is one with its text."""
    fold, notes = fit_in_time(*arguments)
    if isinstance(fold, Exception):
        try:
            pickle.loads(pickle.dumps(fold))
        except Exception:  # whatever the methods of the error raise
            fold = RuntimeError("".join(traceback.format_exception(fold)))
    return fold, notes


def fit_sample(estimator, rows, n_sampled):
    """Fit a candidate itself to some rows of the first fold."""
    train = rows.splits[0][0]
    sampled = train[np.linspace(0, len(train) - 1, n_sampled).astype(int)]
    return fit_weighted(estimator, _safe_indexing(rows.X, sampled), rows.y[sampled], rows.weights(sampled))


def time_epochs(estimator, rows):
    """Measure a network on a part of the first fold, with few epochs.

    Returns
    -------
    float
        Seconds of an epoch. The longer first one, with its compiling, does not count.
    """
    copy, watch = clone(estimator), StopInTime(float("inf"))
    epochs = {f"{prefix}epochs": MEASURED_EPOCHS for prefix in networks(copy)}
    copy.set_params(**with_callback(copy, watch), **epochs)
    n_sampled = min(max(rows.n_train // MEASURED_PART, MEASURED_ROWS), rows.n_train)
    fit_sample(copy, rows, n_sampled)
    return watch.shortest * rows.n_train / n_sampled


class _Counter:
    """A file that only counts."""

    n_bytes = 0

    def write(self, data):
        self.n_bytes += len(data)
        return len(data)


def stored_bytes(model):
    """Bytes of a model when it is stored, without storing it."""
    counter, buffers = _Counter(), list[pickle.PickleBuffer]()
    try:
        pickle.Pickler(counter, protocol=5, buffer_callback=buffers.append).dump(model)
    except Exception:  # pickle raises whatever an object's own methods raise
        return np.nan
    return counter.n_bytes + sum(buffer.raw().nbytes for buffer in buffers)
