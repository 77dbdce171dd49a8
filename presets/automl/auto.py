"""Data and seconds in, the best mixture of models out."""

import copy
import math
import warnings
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from presets.automl import leaderboard
from presets.automl.clock import Clock
from presets.automl.distill import distill
from presets.automl.folds import make_splits
from presets.automl.inputs import categories_of, check_labels, check_values, check_X, kind_of_task
from presets.automl.metric import metric_for
from presets.automl.portfolio import Candidate, Task, portfolio, smallest_network
from presets.automl.report import write_report
from presets.automl.trials import COMPLETED, Rows, Trials
from presets.data.calibration import temperature
from presets.ensembles.selection import greedy_selection
from presets.evaluation.folds import fit_weighted, predictions_of
from presets.evaluation.seeds import seeded_where_free

CALIBRATION_ROWS = {2: 3000}
"""Rows from which on probabilities of so many classes are calibrated; as AutoGluon has them."""

CALIBRATION_ROWS_OF_MORE = 500
"""The same for three classes or more."""


@dataclass(eq=False, repr=False)
class Auto(BaseEstimator):
    """What both kinds of task share: the clock, the trials, the mixture."""

    _: KW_ONLY
    time_limit: float | None = 300
    scoring: object = None
    candidates: str | list | tuple = "auto"
    cv: object = "auto"
    ensemble_size: int = 25
    n_candidates: int | None = None
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    _parameter_constraints = {
        "time_limit": [Interval(Real, 0, None, closed="neither"), None],
        "scoring": [str, callable, None],
        "candidates": [StrOptions({"auto"}), list, tuple],
        "cv": [StrOptions({"auto", "last"}), Interval(Integral, 2, None, closed="left"), HasMethods("split"), list],
        "ensemble_size": [Interval(Integral, 1, None, closed="left")],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def fit(self, X, y, sample_weight=None, groups=None):
        """Try models, and keep the mixture that predicts best out of fold.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features) or (n_samples, ...)
            A table, sequences (an array of three axes, or a list of arrays), or images (an array of four axes, or of
            three in uint8). A frame may hold categories, strings, dates and gaps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            For the fits and for the score.
        groups : array-like of shape (n_samples,), optional
            Rows of one group are never on both sides of a fold.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If parameters or data cannot be used; before any training.
        Exception
            The first candidate's, if all candidates failed.

        Warns
        -----
        UserWarning
            If the time limit is too short for the first model, or a class has fewer rows than there are folds.
        """
        self._validate_params()
        clock = Clock(self.time_limit)
        rows, task, seeds = self._prepare(X, y, sample_weight, groups)
        candidates = self._candidates(task)
        trials = Trials(rows, clock, self._announcer(clock))
        trials.run(candidates, seeds.randint(2**31 - 1, size=len(candidates)).tolist())
        if task.kind == "table":
            validate_data(self, X, skip_check_array=True, reset=True)
        else:
            self.n_features_in_ = rows.X.shape[-1]
            self.__dict__.pop("feature_names_in_", None)  # of an earlier fit
        self.kind_ = task.kind
        self._keep(trials)
        self.seconds_, self.notes_ = clock.elapsed, self._notes(rows, clock, n_models=len(trials.out_of_fold))
        for note in self.notes_:
            warnings.warn(note, stacklevel=2)
        return self

    # ---------------------------------------------------------------- what fit is made of

    def _prepare(self, X, y, sample_weight, groups):
        """Everything that can fail before any training."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        kind = kind_of_task(X)
        checked = check_X(X, kind)
        y, target, classes = self._check_y(y)
        check_consistent_length(checked, y, groups)
        if len(y) < 2:
            raise ValueError(f"n_samples={len(y)}, but at least 2 rows are needed: one to train on, one to judge by.")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
            if not sample_weight.any():
                raise ValueError("sample_weight is zero for every row; at least one row needs a positive weight.")
        seeds = np.random.RandomState() if self.random_state is None else check_random_state(self.random_state)
        groups = None if groups is None else np.asarray(groups)
        splits = make_splits(self.cv, y, classes=classes, groups=groups, seed=seeds.randint(2**31 - 1))
        metric = metric_for(self.scoring, classes)
        rows = Rows(checked, y, target, sample_weight, classes, splits, metric, kind)
        self._check_metric(rows)
        return rows, self._task(kind, checked, y, target, classes, n_rows=len(splits[0][0])), seeds

    def _task(self, kind, X, y, target, classes, n_rows):
        is_sparse = kind == "table" and hasattr(X, "tocsr")
        return Task(
            kind=kind,
            is_classification=classes is not None,
            n_rows=n_rows,
            n_rarest=0 if classes is None else int(np.bincount(target).min()),
            n_outputs=1 if y.ndim == 1 else y.shape[1],
            categories=categories_of(X) if kind == "table" and not is_sparse else None,
            is_sparse=is_sparse,
        )

    def _check_metric(self, rows):
        """Score a constant prediction, so that a metric that does not suit the task fails now."""
        test = rows.splits[0][1]
        if rows.classes is None:
            constant = np.broadcast_to(rows.y.mean(axis=0), rows.y[test].shape)
        else:
            shares = np.bincount(rows.target) / len(rows.target)
            constant = np.tile(shares, (len(test), 1))
        rows.score(test, constant)

    def _candidates(self, task):
        if isinstance(self.candidates, str):
            found = portfolio(task)
        else:
            found = [Candidate(name, estimator) for name, estimator in self.candidates]
            names = [candidate.name for candidate in found]
            if not names or len(set(names)) < len(names):
                raise ValueError(f"candidates must be pairs of a name and an estimator, each name once, got {names}.")
            for candidate in found:
                if not hasattr(candidate.estimator, self._method):
                    raise ValueError(f"candidates: {candidate.name!r} has no {self._method}.")
        return found[: self.n_candidates]

    def _notes(self, rows, clock, n_models):
        """What the user should know of this fit."""
        notes = []
        if clock.elapsed > clock.limit and n_models == 1:
            done = len(self._members()[0].models)
            notes.append(
                f"time_limit={self.time_limit} is less than the first model needs, so there is no other. {done} of "
                f"{self.n_splits_} folds of it took {clock.elapsed:.1f} s. Give more time, or fewer folds."
            )
        if rows.classes is not None:
            counts = np.bincount(rows.target)
            rarest = counts.argmin()
            if counts[rarest] < len(rows.splits):
                notes.append(
                    f"Class {rows.classes.tolist()[rarest]!r} has {counts[rarest]} rows, fewer than the "
                    f"{len(rows.splits)} folds. Its probabilities are hardly tested; collect more rows of it."
                )
        return notes

    def _announcer(self, clock):
        def announce(trial, best):
            if self.verbose:
                score = "" if math.isnan(trial.score) else f"{trial.score:.4f}, best {best:.4f}, "
                left = f", {max(clock.left, 0):.0f} s left" if clock.is_limited else ""
                reason = f" ({trial.reason})" if trial.reason else ""
                print(
                    f"[{type(self).__name__}] {trial.name} {trial.status}{reason}: {score}{clock.elapsed:.0f} s{left}",
                    flush=True,
                )

        return announce

    def _keep(self, trials):
        """Select the mixture, and keep what it needs."""
        rows = trials.rows
        chosen = [trial for trial in trials.done if trial.status == COMPLETED] or [
            trial for trial in trials.done if trial.name in trials.out_of_fold
        ]
        predicted = trials.out_of_fold[chosen[0].name][0]
        predictions = [trials.out_of_fold[trial.name][1] for trial in chosen]
        weights = greedy_selection(
            predictions,
            rows.target[predicted],
            rows.metric.loss,
            sample_weight=None if rows.sample_weight is None else rows.sample_weight[predicted],
            n_steps=self.ensemble_size,
        )
        for trial, weight in zip(chosen, weights, strict=True):
            trial.weight = float(weight)
        mixture = sum(weight * part for weight, part in zip(weights, predictions, strict=True) if weight)
        for trial in trials.done:
            if not trial.weight:
                trial.models = []
        self.trials_, self.n_splits_ = trials.done, len(rows.splits)
        self.metric_ = rows.metric.name
        mixture = self._calibrate(mixture, rows, predicted)
        self.score_ = rows.score(predicted, mixture)
        self.out_of_fold_ = {"rows": predicted, "predictions": mixture, "y": rows.y[predicted]}

    def _calibrate(self, mixture, rows, predicted):
        return mixture

    # ---------------------------------------------------------------- after fit

    def _members(self):
        return [trial for trial in self.trials_ if trial.weight]

    def _mixture(self, X):
        check_is_fitted(self)
        kind = kind_of_task(X)
        if kind != self.kind_:
            raise ValueError(f"X holds {kind}, but {type(self).__name__} was fitted to {self.kind_}.")
        checked = check_X(X, kind)
        if kind == "table":
            validate_data(self, X, skip_check_array=True, reset=False)
        classes = getattr(self, "classes_", None)
        parts = [
            trial.weight * np.mean([predictions_of(model, checked, classes) for model in trial.models], axis=0)
            for trial in self._members()
        ]
        return np.sum(parts, axis=0)

    def leaderboard(self):
        """Every candidate: how good it was out of fold, what it cost, and what became of it.

        Returns
        -------
        pandas.DataFrame, or list of dict where pandas is not installed
            A row for the ensemble, then one for each candidate, the best first: `candidate`, `preset`, `score` (out of
            fold, greater being better), `score_std` (between folds), `fit_seconds` (all folds), `predict_seconds` (for
            1,000 rows, all models), `megabytes`, `weight` (in the ensemble), `status` and `reason`.
        """
        check_is_fitted(self)
        return leaderboard.as_frame(leaderboard.entries(self))

    def report(self, path, X=None, y=None):
        """Write one HTML page about the fit, which needs no other file and no network.

        It has the leaderboard, the calibration or the residuals out of fold, and the errors worth a look. Then come the
        learning curves of the networks with their diagnosis, and the code that repeats the fit.

        Parameters
        ----------
        path : path-like
            The file to write. The old one stays until the new one is whole.
        X, y : array-like, optional
            With them the page also has the data check and the importance of each column, best of rows that `fit` has
            not seen.
        """
        check_is_fitted(self)
        if (X is None) != (y is None):
            raise ValueError("X and y belong together: give both or neither.")
        write_report(self, path, X, None if y is None else np.asarray(y))

    def refit_full(self, X, y, sample_weight=None):
        """Fit each candidate of the ensemble once on all rows, in the place of one model for each fold.

        The result predicts in a fraction of the time. Its score is not known, since no row is left to judge it by.

        Parameters
        ----------
        X, y, sample_weight
            As `fit` got them.

        Returns
        -------
        AutoClassifier or AutoRegressor
            A new one, fitted.
        """
        check_is_fitted(self)
        X = check_X(X, kind_of_task(X))
        y = self._check_y(y)[0]
        check_consistent_length(X, y)
        full = copy.copy(self)
        full.trials_ = [copy.copy(trial) for trial in self.trials_]
        for trial in full._members():
            trial.models = [fit_weighted(clone(trial.estimator), X, y, sample_weight)]
        return full

    def distill(self, X, y):
        """Train one network on the predictions of the ensemble, for a small model that predicts fast.

        A tenth of the rows is held out. `distillation_` then has the score of the "network" for these rows, and that of
        the "ensemble", by the models that had not seen them: the difference is what the network loses.

        Parameters
        ----------
        X, y
            As `fit` got them, in the same order.

        Returns
        -------
        estimator
            A network of this package, or a pipeline that ends in one; its `model_` is a Keras model.

        Raises
        ------
        ValueError
            If y is not that of `fit`.
        """
        check_is_fitted(self)
        checked = check_X(X, self.kind_)
        y, target, classes = self._check_y(y)
        check_consistent_length(checked, y)
        rows = self.out_of_fold_["rows"]
        if len(y) <= rows.max() or not np.array_equal(y[rows], self.out_of_fold_["y"]):
            raise ValueError("y is not that of fit: distill needs the same rows in the same order.")
        task = self._task(self.kind_, checked, y, target, classes, n_rows=len(y))
        seed = 0 if self.random_state is None else check_random_state(self.random_state).randint(2**31 - 1)
        network = seeded_where_free(smallest_network(task), seed)
        metric = metric_for(self.scoring, classes)
        network, self.distillation_ = distill(self, network, checked, y, metric, target, seed)
        return network

    def __sklearn_is_fitted__(self):
        return hasattr(self, "trials_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags


@dataclass(eq=False, repr=False)
class AutoClassifier(ClassifierMixin, Auto):
    """Classifier that finds its models itself, in the seconds that it is given.

    Linear models, boosted and random trees and the networks of this package are fitted on folds. Their predictions for
    rows that they were not trained on decide which of them are mixed, and with which weights.

    Parameters
    ----------
    time_limit : float or None, default=300
        Seconds. The limit is kept once there is a first model. None tries every candidate, and repeats exactly for a
        `random_state`.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn's; None is the log loss.
    candidates : "auto" or list of (str, estimator), default="auto"
        What is tried, in this order. "auto" depends on the kind of X. A pipeline or any other classifier with
        `predict_proba` can be given.
    cv : "auto", "last", int, splitter or list of splits, default="auto"
        "auto": 8 folds of fewer than 1,000 rows, 5 of fewer than 20,000, 3 of fewer than 100,000; of more, a fifth is
        held out. "last" holds out the last fifth, for rows in the order of time.
    ensemble_size : int, default=25
        Steps of the selection; 1 keeps the best candidate alone.
    n_candidates : int or None, default=None
        How many candidates are tried at most.
    random_state : int, RandomState or None, default=None
        Draws the folds, and the seed of each candidate whose `random_state` is None.
    verbose : int, default=0
        1 prints a line for each candidate.
    calibrate : bool or "auto", default="auto"
        Whether one temperature corrects the probabilities, by the rows out of fold. "auto": if there are 3,000 of them
        for two classes, or 500 for more classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    trials_ : list of Trial
        What became of each candidate, with its models if it has a weight.
    score_ : float
        Of the ensemble, out of fold, greater being better.
    metric_ : str
        Its name.
    out_of_fold_ : dict of str to ndarray
        `rows`, and for them `predictions` of the ensemble and `y`.
    temperature_ : float
        1 if the probabilities are not calibrated.
    n_splits_ : int
    seconds_ : float
        That `fit` took.
    notes_ : list of str
        What `fit` warned of.
    kind_ : {"table", "sequences", "images"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Where X has names.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import AutoClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> auto = AutoClassifier(time_limit=None, n_candidates=2, random_state=0).fit(X, y)
    >>> auto.predict(X[:2])
    array([0, 0])
    """

    calibrate: bool | str = "auto"

    _parameter_constraints = Auto._parameter_constraints | {"calibrate": ["boolean", StrOptions({"auto"})]}
    _method = "predict_proba"

    def _check_y(self, y):
        y, classes = check_labels(y)
        return y, np.searchsorted(classes, y), classes

    def _keep(self, trials):
        self.classes_ = trials.rows.classes
        super()._keep(trials)

    def _calibrate(self, mixture, rows, predicted):
        n_classes = len(rows.classes)
        enough = len(predicted) >= CALIBRATION_ROWS.get(n_classes, CALIBRATION_ROWS_OF_MORE)
        self.temperature_ = 1.0
        if self.calibrate is True or (self.calibrate == "auto" and enough):
            weights = None if rows.sample_weight is None else rows.sample_weight[predicted]
            self.temperature_ = temperature(_logits(mixture), rows.target[predicted], weights)
        return _softened(mixture, self.temperature_)

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return _softened(self._mixture(X), self.temperature_)

    def predict(self, X):
        """Labels of the most probable classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self._mixture(X)
        return self.classes_[probabilities.argmax(axis=1)]


@dataclass(eq=False, repr=False)
class AutoRegressor(RegressorMixin, Auto):
    """Regressor that finds its models itself, in the seconds that it is given.

    See `AutoClassifier`; the score is the root mean squared error, and there is nothing to calibrate.

    Parameters
    ----------
    time_limit : float or None, default=300
        Seconds. The limit is kept once there is a first model. None tries every candidate, and repeats exactly for a
        `random_state`.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn's; None is the root mean squared error.
    candidates : "auto" or list of (str, estimator), default="auto"
        What is tried, in this order.
    cv : "auto", "last", int, splitter or list of splits, default="auto"
        As for `AutoClassifier`.
    ensemble_size : int, default=25
        Steps of the selection; 1 keeps the best candidate alone.
    n_candidates : int or None, default=None
        How many candidates are tried at most.
    random_state : int, RandomState or None, default=None
        Draws the folds, and the seed of each candidate whose `random_state` is None.
    verbose : int, default=0
        1 prints a line for each candidate.

    Attributes
    ----------
    trials_, score_, metric_, out_of_fold_, n_splits_, seconds_, kind_, n_features_in_, feature_names_in_
        As of `AutoClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from presets import AutoRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> auto = AutoRegressor(time_limit=None, n_candidates=2, random_state=0).fit(X, y)
    >>> auto.predict(X[:2]).shape
    (2,)
    """

    _method = "predict"

    def _check_y(self, y):
        y = check_values(y)
        return y, y, None

    def predict(self, X):
        """Values in the unit of y.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._mixture(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _logits(probabilities):
    return np.log(np.clip(probabilities, np.finfo(np.float64).eps, 1.0))


def _softened(probabilities, temperature):
    if temperature == 1.0:
        return probabilities
    logits = _logits(probabilities) / temperature
    softened = np.exp(logits - logits.max(axis=1, keepdims=True))
    return softened / softened.sum(axis=1, keepdims=True)
