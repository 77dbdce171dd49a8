"""Keras Tuner's searches as a scikit-learn estimator."""

from __future__ import annotations  # help() then shows the names of types

import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state, get_tags, indexable
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_method_params, check_is_fitted

from presets.evaluation.networks import networks
from presets.search import cluster, report
from presets.search.dimensions import Dimension, SearchSpace
from presets.search.evaluation import COMPLETED, FAILED, Evaluation, Result, most_epochs
from presets.search.header import describe
from presets.search.journal import Journal, draw_seed
from presets.search.local import run_trials
from presets.search.oracles import ORACLES, make_oracle
from presets.search.spaces import resolve
from presets.training.deadline import Deadline
from presets.typing import Array, Estimator, Features, RandomState, Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TunerSearchCV(BaseSearchCV):
    """Search for the best parameters with Keras Tuner's oracles and cross-validation.

    The first trial is the estimator as given. Each trial clones, fits and scores the estimator as `GridSearchCV` does.
    The best estimator is then fitted on all data.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a `Pipeline` or another meta-estimator that contains one. Any other estimator
        works too, if you give a `space`.
    space : SearchSpace, dict of str to (dimension or list), or None, default=None
        The parameters that vary, with their possible values. None is the article's space for the network in the
        estimator, see `space_for`. Parameters of the network need no prefix.
    oracle : {"bayesian", "random", "hyperband", "grid"}, default="bayesian"
        The method that proposes trials. "hyperband" trains many candidates for few epochs and the best of them for
        more; its trials have `epochs` among their parameters. "grid" takes three values of each range.
    n_trials : int or None, default=30
        Greatest number of trials. None sets no limit: `timeout` ends the search, or "grid" and "hyperband" end it
        themselves.
    timeout : float or None, default=None
        Seconds for all trials; None sets no limit. When the time is over, training stops after the current epoch. The
        search takes the best finished trial, or the estimator as given if no trial has finished. The final fit comes
        after that, and is not counted.
    cv : int, cross-validation generator or iterable, default=None
        As in `GridSearchCV`: 5 folds, stratified for classifiers.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in `GridSearchCV`; greater is better. With several metrics, the oracle maximises the one that `refit` names.
    refit : bool, str or callable, default=True
        As in `GridSearchCV`.
    prune : bool, default=True
        Whether poor trials stop early. A network that may train for 80 epochs or more is screened first: it is fitted
        on the first fold, for a sixteenth of its epochs. The trial continues if its score is among the best third of
        all screenings (asynchronous successive halving, Li et al. 2020). It stops after a fold if it is further behind
        the best trial on the same folds than chance explains (a race, Maron and Moore 1994). Scores of folds that were
        not run are NaN, and the trial is ranked last. "hyperband" does not use this, because its rounds are not
        comparable.
    n_jobs : int or None, default=None
        Number of trials that run in parallel, with joblib.
    directory : path-like or None, default=None
        Directory that stores the finished trials as JSON. None keeps them in memory only.
    resume : bool, default=False
        Whether to continue the search that `directory` holds: its finished trials are not run again. With one worker
        and no `timeout`, the result equals that of a search without interruption. If the directory holds no search, a
        new one starts. Data, parameters of `fit`, folds, estimator, space and scoring must be the same: the directory
        keeps their digests, and an error says what differs. Your own functions and classes are compared by their code,
        those of installed packages by their names. `n_trials`, `timeout` and `n_jobs` may change.
    random_state : int, RandomState or None, default=None
        Seed of the proposals. The networks have their own `random_state`.
    verbose : int, default=0
        1 prints a line for each trial, with the seconds that remain of `timeout`.

    Attributes
    ----------
    best_estimator_ : estimator
        Fitted on all data. Missing if `refit` is False.
    best_params_ : dict of str to object
    best_score_ : float
        Mean over the folds. NaN if `timeout` ended before any trial was complete.
    best_index_ : int
        Row of the best trial in `cv_results_`.
    cv_results_ : dict of str to ndarray
        As in `GridSearchCV`, with more columns: `status` ("completed", "pruned", "failed" or "interrupted"), `failure`
        (the traceback, or ""), `screening_score` (or one column for each metric, by its name) and `screening_time` in
        seconds. Folds that were not run have NaN as their score and 0 as their time.
    n_splits_ : int
    scorer_ : callable or dict of str to callable
    multimetric_ : bool
        Whether there are several metrics.
    refit_time_ : float
        Seconds of the final fit.
    space_ : SearchSpace
        With the names of the parameters as the estimator takes them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, TunerSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = TunerSearchCV(DNNClassifier(epochs=5, random_state=0), n_trials=2, cv=2, random_state=0)
    >>> search.fit(X, y).cv_results_["params"][0]["learning_rate"]
    0.1
    """

    _parameter_constraints = {
        **{
            name: BaseSearchCV._parameter_constraints[name]
            for name in ("estimator", "scoring", "refit", "cv", "n_jobs")
        },
        "space": [Mapping, None],
        "oracle": [StrOptions(set(ORACLES))],
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "prune": ["boolean"],
        "directory": [str, os.PathLike, None],
        "resume": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    # BaseSearchCV reads these
    error_score = "raise"
    return_train_score = False

    def __init__(
        self,
        estimator: Estimator,
        *,
        space: Mapping[str, Dimension | Sequence[Any]] | None = None,
        oracle: str = "bayesian",
        n_trials: int | None = 30,
        timeout: float | None = None,
        cv: Any = None,
        scoring: Any = None,
        refit: bool | str | Callable[[dict[str, Any]], int] = True,
        prune: bool = True,
        n_jobs: int | None = None,
        directory: str | os.PathLike[str] | None = None,
        resume: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.oracle = oracle
        self.n_trials = n_trials
        self.timeout = timeout
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.prune = prune
        self.n_jobs = n_jobs
        self.directory = directory
        self.resume = resume
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Features, y: Values | None = None, **params: Any) -> Self:
        """Search, and fit the best estimator on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            In any form that the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        **params
            As in `GridSearchCV`. `groups` goes to the splitter. Values as long as X, such as `sample_weight`, are cut
            to the rows of a fold. With metadata routing, each value goes to the objects that requested it.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Before any training: if parameters contradict each other, or `directory` cannot be used.
        Exception
            The error of the first trial, if all trials failed.

        Warns
        -----
        FitFailedWarning
            If some trials failed; `cv_results_["failure"]` has their tracebacks.
        UserWarning
            If `timeout` ended before any trial was complete.
        """
        self._validate_params()
        self._check_parameters()
        deadline = None if self.timeout is None else Deadline(self.timeout)
        scorers, metric = self._get_scorers()
        if callable(self.scoring) and isinstance(self.refit, str):
            metric = self.refit  # whether the function returns several metrics is known only after a call
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, **routed.splitter.split))
        estimator = clone(self.estimator)
        space = resolve(estimator, self.space)
        evaluation = Evaluation(
            estimator,
            X,
            y,
            splits,
            scorer=scorers,
            metric=metric,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            screens=self.prune and self.oracle != "hyperband",
        )
        results = self._search(evaluation, space, deadline, self._header(evaluation, space, scorers))
        self._keep(results, scorers, metric, len(splits))
        self.space_: SearchSpace = space
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        return self

    # ---------------------------------------------------------------- what fit is made of

    def _check_parameters(self):
        if self.n_trials is None and self.timeout is None and self.oracle in ("random", "bayesian"):
            raise ValueError(f"oracle={self.oracle!r} never ends by itself: set n_trials or timeout.")
        if self.oracle == "hyperband" and len(networks(self.estimator)) != 1:
            raise ValueError(
                "oracle='hyperband' varies the epochs of a network: the estimator must contain exactly one network of "
                "this package."
            )
        if self.resume and self.directory is None:
            raise ValueError("resume=True needs the directory of the search that it continues: set directory.")
        if cluster.has_chief() and (self.directory is None or self.resume or effective_n_jobs(self.n_jobs) != 1):
            raise ValueError(
                "KERASTUNER_ORACLE_IP is set, so several processes share this search: give all of them the same new "
                "directory, with resume=False and n_jobs=None."
            )
        several = isinstance(self.scoring, list | tuple | dict)
        if several and not isinstance(self.refit, str):
            raise ValueError("scoring has several metrics: set refit to the name of the one to maximise.")

    def _search(self, evaluation, space, deadline, header):
        is_worker = cluster.has_chief() and not cluster.is_chief()
        journal = None if is_worker else Journal.open(self.directory, header, resume=self.resume)
        own = _own_values(evaluation.estimator, space)
        max_epochs, epochs_name = _epochs(evaluation) if self.oracle == "hyperband" else (None, None)
        oracle = make_oracle(
            self.oracle,
            space,
            own,
            seed=1 if is_worker else journal.header["seed"],
            n_trials=self.n_trials,
            max_epochs=max_epochs,
        )

        def parameters(number, values):
            params = own if number == 0 else space.settings(values)
            return params if epochs_name is None else params | {epochs_name: int(values["tuner/epochs"])}

        rules = {
            "deadline": deadline,
            "prune": self.prune and self.oracle != "hyperband",
            "announce": self._announcer(evaluation.metric, deadline),
        }
        if not cluster.has_chief():
            n_jobs = effective_n_jobs(self.n_jobs)
            return run_trials(oracle, parameters, evaluation, journal, n_jobs=n_jobs, **rules)
        if is_worker:
            journal = cluster.work(
                oracle, parameters, evaluation, partial(Journal.join, self.directory, header), **rules
            )
        else:
            cluster.serve(oracle, deadline)
            journal.refresh()
        if not journal.results:
            raise RuntimeError("The search ended before any worker had finished a trial; set a longer timeout.")
        for result in journal.results.values():
            result.params = parameters(result.number, result.values)
        return list(journal.results.values())

    def _header(self, evaluation, space, scorers):
        """Describe this search, so that it is not mixed with another one in the same directory."""
        seed = None if self.random_state is None else draw_seed(check_random_state(self.random_state))
        if self.directory is None:
            return {"seed": seed}
        named = getattr(scorers, "_scorers", None)  # if there are several metrics
        return describe(
            evaluation,
            space,
            oracle=self.oracle,
            scoring=self.scoring,
            metrics=list(named) if named else None if callable(self.scoring) else ["score"],
            prune=self.prune,
            seed=seed,
        )

    def _announcer(self, metric, deadline):
        def announce(result, results):
            if self.verbose:
                best = max((r.mean(metric) for r in results if r.status == COMPLETED), default=math.nan)
                mean = result.mean(metric)
                score = "" if math.isnan(mean) else f"{metric} {mean:.4f}, "
                left = "" if deadline is None else f", {max(deadline.seconds_left, 0):.0f} s left"
                print(
                    f"[TunerSearchCV] trial {result.number} {result.status}: {score}best {best:.4f}{left}", flush=True
                )

        return announce

    def _keep(self, results: list[Result], scorers: Any, metric: str, n_splits: int) -> None:
        failed = [result for result in results if result.status == FAILED]
        if failed and len(failed) == len(results):
            raise _first_error(failed)
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(results)} trials failed; the first:\n{failed[0].failure}",
                FitFailedWarning,
                stacklevel=3,
            )
        if not any(result.status == COMPLETED for result in results):
            warnings.warn(
                f"timeout={self.timeout} ended before any trial was complete, so the estimator keeps its own "
                "parameters. Set a longer timeout, or use fewer folds.",
                stacklevel=3,
            )
        names = next((list(fold.scores) for result in results for fold in result.scored), [metric])
        self.n_splits_: int = n_splits
        self.multimetric_: bool = names != ["score"]
        self.scorer_: Any = getattr(scorers, "_scorers", scorers)
        self.cv_results_: dict[str, Any] = self._table(results, names)
        self.best_index_: int = int(self._select_best_index(self.refit, metric, self.cv_results_))
        self.best_params_: dict[str, Any] = self.cv_results_["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_: float = self.cv_results_[f"mean_test_{metric}"][self.best_index_]

    def _table(self, results, names):
        """The results in the form of `GridSearchCV`."""
        unscored = {"fit_time": 0.0, "score_time": 0.0, "scores": dict.fromkeys(names, math.nan)}
        out = []
        for result in results:
            folds = [vars(fold) for fold in result.folds]
            for fold in folds + [unscored] * (self.n_splits_ - len(folds)):
                scores = fold["scores"] if self.multimetric_ else fold["scores"]["score"]
                out.append({"fit_time": fold["fit_time"], "score_time": fold["score_time"], "test_scores": scores})
        screenings = [vars(result.screening) if result.screening else unscored for result in results]
        more = {
            **{f"screening_{name}": np.array([run["scores"][name] for run in screenings]) for name in names},
            "screening_time": np.array([run["fit_time"] + run["score_time"] for run in screenings]),
            "status": [result.status for result in results],
            "failure": [result.failure for result in results],
        }
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="One or more of the test scores are non-finite")
            return self._format_results([result.params for result in results], self.n_splits_, out, more)

    def _refit(self, X: Features, y: Values | None, fit_params: Mapping[str, Any]) -> None:
        start = time.perf_counter()
        self.best_estimator_: Any = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        if y is None:
            self.best_estimator_.fit(X, **fit_params)
        else:
            self.best_estimator_.fit(X, y, **fit_params)
        self.refit_time_: float = time.perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    # ---------------------------------------------------------------- after fit

    if TYPE_CHECKING:  # scikit-learn's own methods have no types

        def predict(self, X: Features) -> Array: ...  # noqa: D102
        def predict_proba(self, X: Features) -> Array: ...  # noqa: D102
        def score(self, X: Features, y: Values | None = None, **params: Any) -> float: ...  # noqa: D102

    def search_report(self, n_best: int = 3) -> str:
        """Summarise the search: how many trials ended how, the best ones, and why others failed.

        Parameters
        ----------
        n_best : int, default=3
            Greatest number of best trials and of failed trials to show.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        return report.describe(self.cv_results_, self._metric_name(), n_best)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the score of each trial and the best score so far. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        check_is_fitted(self)
        return report.draw(self.cv_results_, self._metric_name(), ax)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        of_estimator = get_tags(self.estimator)
        tags.target_tags.multi_output = of_estimator.target_tags.multi_output
        tags.input_tags.three_d_array = of_estimator.input_tags.three_d_array
        tags.input_tags.allow_nan = of_estimator.input_tags.allow_nan
        return tags

    def _metric_name(self):
        return self.refit if self.multimetric_ else "score"


def _own_values(estimator, space):
    given = estimator.get_params(deep=True)
    return {parameter: given[parameter] for parameter in space.parameters}


def _epochs(evaluation):
    """Epochs that the network as given takes on the rows of a fold, and the full name of that parameter."""
    ((prefix, network),) = networks(evaluation.estimator).items()
    return most_epochs(network, len(evaluation.splits[0][0])), f"{prefix}epochs"


def _first_error(failed):
    error = failed[0].error
    message = f"All {len(failed)} trials of the search failed; the first:\n{failed[0].failure}"
    if error is None:
        return ValueError(message)
    error.add_note(message)
    return error
