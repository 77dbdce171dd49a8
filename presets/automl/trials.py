"""Trials of candidates, the data that they share, and a fit on one fold, in this process or another."""

import pickle
import traceback
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib.externals.loky.backend.reduction import dump
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from presets.automl.metric import Metric
from presets.evaluation.folds import Fold, fit_fold, fit_weighted
from presets.evaluation.networks import networks, with_callback
from presets.training.deadline import StopInTime

COMPLETED, FAILED, SKIPPED = "completed", "failed", "skipped"
STOPPED, OUT_OF_TIME, INTERRUPTED = "stopped", "out of time", "interrupted"

MEASURED_EPOCHS, MEASURED_PART, MEASURED_ROWS = 3, 8, 2000
"""For the seconds of an epoch: how many epochs to measure, the divisor of the rows, and the least number of rows."""


@dataclass
class Trial:
    """The result of a candidate.

    Parameters
    ----------
    name, preset : str
    estimator : estimator
        An estimator that is not fitted. It has its seed, and fewer epochs if the time was short.
    status : {"completed", "failed", "skipped", "stopped", "out of time", "interrupted"}
    reason : str
        Why the candidate was not completed, or which change allowed it to complete, or "".
    notes : list of str
        Warnings of its fits.
    models : list of estimator
        One for each fold. The list is empty if the candidate has no weight.
    score : float
        Score of the predictions out of fold. Greater is better.
    expected_score : float
        Estimate of the score of a stopped candidate, else NaN.
    fold_scores : list of float
    fit_seconds : float
        Seconds of the fits of all folds.
    fold_seconds, sample_seconds : float
        Seconds of the fit of one fold, and of the fit on fewer rows that forecast it. 0 if there was none.
    predict_seconds : float
        Seconds in which one model predicts 1,000 rows.
    n_bytes : float
        Bytes of all models when stored. NaN if they cannot be pickled.
    temperature : float
        Corrects the probabilities of its models. 1 for no correction.
    weight : float
        Weight in the ensemble.
    """

    name: str
    preset: str
    estimator: object
    status: str = COMPLETED
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)
    score: float = np.nan
    expected_score: float = np.nan
    fold_scores: list[float] = field(default_factory=list)
    fit_seconds: float = 0.0
    fold_seconds: float = 0.0
    sample_seconds: float = 0.0
    predict_seconds: float = np.nan
    n_bytes: float = np.nan
    temperature: float = 1.0
    weight: float = 0.0


@dataclass(frozen=True)
class Rows:
    """The data that all candidates share.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Target for the candidates.
    target : ndarray
        Target for the metric: codes of classes, or y.
    sample_weight : ndarray of shape (n_samples,) or None
    classes : ndarray of shape (n_classes,) or None
    splits : list of (ndarray, ndarray)
    metric : Metric
    kind : str
    calibrate : bool or "auto"
        Whether temperatures correct probabilities; see `find_temperature`.
    """

    X: object
    y: np.ndarray
    target: np.ndarray
    sample_weight: np.ndarray | None
    classes: np.ndarray | None
    splits: list[Any]
    metric: Metric
    kind: str
    calibrate: bool | str = False

    @property
    def n_train(self):
        """Number of training rows of a model."""
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
        Number of the fold.
    seconds : float or None
        Networks end their training after this time. None is no limit.

    Returns
    -------
    fold : Fold or Exception
        The exception, if the fit failed.
    notes : list of str
        Messages of the warnings.
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
    """Call `fit_in_time` in another process, and only return what can be sent. Dask waits forever for other results.

    An error that cannot be pickled becomes a RuntimeError with its text.
    """
    fold, notes = fit_in_time(*arguments)
    if isinstance(fold, Exception):
        try:
            pickle.loads(pickle.dumps(fold))
        except Exception:  # the methods of the error may raise anything
            fold = RuntimeError("".join([*traceback.format_exception_only(fold), *traceback.format_exception(fold)]))
    else:
        try:
            dump(fold, _Counter())
        except Exception as error:  # the methods of the model, too
            fold = TypeError(f"{type(fold.model).__name__} cannot be sent between processes: {error}")
    return fold, notes


def fit_sample(estimator, rows, n_sampled):
    """Fit a candidate itself, not a copy, to some rows of the first fold."""
    train = rows.splits[0][0]
    sampled = train[np.linspace(0, len(train) - 1, n_sampled).astype(int)]
    return fit_weighted(estimator, _safe_indexing(rows.X, sampled), rows.y[sampled], rows.weights(sampled))


def time_epochs(estimator, rows):
    """Measure the seconds of an epoch on a part of the first fold. The first of two short fits compiles the network.

    Returns
    -------
    float
        Seconds for all rows.
    """
    n_sampled = min(max(rows.n_train // MEASURED_PART, MEASURED_ROWS), rows.n_train)
    epochs = {f"{prefix}epochs": MEASURED_EPOCHS for prefix in networks(estimator)}
    for _ in range(2):
        copy, watch = clone(estimator), StopInTime(float("inf"))
        fit_sample(copy.set_params(**with_callback(copy, watch), **epochs), rows, n_sampled)
    return watch.training_seconds / MEASURED_EPOCHS * rows.n_train / n_sampled


class _Counter:
    """A file that only counts bytes."""

    n_bytes = 0

    def write(self, data):
        self.n_bytes += len(data)
        return len(data)


def stored_bytes(model):
    """How many bytes a model needs in a file. No file is written."""
    counter, buffers = _Counter(), list[pickle.PickleBuffer]()
    try:
        pickle.Pickler(counter, protocol=5, buffer_callback=buffers.append).dump(model)
    except Exception:  # an object's own methods may raise anything
        return np.nan
    return counter.n_bytes + sum(buffer.raw().nbytes for buffer in buffers)
