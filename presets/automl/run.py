"""Run of the candidates within the limits: which start, which continue, and which results are kept."""

import contextlib
import itertools
import math
import textwrap
import time
import traceback
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from presets.automl.clock import CAUTION, LAST_SHARE, SHARE, forecast
from presets.automl.memory import in_use
from presets.automl.mixture import MOST_SELECTED, corrected, softened
from presets.automl.portfolio import tree_space
from presets.automl.race import Race
from presets.automl.trials import (
    COMPLETED,
    FAILED,
    INTERRUPTED,
    OUT_OF_TIME,
    SKIPPED,
    STOPPED,
    Trial,
    fit_elsewhere,
    fit_in_time,
    fit_sample,
    stored_bytes,
    time_epochs,
)
from presets.evaluation.folds import out_of_fold, predictions_of
from presets.evaluation.networks import networks
from presets.evaluation.seeds import seeded
from presets.search.evaluation import most_epochs

NETWORK_SECONDS = 3.0
"""Seconds to build and compile a new network. Two idle cores take 2 to 4. If the networks of a fit took longer, the
longer time is used."""

NETWORK_ROW_SECONDS = {"table": 1e-5, "sequences": 1e-3, "images": 5e-4}
"""Seconds of an epoch for each row. On two cores 8,000 rows of 20 columns take .07 s, and 60,000 images 16 s."""

EPOCH_SECONDS = 0.003
"""Least seconds of an epoch, as for 550 rows."""

PLATEAU_EPOCHS = {"table": 100, "sequences": 50, "images": 10}
"""Least number of epochs for a network without a schedule. With less time it is skipped: on mpg (300 rows, 8 folds of
1.5 s) its RMSE was 3.9, and 3.0 for boosting."""

FEWEST_EPOCHS = {"table": 8, "sequences": 8, "images": 4}
"""If time is short, a network with a schedule is trained for fewer epochs, but for no fewer than this. The schedule
ends with the last epoch, so it is complete with fewer epochs too. In 300 s on 60,000 images, five of 20 epochs fit: the
log loss is .215 with this network, and .248 without."""

PARTS = 1, 1.5, 2, 3, 4, 6, 8
"""Divisors of its epochs. Only some numbers are tried, so that the same time limit often gives the same networks."""

SAMPLED_ROWS = 200, 3000
"""Least and greatest number of rows for the fit that forecasts a model's seconds. Between them it is a tenth of the
rows. With fewer than 600 rows it is a third."""

TIMED_ROWS = 1000
"""Number of rows of `predict_seconds`."""

LONGEST_REASON = 300
"""Characters of the reason of a failure, in one line. Errors of Keras have many lines."""

COPIES = 4
"""Greatest number of copies of X, or of its features, in float64 that a fit makes."""


class Run:
    """Tries candidates, one after the other or several at the same time.

    Parameters
    ----------
    rows : Rows
    clock : Clock
    journal : Journal
        Store of the completed trials.
    progress : Progress
    n_steps : int
        Steps of the selection after the run, for which time is reserved.
    n_jobs : int
        Number of folds that are fitted at the same time, in processes or by joblib's current backend.
    memory : float or None
        Bytes of memory that this process and its workers may use.

    Attributes
    ----------
    done : list of Trial
    out_of_fold : dict of str to (ndarray, ndarray)
        Rows and predictions of the trials that have predictions, by the names of the trials. No temperature has
        corrected these predictions.
    first_error : Exception or None
    """

    def __init__(self, rows, clock, *, journal, progress, n_steps=25, n_jobs=1, memory=None):
        self.rows, self.clock, self._n_steps, self.n_jobs = rows, clock, n_steps, n_jobs
        self._journal, self._progress, self._memory = journal, progress, memory
        self._parallel = Parallel(n_jobs=n_jobs)
        self.done: list[Trial] = []
        self.out_of_fold: dict[str, Any] = {}
        self.first_error: Exception | None = None
        self._race = Race(rows)
        self._start = NETWORK_SECONDS  # to build and compile a network
        self._sampling = 0.0, 0.0  # seconds of the longest fit on fewer rows, and its forecast

    @property
    def n_rounds(self):
        """Number of rounds in which the workers fit the folds of one candidate."""
        return math.ceil(len(self.rows.splits) / self.n_jobs)

    @property
    def best(self):
        """The best trial so far, or None."""
        return max((trial for trial in self.done if not math.isnan(trial.score)), key=lambda t: t.score, default=None)

    def run(self, candidates, seeds):
        """Try candidates until there are no more, or until the user interrupts.

        Parameters
        ----------
        candidates : iterator of Candidate
            It may read `done` before it returns the next candidate.
        seeds : iterator of int
            One for each candidate. It replaces a `random_state` of None.

        Raises
        ------
        Exception
            The error of the first failed candidate, if all candidates failed.
        KeyboardInterrupt
            If there is no model yet.
        """
        side_by_side = max(self.n_jobs // len(self.rows.splits), 1)
        with self._parallel:
            while group := list(itertools.islice(candidates, side_by_side)):
                trials = [Trial(c.name, c.preset, seeded(c.estimator, next(seeds), replaces=False)) for c in group]
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
        new = []
        for trial in trials:
            if self._journal.restore(trial, self.out_of_fold):
                rows, predictions = self.out_of_fold[trial.name]
                self._race.add(rows, predictions, trial.score)
            else:
                new.append(trial)
        candidates = {trial.name: self._journal.digest(trial) for trial in new}
        for trial in new:
            self._progress.runs(trial, self.best)
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
                    try:
                        self._keep(trial, done)
                    except Exception as error:  # a metric may refuse predictions, such as negative ones
                        self._fail(trial, error)
                    else:
                        self._journal.write(trial, candidates[trial.name], *self.out_of_fold[trial.name])

    def _fail(self, trial, error):
        reason = traceback.format_exception_only(error)[-1]
        trial.status, trial.reason = FAILED, textwrap.shorten(reason, LONGEST_REASON)
        self.first_error = self.first_error or error

    # ---------------------------------------------------------------- fits

    def _fit_folds(self, trials, folds):
        """Fit the folds of candidates. Each worker fits one fold at a time."""
        n_folds = len(self.rows.splits)
        tasks = [(trial, number) for trial in trials for number in range(n_folds)]
        while tasks:
            for trial in trials:
                if trial.status == COMPLETED and 0 < len(folds[trial.name]) < n_folds:
                    self._check_on(trial, folds[trial.name])
            tasks = [task for task in tasks if task[0].status == COMPLETED]
            now, tasks = tasks[: self.n_jobs], tasks[self.n_jobs :]
            n_rounds = 1 + math.ceil(len(tasks) / self.n_jobs)
            for trial, number in now:
                self._progress.runs(trial, self.best, f", fold {number + 1} of {n_folds}")
            for (trial, _), (fold, notes) in zip(now, self._results(now, n_rounds), strict=True):
                trial.notes += [note for note in notes if note not in trial.notes]
                if isinstance(fold, Exception):
                    self._fail(trial, fold)
                else:
                    folds[trial.name].append(fold)
                    trial.fit_seconds += fold.fit_seconds
                    trial.fold_seconds = trial.fit_seconds / len(folds[trial.name])

    def _results(self, tasks, n_rounds):
        """Fit some folds at the same time. If a worker dies, for example because it needs too much memory, all fail."""
        fit = fit_in_time if self.n_jobs == 1 else fit_elsewhere
        try:
            return self._parallel(
                delayed(fit)(trial.estimator, self.rows, number, self._seconds(trial, number, n_rounds))
                for trial, number in tasks
            )
        except Exception as error:  # of a worker, since a fit returns its error
            return [(error, [])] * len(tasks)

    def _check_on(self, trial, folds):
        """End a trial between its folds, if there is no time for the others or if it does not improve the ensemble."""
        n_done = f"{len(folds)} of {len(self.rows.splits)} folds"
        if not self._has_time(folds):
            trial.status, trial.reason = OUT_OF_TIME, f"{n_done} were completed when the time was over"
        elif self.clock.is_limited and self._race.is_lost(folds):
            trial.status, trial.reason = STOPPED, f"after {n_done} it did not improve the ensemble"
            trial.expected_score = self._expected(folds)

    def _expected(self, folds):
        """The score of a candidate on all folds, if it is as far behind the best one as on the folds done."""
        rows, predictions = out_of_fold(folds, len(self.rows.y))
        predicted, of_best = self.out_of_fold[self.best.name]
        both = predictions, of_best[np.searchsorted(predicted, rows)]
        score, score_of_best = (self._part_score(rows, corrected(self.rows, rows, given)[1]) for given in both)
        return self.best.score + score - score_of_best

    def _seconds(self, trial, number, n_rounds):
        """Seconds after which the networks of a fold end their training. None is no limit."""
        if not self.clock.is_limited:
            return None
        if _scheduled(trial.estimator):  # its epochs fit the time, and all of them should run
            return self.clock.fold_seconds(n_rounds, LAST_SHARE)
        compiling = min(self._start, self.clock.left / 2) if number < self.n_jobs else 0.0
        return compiling + self.clock.fold_seconds(n_rounds)

    def _has_time(self, folds):
        """Whether there is time for the remaining folds, estimated from the completed ones."""
        seconds = [fold.fit_seconds + fold.predict_seconds for fold in folds]
        if networks(folds[0].model):
            if len(folds) == 1:
                return seconds[0] < self.clock.left  # mostly compiling, which the next may not need
            self._start = max(self._start, seconds[0] - min(seconds))
        n_left = len(self.rows.splits) - len(folds)
        return math.ceil(n_left / self.n_jobs) * min(seconds) < self.clock.left

    # ---------------------------------------------------------------- forecasts

    def _reason_to_skip(self, trial):
        """Why there is not enough time or memory for a candidate, or "". The first model is never skipped."""
        if not self.out_of_fold:
            return ""
        if self.clock.left <= 0:
            return "the time was over"
        if not self.clock.is_limited and self._memory is None:
            return ""
        seconds, n_bytes = self._forecast(trial)
        left = self.clock.left * (SHARE if networks(trial.estimator) else 1)
        if seconds >= left:
            return f"it needs about {seconds:.0f} s, and {max(left, 0):.0f} s were left for it"
        if self._memory is not None and in_use() + n_bytes > self._memory:
            left = max(self._memory - in_use(), 0) / 1e9
            return f"it needs about {n_bytes / 1e9:.2g} GB, and {left:.2g} GB of memory_limit were left"
        return ""

    def _forecast(self, trial):
        """Least seconds and bytes of a candidate. A network can be stopped, so few epochs in each fold count."""
        n_train = self.rows.n_train
        bytes_of_value = min(self.n_jobs, len(self.rows.splits)) * COPIES * 8
        n_bytes = bytes_of_value * _size(self.rows.X)
        if networks(trial.estimator):
            fewest = FEWEST_EPOCHS if _scheduled(trial.estimator) else PLATEAU_EPOCHS
            of_epoch = max(n_train * NETWORK_ROW_SECONDS[self.rows.kind], EPOCH_SECONDS)
            return self._start + self.n_rounds * fewest[self.rows.kind] * of_epoch, n_bytes
        least, most = SAMPLED_ROWS
        n_sampled = max(min(max(n_train // 10, least), n_train // 3, most), 2)
        if self.clock.left < 2 * self._sampling[0]:  # such a fit would take too long
            return self._sampling[1], n_bytes
        before = (self._sample(trial, n_sampled // 4)[0], n_sampled // 4) if n_train >= 10 * n_sampled else None
        seconds, model = self._sample(trial, n_sampled)
        trial.sample_seconds = seconds
        if self._memory is not None and model is not None:
            n_bytes = max(n_bytes, bytes_of_value * n_train * _n_features(model))
            n_bytes += len(self.rows.splits) * stored_bytes(model) * n_train / n_sampled
        if similar := [done for done in self.done if _is_similar(done, trial)]:
            nearest = min(similar, key=lambda done: abs(done.sample_seconds - seconds))
            of_all = self.n_rounds * CAUTION * nearest.fold_seconds / nearest.sample_seconds * seconds
        else:
            # the first fold must end in time for sure, and all folds if they take no longer than the fit on fewer rows
            of_all = max(forecast(seconds, n_sampled, n_train, before), self.n_rounds * seconds)
        self._sampling = max(self._sampling, (seconds, of_all))
        return of_all, n_bytes

    def _sample(self, trial, n_sampled):
        """Seconds of a fit on fewer rows, and its model. It is None if the fit failed; with all rows it may not."""
        start, model = time.monotonic(), None
        with contextlib.suppress(Exception):
            model = fit_sample(clone(trial.estimator), self.rows, n_sampled)
        return time.monotonic() - start, model

    def _shorten(self, trial):
        """Lower the epochs of networks with a schedule, if there is no time for all of them."""
        found = _scheduled(trial.estimator)
        if not found:
            return
        try:
            (seconds,) = self._parallel([delayed(time_epochs)(trial.estimator, self.rows)])
        except Exception:
            return  # the fit will fail in the same way, and report it
        own = {f"{prefix}epochs": most_epochs(network, self.rows.n_train) for prefix, network in found.items()}
        epochs = max(own.values())
        longest = SHARE * self.clock.left / self.n_rounds / seconds
        parts = next((parts for parts in PARTS if epochs / parts <= longest), PARTS[-1])
        if self.out_of_fold and epochs // parts > longest:
            trial.status = SKIPPED
            trial.reason = f"it needs {seconds:.2g} s an epoch, and {max(self.clock.left, 0):.0f} s were left"
        elif parts > 1:
            shorter = {name: max(int(n / parts), min(n, FEWEST_EPOCHS[self.rows.kind])) for name, n in own.items()}
            trial.estimator.set_params(**shorter)
            trial.reason = f"with {max(shorter.values())} of {epochs} epochs, for the time"

    # ---------------------------------------------------------------- results

    def _keep(self, trial, folds):
        rows, predictions = out_of_fold(folds, len(self.rows.y))
        temperature, calibrated = corrected(self.rows, rows, predictions)
        start = time.monotonic()
        score = self.rows.score(rows, calibrated)
        if math.isnan(score):
            raise ValueError(f"{self.rows.metric.name} is not a number for its predictions")
        n_scored = self._n_steps * min(len(self.out_of_fold) + 1, MOST_SELECTED)
        self.clock.keep(n_scored * (time.monotonic() - start))
        trial.score, trial.temperature = score, temperature
        trial.models = [fold.model for fold in folds]
        of_folds = [(fold.rows, softened(fold.predictions, temperature)) for fold in folds]
        trial.fold_scores = [self._part_score(*of_fold) for of_fold in of_folds]
        trial.predict_seconds = self._predict_seconds(folds[0])
        trial.n_bytes = sum(map(stored_bytes, trial.models))
        self.out_of_fold[trial.name] = rows, predictions
        if len(folds) == len(self.rows.splits):
            self._race.add(rows, predictions, trial.score)

    def _part_score(self, rows, predictions):
        """The score of some rows. It is NaN if the metric cannot score them, for example because they lack a class."""
        try:
            return self.rows.score(rows, predictions)
        except Exception:  # the metric may be the user's, and raise anything
            return math.nan

    def _predict_seconds(self, fold):
        """Seconds to predict 1,000 rows. Rows of smaller folds are repeated, so that the overhead counts once."""
        if len(fold.rows) >= TIMED_ROWS:
            return fold.predict_seconds * TIMED_ROWS / len(fold.rows)
        X = _safe_indexing(self.rows.X, np.resize(fold.rows, TIMED_ROWS))
        start = time.monotonic()
        predictions_of(fold.model, X, self.rows.classes)
        return time.monotonic() - start


def _is_similar(done, trial):
    """Whether the ended trial has trees of the same kind, so that its seconds grow with the rows in the same way."""
    kind, _ = tree_space(trial.estimator)
    return kind != "" and tree_space(done.estimator)[0] == kind and done.fold_seconds * done.sample_seconds > 0


def _scheduled(estimator):
    """The networks of an estimator that have a schedule, by the prefix of their parameters."""
    return {prefix: n for prefix, n in networks(estimator).items() if n.lr_schedule != "plateau"}


def _n_features(model):
    """How many features the last step of a pipeline gets, or 0 if that is unknown. They can be many more than in X."""
    return getattr(model[-1], "n_features_in_", 0) if isinstance(model, Pipeline) else 0


def _size(X):
    """How many numbers X has."""
    if hasattr(X, "nnz"):
        return X.nnz
    if hasattr(X, "shape"):
        return math.prod(X.shape)
    return sum(np.size(sample) for sample in X)
