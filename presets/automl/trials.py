"""Trying candidates under the clock, on folds, whatever happens to one of them."""

import contextlib
import pickle
import time
import traceback
import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from presets.automl.clock import StopInTime, forecast
from presets.automl.metric import Metric
from presets.evaluation.folds import Fold, fit_fold, fit_weighted, out_of_fold, predictions_of
from presets.evaluation.networks import networks, with_callback
from presets.evaluation.seeds import seeded_where_free

COMPLETED, FAILED, SKIPPED = "completed", "failed", "skipped"
OUT_OF_TIME, INTERRUPTED = "out of time", "interrupted"

NETWORK_SECONDS = 5.0
"""What a new network takes before its first epoch ends: building and compiling. Two quiet cores take 2 to 4 seconds.
Where the networks of a fit took more, that counts."""

NETWORK_ROW_SECONDS = {"table": 2e-5, "sequences": 1e-3, "images": 5e-4}
"""What an epoch takes for each row. On two cores 8,000 rows of 20 columns take .07 s, 60,000 images 16 s."""

SAMPLED_ROWS = 200, 3000
"""The least and the most rows on which a model is fitted to forecast its seconds; a tenth of all in between."""

TIMED_ROWS = 1000
"""Rows for which the seconds of a prediction are given."""


@dataclass
class Trial:
    """What became of a candidate.

    Parameters
    ----------
    name, preset : str
    estimator : estimator
        Not fitted, with its seed.
    status : {"completed", "failed", "skipped", "out of time", "interrupted"}
    reason : str
        Why it was not completed, or "".
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
    notes: list = field(default_factory=list)
    models: list = field(default_factory=list)
    score: float = np.nan
    fold_scores: list = field(default_factory=list)
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
    splits: list
    metric: Metric
    kind: str

    def score(self, rows, predictions):
        """Score predictions for some rows."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return self.metric.score(self.target[rows], predictions, weights)


class Trials:
    """Tries candidates one after the other.

    Parameters
    ----------
    rows : Rows
    clock : Clock
    announce : callable
        Called with each trial when it has ended, and the best score.

    Attributes
    ----------
    done : list of Trial
    out_of_fold : dict of str to (ndarray, ndarray)
        Rows and predictions of the trials that gave some, by their names.
    first_error : Exception or None
    """

    def __init__(self, rows, clock, announce):
        self.rows, self.clock, self._announce = rows, clock, announce
        self.done: list[Trial] = []
        self.out_of_fold: dict = {}
        self.first_error: Exception | None = None
        self._network_start = NETWORK_SECONDS
        self._sampling = 0.0, 0.0  # seconds of the longest fit to fewer rows, and what it forecast

    def run(self, candidates, seeds):
        """Try candidates until they end, or the user interrupts.

        Parameters
        ----------
        candidates : list of Candidate
        seeds : list of int
            For each candidate; they stand where its `random_state` is None.

        Raises
        ------
        Exception
            The first candidate's, if all failed.
        KeyboardInterrupt
            If there is no model yet.
        """
        for candidate, seed in zip(candidates, seeds, strict=True):
            trial = Trial(candidate.name, candidate.preset, seeded_where_free(candidate.estimator, seed))
            self.done.append(trial)
            try:
                self._try(trial)
            except KeyboardInterrupt:
                trial.status, trial.reason = INTERRUPTED, "KeyboardInterrupt"
                if not self.out_of_fold:
                    raise
                return
            finally:
                self._announce(trial, max((t.score for t in self.done if t.score == t.score), default=np.nan))
        if not self.out_of_fold and self.first_error is not None:
            raise self.first_error

    def _try(self, trial):
        folds: list[Fold] = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            try:
                self._fit_folds(trial, folds)
            except Exception as error:
                trial.status, trial.reason = FAILED, traceback.format_exception_only(error)[-1].strip()
                self.first_error = self.first_error or error
            finally:
                trial.notes = list(dict.fromkeys(str(w.message) for w in caught if w.category is not FutureWarning))
                is_usable = len(folds) == len(self.rows.splits) or (folds and not self.out_of_fold)
                if is_usable and trial.status != FAILED:
                    self._keep(trial, folds)

    def _fit_folds(self, trial, folds):
        trial.reason = self._reason_to_skip(trial)
        if trial.reason:
            trial.status = SKIPPED
            return
        for train, test in self.rows.splits:
            if folds and not self._has_time(folds):
                trial.status = OUT_OF_TIME
                trial.reason = f"{len(folds)} of {len(self.rows.splits)} folds were done when the time was over"
                return
            folds.append(self._fit_fold(trial, train, test, len(self.rows.splits) - len(folds)))
            trial.fit_seconds += folds[-1].fit_seconds

    def _fit_fold(self, trial, train, test, n_folds):
        estimator, rows = clone(trial.estimator), self.rows
        own = {f"{prefix}callbacks": network.callbacks for prefix, network in networks(estimator).items()}
        if self.clock.is_limited:
            estimator.set_params(**with_callback(estimator, StopInTime(self.clock.fold_seconds(n_folds))))
        fold = fit_fold(estimator, rows.X, rows.y, train, test, sample_weight=rows.sample_weight, classes=rows.classes)
        estimator.set_params(**own)
        return fold

    def _reason_to_skip(self, trial):
        """Why a candidate does not fit into the time that is left; never for the first model, so that there is one."""
        if not self.out_of_fold or not self.clock.is_limited:
            return ""
        seconds = self._forecast(trial) if self.clock.left > 0 else 0.0
        if seconds < self.clock.left:
            return ""
        if self.clock.left <= 0:
            return "the time was over"
        return f"it needs about {seconds:.0f} s, and {self.clock.left:.0f} s were left"

    def _forecast(self, trial):
        """Seconds of a candidate at least: of a network, which can be stopped, one epoch in each fold."""
        splits = self.rows.splits
        n_train = len(splits[0][0])
        if networks(trial.estimator):
            return self._network_start + len(splits) * n_train * NETWORK_ROW_SECONDS[self.rows.kind]
        n_sampled = int(np.clip(n_train // 10, *SAMPLED_ROWS))
        if n_sampled >= n_train:
            return 0.0
        if self.clock.left < 2 * self._sampling[0]:  # such a fit would take too much of it
            return self._sampling[1]
        start = time.monotonic()
        sampled = splits[0][0][np.linspace(0, n_train - 1, n_sampled).astype(int)]
        weights = None if self.rows.sample_weight is None else self.rows.sample_weight[sampled]
        with contextlib.suppress(Exception):  # what cannot be fitted to so few rows may be fitted to all
            fit_weighted(clone(trial.estimator), _safe_indexing(self.rows.X, sampled), self.rows.y[sampled], weights)
        seconds = time.monotonic() - start
        self._sampling = max(self._sampling, (seconds, len(splits) * forecast(seconds, n_sampled, n_train)))
        return len(splits) * forecast(seconds, n_sampled, n_train)

    def _has_time(self, folds):
        """Whether the next fold fits in, by those that were done."""
        n_left = len(self.rows.splits) - len(folds)
        seconds = [fold.fit_seconds + fold.predict_seconds for fold in folds]
        if networks(folds[0].model):
            if len(folds) == 1:
                return seconds[0] < self.clock.left  # most of it was compiling, which the next may not need
            self._network_start = max(self._network_start, seconds[0] - min(seconds))
        return n_left * min(seconds) < self.clock.left

    def _keep(self, trial, folds):
        rows, predictions = out_of_fold(folds, len(self.rows.y))
        trial.models = [fold.model for fold in folds]
        trial.fold_scores = [self.rows.score(fold.rows, fold.predictions) for fold in folds]
        trial.score = self.rows.score(rows, predictions)
        trial.predict_seconds = self._predict_seconds(folds[0])
        trial.n_bytes = sum(map(stored_bytes, trial.models))
        self.out_of_fold[trial.name] = rows, predictions

    def _predict_seconds(self, fold):
        """Seconds to predict 1,000 rows; of smaller folds, whose overhead would be multiplied, rows are repeated."""
        if len(fold.rows) >= TIMED_ROWS:
            return fold.predict_seconds * TIMED_ROWS / len(fold.rows)
        X = _safe_indexing(self.rows.X, np.resize(fold.rows, TIMED_ROWS))
        start = time.monotonic()
        predictions_of(fold.model, X, self.rows.classes)
        return time.monotonic() - start


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
