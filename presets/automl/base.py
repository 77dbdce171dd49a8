"""What `AutoClassifier` and `AutoRegressor` share: parameters, `fit`, and what can be done after it."""

from __future__ import annotations  # help() then shows the names of types

import copy
import itertools
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, Self

import keras
import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from presets.automl import leaderboard
from presets.automl.clock import Clock
from presets.automl.distill import distill
from presets.automl.inputs import check_columns, check_target, check_X, kind_of_task
from presets.automl.metric import metric_for
from presets.automl.mixture import mix, mixtures
from presets.automl.neighbours import around_the_best, with_variants
from presets.automl.portfolio import smallest_network
from presets.automl.preparation import describe_task, prepare
from presets.automl.progress import Progress
from presets.automl.report import write_report
from presets.automl.run import Run
from presets.automl.trials import COMPLETED, OUT_OF_TIME, Trial, stored_bytes
from presets.evaluation.folds import fit_weighted
from presets.evaluation.networks import find_network
from presets.evaluation.seeds import seeded
from presets.typing import Features, RandomState, Values


@dataclass(eq=False, repr=False)
class Auto(BaseEstimator):
    """Base of `AutoClassifier` and `AutoRegressor`."""

    _: KW_ONLY
    time_limit: float | None = 300
    scoring: str | Callable[..., float] | None = None
    candidates: str | Sequence[tuple[str, Any]] = "auto"
    n_candidates: int | None = None
    cv: object = "auto"
    ensemble_size: int = 25
    n_jobs: int | None = None
    memory_limit: float | None = None
    directory: str | os.PathLike[str] | None = None
    resume: bool = False
    random_state: RandomState = None
    verbose: int = 0

    _parameter_constraints = {
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "scoring": [str, callable, None],
        "candidates": [StrOptions({"auto"}), list, tuple],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "cv": [StrOptions({"auto", "last"}), Interval(Integral, 2, None, closed="left"), HasMethods("split"), list],
        "ensemble_size": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "memory_limit": [Interval(Real, 0, None, closed="neither"), None],
        "directory": [str, os.PathLike, None],
        "resume": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def fit(self, X: Features, y: Values, sample_weight: Values | None = None, groups: Values | None = None) -> Self:
        """Try models, and keep the mixture with the best predictions out of fold.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features) or (n_samples, ...)
            A table, sequences (an array of three axes, or a list of arrays), or images (an array of four axes, or of
            three in uint8). A frame may have categories, strings, dates and gaps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Used for the fits and for the score.
        groups : array-like of shape (n_samples,), optional
            A fold never uses rows of one group for both the fit and the score.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data cannot be used. This comes before any training.
        Exception
            The error of the first candidate, if all candidates failed.

        Warns
        -----
        UserWarning
            If the time limit is too short for the first model, if a class has fewer rows than there are folds, or if
            `directory` cannot be written.
        """
        self.trials_: list[Trial]
        self.score_: float
        self.n_features_in_: int
        self._validate_params()
        clock, n_jobs = Clock(self.time_limit), effective_n_jobs(self.n_jobs)
        problem = prepare(self, X, y, sample_weight, groups, n_jobs=n_jobs)
        rows, seeds = problem.rows, problem.seeds
        run = Run(
            rows,
            clock,
            journal=problem.journal,
            progress=Progress(type(self).__name__, clock, self.verbose),
            n_steps=self.ensemble_size,
            n_jobs=n_jobs,
            memory=None if self.memory_limit is None else 1e9 * self.memory_limit,
        )
        run.run(self._in_turn(problem, run), iter(lambda: int(seeds.randint(2**31 - 1)), None))
        if problem.task.kind == "table":
            check_columns(self, X, reset=True)
            self.sample_shape_ = None
        else:
            self.sample_shape_ = rows.X.shape[1:] if problem.task.kind == "images" else None
            self.n_features_in_ = rows.X.shape[-1]
            self.__dict__.pop("feature_names_in_", None)  # from an earlier fit
        self.kind_: str = problem.task.kind
        self.n_splits_: int = len(rows.splits)
        self.seed_: int = problem.seed
        self.metric_: str = rows.metric.name
        self._keep(run)
        self.seconds_: float = clock.elapsed
        self.notes_: list[str] = [*_notes(self, rows, clock, len(run.out_of_fold)), *problem.journal.notes]
        for note in self.notes_:
            warnings.warn(note, stacklevel=2)
        return self

    # ---------------------------------------------------------------- parts of fit

    def _in_turn(self, problem, run):
        """The candidates in their order. With a limit of time or number, variants of the best come between the last."""
        found = iter(problem.candidates)
        if isinstance(self.candidates, str) and (run.clock.is_limited or self.n_candidates is not None):
            seed = int(problem.seeds.randint(1, 2**31 - 1))
            found = with_variants(found, around_the_best(run, seed))
        return itertools.islice(found, self.n_candidates)

    def _keep(self, run):
        """Select the mixture, and keep its models and its results."""
        whole = [trial for trial in run.done if trial.status == COMPLETED]
        chosen = whole or [trial for trial in run.done if trial.name in run.out_of_fold]
        found = mixtures(run.rows, chosen, run.out_of_fold, self.ensemble_size, run.clock)
        best = max(found, key=lambda mixture: self._score(run.rows, mixture))
        for trial in run.done:
            trial.weight = best.weights.get(trial.name, 0.0)
            if not trial.weight:
                trial.models = []
        self.trials_ = run.done
        self.score_ = self._score(run.rows, best)
        predictions = self._correct(run.rows, best)
        self.out_of_fold_ = {"rows": best.rows, "predictions": predictions, "y": run.rows.y[best.rows]}

    def _correct(self, rows, mixture):
        return mixture.predictions

    def _score(self, rows, mixture):
        return rows.score(mixture.rows, self._correct(rows, mixture))

    # ---------------------------------------------------------------- after fit

    def _mixture(self, X):
        checked = self._check_X(X)
        return mix(self.trials_, checked, getattr(self, "classes_", None))

    def _check_X(self, X):
        """Check that X is like the X of `fit`."""
        check_is_fitted(self)
        kind = kind_of_task(X)
        if kind != self.kind_:
            raise ValueError(f"X is of kind {kind!r}, but {type(self).__name__} was fitted to the kind {self.kind_!r}.")
        checked = check_X(X, kind)
        if kind == "table":
            check_columns(self, X, reset=False)
        elif self.sample_shape_ not in (None, checked.shape[1:]):
            raise ValueError(
                f"X contains images of shape {checked.shape[1:]}, but {type(self).__name__} was fitted to images of "
                f"{self.sample_shape_}."
            )
        return checked

    def _check(self, X, y):
        """Check that X and y are like those of `fit`, for another fit."""
        checked = self._check_X(X)
        y, target, classes = check_target(y, is_classification=is_classifier(self))
        check_consistent_length(checked, y)
        if classes is not None and not np.array_equal(classes, self.classes_):
            raise ValueError(f"y has the classes {classes.tolist()}, but those of fit were {self.classes_.tolist()}.")
        return checked, y, target

    @property
    def model_(self) -> keras.Model:
        """The complete Keras model, if the ensemble is a single network.

        Returns
        -------
        keras.Model
            Its probabilities are not corrected by temperatures.

        Raises
        ------
        AttributeError
            If there are several models, or if the only model is not a network.
        """
        check_is_fitted(self)
        models = [model for trial in self.trials_ if trial.weight for model in trial.models]
        if len(models) > 1:
            raise AttributeError(
                f"The ensemble has {len(models)} models, so it has no model_. `distill` gives one network. "
                "`refit_full` also does, if one candidate has all the weight."
            )
        try:
            return find_network(models[0]).model_
        except TypeError as error:
            raise AttributeError(f"The only model is not a network: {models[0]!r}.") from error

    def leaderboard(self) -> Any:
        """Table of all candidates: score out of fold, cost and status.

        Returns
        -------
        pandas.DataFrame, or list of dict if pandas is not installed
            The first row is the ensemble. The candidates follow, the best first. Columns: `candidate`, `preset`,
            `score` (out of fold, greater is better), `score_std` (between folds), `fit_seconds` (all folds),
            `predict_seconds` (for 1,000 rows, all models), `megabytes`, `weight` (in the ensemble), `status`, `reason`.
        """
        check_is_fitted(self)
        return leaderboard.as_frame(leaderboard.entries(self))

    def report(self, path: str | os.PathLike[str], X: Features | None = None, y: Values | None = None) -> None:
        """Write one HTML page about the fit. It needs no other file and no internet.

        The page has the leaderboard, the calibration or the residuals out of fold, and the worst errors. It also has
        the learning curves of the networks with their diagnosis, and the code that repeats the fit.

        Parameters
        ----------
        path : path-like
            The file to write. It replaces an old file only when it is complete.
        X, y : array-like, optional
            With them, the page also has the data check and the importance of each column. Use rows that were not in
            `fit`, if possible.
        """
        check_is_fitted(self)
        if (X is None) != (y is None):
            raise ValueError("X and y belong together: give both or neither.")
        write_report(self, path, X, None if y is None else np.asarray(y))

    def refit_full(self, X: Features, y: Values, sample_weight: Values | None = None) -> Self:
        """Fit each candidate of the ensemble once on all rows, instead of once for each fold.

        The result predicts several times faster. Its score is not known, because no rows are left for a test.

        Parameters
        ----------
        X, y, sample_weight
            The same as in `fit`.

        Returns
        -------
        AutoClassifier or AutoRegressor
            A new fitted estimator.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, or y other classes.
        """
        X, y, _ = self._check(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        full = copy.copy(self)
        full.trials_ = [copy.copy(trial) for trial in self.trials_]
        for trial in full.trials_:
            if trial.weight:
                trial.models = [fit_weighted(clone(trial.estimator), X, y, sample_weight)]
                trial.n_bytes = stored_bytes(trial.models)
        return full

    def distill(self, X: Features, y: Values) -> Any:
        """Train one network on the predictions of the ensemble. It is small and predicts fast.

        A tenth of the rows is held out. `distillation_` then has two scores for these rows: "network", and "ensemble"
        from predictions out of fold. The difference shows how much the network is worse. Both scores are printed.

        Parameters
        ----------
        X, y
            The same as in `fit`, in the same order.

        Returns
        -------
        estimator
            A network of this package. Its `model_` is a Keras model.

        Raises
        ------
        ValueError
            If y is not the y of `fit`.
        """
        checked, values, target = self._check(X, y)
        classes = getattr(self, "classes_", None)
        rows = self.out_of_fold_["rows"]
        if len(values) <= rows.max() or not np.array_equal(values[rows], self.out_of_fold_["y"]):
            raise ValueError("y is not the y of fit: distill needs the same rows in the same order.")
        task = describe_task(self.kind_, checked, values, target, classes, n_rows=len(values))
        seed = 0 if self.random_state is None else check_random_state(self.random_state).randint(2**31 - 1)
        network = seeded(smallest_network(task), seed, replaces=False)
        metric = metric_for(self.scoring, classes)
        network, self.distillation_ = distill(self, network, checked, values, metric, target, seed)
        scores = ", ".join(f"{of} {score:.4g}" for of, score in self.distillation_.items())
        print(f"{self.metric_} of the held-out rows: {scores}")
        return network

    def __sklearn_is_fitted__(self):
        return hasattr(self, "trials_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.three_d_array = True
        return tags


def _notes(auto, rows, clock, n_models):
    """Warnings about a fit."""
    notes = []
    first = next(trial for trial in auto.trials_ if trial.weight)
    if n_models == 1 and (clock.elapsed > clock.limit or first.status == OUT_OF_TIME):
        notes.append(
            f"time_limit={auto.time_limit} is less than the first model needs, so there is no other model. "
            f"{len(first.models)} of its {len(rows.splits)} folds took {first.fit_seconds:.1f} s. Set a longer "
            "time_limit."
        )
    if rows.classes is not None:
        counts = np.bincount(rows.target)
        rarest = counts.argmin()
        if counts[rarest] < len(rows.splits):
            notes.append(
                f"Class {rows.classes.tolist()[rarest]!r} has {counts[rarest]} rows, fewer than the "
                f"{len(rows.splits)} folds. Its probabilities are hardly tested; collect more rows of this class."
            )
    return notes
