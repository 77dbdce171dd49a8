"""Candidates under the clock: which start, which go on, and what is kept of them, whatever happens to one."""

import contextlib
import itertools
import math
import time
import traceback
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from presets.automl.clock import LAST_SHARE, SHARE, forecast
from presets.automl.memory import in_use
from presets.automl.mixture import MOST_SELECTED
from presets.automl.trials import (
    COMPLETED,
    FAILED,
    INTERRUPTED,
    OUT_OF_TIME,
    SKIPPED,
    Trial,
    fit_elsewhere,
    fit_in_time,
    fit_sample,
    stored_bytes,
    time_epochs,
)
from presets.evaluation.folds import out_of_fold, predictions_of
from presets.evaluation.networks import networks
from presets.evaluation.seeds import seeded_where_free
from presets.search.evaluation import most_epochs

NETWORK_SECONDS = 5.0
"""What a new network takes before its first epoch ends: building and compiling. Two quiet cores take 2 to 4 seconds.
Where the networks of a fit took more, that counts."""

NETWORK_ROW_SECONDS = {"table": 1e-5, "sequences": 1e-3, "images": 5e-4}
"""What an epoch takes for each row. On two cores 8,000 rows of 20 columns take .07 s, 60,000 images 16 s."""

EPOCH_SECONDS = 0.01
"""What an epoch takes at least."""

PLATEAU_EPOCHS = {"table": 100, "sequences": 50, "images": 10}
"""Epochs after which a network without a schedule may have learnt something. One that gets less time is not begun: on
mpg (300 rows, 8 folds of 1.5 s) its RMSE was 3.9 where boosting has 3.0."""

FEWEST_EPOCHS = 8
"""A network whose rate follows a schedule is trained for a half, a quarter or an eighth of its epochs where time is
short: its schedule ends with the last epoch, so that fewer are a whole recipe too."""

SAMPLED_ROWS = 200, 3000
"""The least and the most rows on which a model is fitted to forecast its seconds; a tenth of all in between. Of fewer
than 600 rows it is a third."""

TIMED_ROWS = 1000
"""Rows for which the seconds of a prediction are given."""

COPIES = 4
"""Copies of X, in float64, that a fit makes at most."""


class Run:
    """Tries candidates, one after the other or side by side.

    Parameters
    ----------
    rows : Rows
    clock : Clock
    journal : Journal
        Keeps the trials that have ended.
    progress : Progress
    n_steps : int
        Of the selection that follows, for which time is kept.
    n_jobs : int
        Folds that are fitted at a time, in processes or by the backend of joblib that is set.
    memory : float or None
        Bytes that this process may take.

    Attributes
    ----------
    done : list of Trial
    out_of_fold : dict of str to (ndarray, ndarray)
        Rows and predictions of the trials that gave some, by their names.
    first_error : Exception or None
    """

    def __init__(self, rows, clock, *, journal, progress, n_steps=25, n_jobs=1, memory=None):
        self.rows, self.clock, self._n_steps, self.n_jobs = rows, clock, n_steps, n_jobs
        self._journal, self._progress, self._memory = journal, progress, memory
        self._parallel = Parallel(n_jobs=n_jobs)
        self.done: list[Trial] = []
        self.out_of_fold: dict[str, Any] = {}
        self.first_error: Exception | None = None
        self._start = NETWORK_SECONDS  # of a network
        self._sampling = 0.0, 0.0  # seconds of the longest fit to fewer rows, and what it forecast

    @property
    def n_rounds(self):
        """Times that the workers are busy with the folds of one candidate."""
        return math.ceil(len(self.rows.splits) / self.n_jobs)

    @property
    def best(self):
        """The best trial so far, or None."""
        return max((trial for trial in self.done if not math.isnan(trial.score)), key=lambda t: t.score, default=None)

    def run(self, candidates, seeds):
        """Try candidates until they end, or the user interrupts.

        Parameters
        ----------
        candidates : iterator of Candidate
            May look at `done` before it gives the next.
        seeds : iterator of int
            For each candidate; they stand where its `random_state` is None.

        Raises
        ------
        Exception
            The first candidate's, if all failed.
        KeyboardInterrupt
            If there is no model yet.
        """
        side_by_side = max(self.n_jobs // len(self.rows.splits), 1)
        with self._parallel:
            while group := list(itertools.islice(candidates, side_by_side)):
                trials = [Trial(c.name, c.preset, seeded_where_free(c.estimator, next(seeds))) for c in group]
                try:
                    self._try(trials)
                except KeyboardInterrupt:
                    for trial in trials:
                        if len(trial.fold_scores) < len(self.rows.splits):
                            trial.status, trial.reason = INTERRUPTED, "KeyboardInterrupt"
                    if not self.out_of_fold:
                        raise
                    break
                finally:
                    self.done += trials
                    for trial in trials:
                        self._progress.ended(trial, self.best)
        if not self.out_of_fold and self.first_error is not None:
            raise self.first_error

    def _try(self, trials):
        new = [trial for trial in trials if not self._journal.restore(trial, self.out_of_fold)]
        candidates = {trial.name: self._journal.digest(trial) for trial in new}
        for trial in new:
            self._progress.started(trial, self.best)
            trial.reason = self._reason_to_skip(trial)
            if trial.reason:
                trial.status = SKIPPED
            elif self.clock.is_limited:
                self._shorten(trial)
        started = [trial for trial in new if trial.status == COMPLETED]
        folds: dict[str, list[Any]] = {trial.name: [] for trial in started}
        try:
            self._fit_folds(started, folds)
        finally:
            for trial in started:
                done = folds[trial.name]
                is_usable = len(done) == len(self.rows.splits) or (done and not self.out_of_fold)
                if is_usable and trial.status != FAILED:
                    self._keep(trial, done)
                    self._journal.write(trial, candidates[trial.name], *self.out_of_fold[trial.name])

    # ---------------------------------------------------------------- fits

    def _fit_folds(self, trials, folds):
        """Fit the folds of candidates, as many at a time as there are workers."""
        n_folds = len(self.rows.splits)
        tasks = [(trial, number) for trial in trials for number in range(n_folds)]
        fit = fit_in_time if self.n_jobs == 1 else fit_elsewhere
        while tasks:
            for trial in trials:
                n_done = len(folds[trial.name])
                if trial.status == COMPLETED and 0 < n_done < n_folds and not self._has_time(folds[trial.name]):
                    trial.status = OUT_OF_TIME
                    trial.reason = f"{n_done} of {n_folds} folds were done when the time was over"
            tasks = [task for task in tasks if task[0].status == COMPLETED]
            now, tasks = tasks[: self.n_jobs], tasks[self.n_jobs :]
            n_rounds = 1 + math.ceil(len(tasks) / self.n_jobs)
            results = self._parallel(
                delayed(fit)(trial.estimator, self.rows, number, self._seconds(trial, number, n_rounds))
                for trial, number in now
            )
            for (trial, _), (fold, notes) in zip(now, results, strict=True):
                trial.notes += [note for note in notes if note not in trial.notes]
                if isinstance(fold, Exception):
                    trial.status, trial.reason = FAILED, traceback.format_exception_only(fold)[-1].strip()
                    self.first_error = self.first_error or fold
                else:
                    folds[trial.name].append(fold)
                    trial.fit_seconds += fold.fit_seconds

    def _seconds(self, trial, number, n_rounds):
        """Seconds after which the networks of a fold end their training; None for no limit."""
        if not self.clock.is_limited:
            return None
        if _scheduled(trial.estimator):  # has got its epochs by the clock, and should end with the last of them
            return self.clock.fold_seconds(n_rounds, LAST_SHARE)
        compiling = min(self._start, self.clock.left / 2) if number < self.n_jobs else 0.0
        return compiling + self.clock.fold_seconds(n_rounds)

    def _has_time(self, folds):
        """Whether the remaining folds fit in, by those that were done."""
        seconds = [fold.fit_seconds + fold.predict_seconds for fold in folds]
        if networks(folds[0].model):
            if len(folds) == 1:
                return seconds[0] < self.clock.left  # most of it was compiling, which the next may not need
            self._start = max(self._start, seconds[0] - min(seconds))
        n_left = len(self.rows.splits) - len(folds)
        return math.ceil(n_left / self.n_jobs) * min(seconds) < self.clock.left

    # ---------------------------------------------------------------- forecasts

    def _reason_to_skip(self, trial):
        """Why a candidate does not fit into time or memory; never for the first model, so that there is one."""
        if not self.out_of_fold:
            return ""
        if self.clock.left <= 0:
            return "the time was over"
        if not self.clock.is_limited and self._memory is None:
            return ""
        seconds, n_bytes = self._forecast(trial)
        left = self.clock.left * (SHARE if networks(trial.estimator) else 1)
        if seconds >= left:
            return f"it needs about {seconds:.0f} s, and {left:.0f} s were left for it"
        if self._memory is not None and in_use() + n_bytes > self._memory:
            left = max(self._memory - in_use(), 0) / 1e9
            return f"it needs about {n_bytes / 1e9:.2g} GB, and {left:.2g} GB of memory_limit were left"
        return ""

    def _forecast(self, trial):
        """Seconds and bytes of a candidate at least: of a network, which can be stopped, few epochs in each fold."""
        n_train = self.rows.n_train
        n_bytes = COPIES * 8 * _size(self.rows.X)
        if networks(trial.estimator):
            epochs = FEWEST_EPOCHS if _scheduled(trial.estimator) else PLATEAU_EPOCHS[self.rows.kind]
            of_epoch = max(n_train * NETWORK_ROW_SECONDS[self.rows.kind], EPOCH_SECONDS)
            return self._start + self.n_rounds * epochs * of_epoch, n_bytes
        least, most = SAMPLED_ROWS
        n_sampled = max(min(max(n_train // 10, least), n_train // 3, most), 2)
        if self.clock.left < 2 * self._sampling[0]:  # such a fit would take too much of it
            return self._sampling[1], n_bytes
        start = time.monotonic()
        with contextlib.suppress(Exception):  # what cannot be fitted to so few rows may be fitted to all
            model = fit_sample(clone(trial.estimator), self.rows, n_sampled)
            if self._memory is not None:
                n_bytes += len(self.rows.splits) * stored_bytes(model) * n_train / n_sampled
        seconds = time.monotonic() - start
        self._sampling = max(self._sampling, (seconds, self.n_rounds * forecast(seconds, n_sampled, n_train)))
        return self.n_rounds * forecast(seconds, n_sampled, n_train), n_bytes

    def _shorten(self, trial):
        """Give networks whose rate follows a schedule so many epochs as the time allows."""
        found = _scheduled(trial.estimator)
        if not found:
            return
        try:
            (seconds,) = self._parallel([delayed(time_epochs)(trial.estimator, self.rows)])
        except Exception:
            return  # the fit will fail in the same way, and be reported
        own = {f"{prefix}epochs": most_epochs(network, self.rows.n_train) for prefix, network in found.items()}
        epochs = max(own.values())
        longest = SHARE * self.clock.left / self.n_rounds / seconds
        parts = next((parts for parts in (1, 2, 4, 8) if epochs / parts <= longest), 8)
        if self.out_of_fold and epochs // parts > longest:
            trial.status = SKIPPED
            trial.reason = f"it needs {seconds:.2g} s an epoch, and {self.clock.left:.0f} s were left"
        elif parts > 1:
            shorter = {name: max(n // parts, min(n, FEWEST_EPOCHS)) for name, n in own.items()}
            trial.estimator.set_params(**shorter)
            trial.reason = f"with {max(shorter.values())} of {epochs} epochs, for the time"

    # ---------------------------------------------------------------- results

    def _keep(self, trial, folds):
        rows, predictions = out_of_fold(folds, len(self.rows.y))
        trial.models = [fold.model for fold in folds]
        trial.fold_scores = [self.rows.score(fold.rows, fold.predictions) for fold in folds]
        start = time.monotonic()
        trial.score = self.rows.score(rows, predictions)
        n_scored = self._n_steps * min(len(self.out_of_fold) + 1, MOST_SELECTED)
        self.clock.keep(n_scored * (time.monotonic() - start))
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


def _scheduled(estimator):
    """Networks in an estimator whose rate follows a schedule, by the prefix of their parameters."""
    return {prefix: n for prefix, n in networks(estimator).items() if n.lr_schedule != "plateau"}


def _size(X):
    """Numbers in X."""
    if hasattr(X, "nnz"):
        return X.nnz
    if hasattr(X, "shape"):
        return math.prod(X.shape)
    return sum(np.size(sample) for sample in X)
