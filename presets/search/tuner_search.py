"""Keras Tuner's searches as a scikit-learn estimator."""

import math
import os
import time
import warnings
from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real

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
from presets.search.evaluation import COMPLETED, FAILED, Evaluation, most_epochs
from presets.search.header import describe
from presets.search.journal import Journal, draw_seed
from presets.search.local import run_trials
from presets.search.oracles import ORACLES, make_oracle
from presets.search.spaces import resolve
from presets.training.deadline import Deadline


class TunerSearchCV(BaseSearchCV):
    """Search of parameters by Keras Tuner's oracles, with cross-validation.

    The first trial is the estimator as it was given. Every proposal is cloned, fitted and scored as `GridSearchCV`
    does it; the best is fitted again on all data.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a `Pipeline` or another meta-estimator with one in it. Any other estimator works
        too, with a `space` of its own.
    space : SearchSpace, dict of str to (dimension or list), or None, default=None
        What may vary; None is the article's space for the network in the estimator, see `space_for`. A parameter of
        the network needs no prefix.
    oracle : {"bayesian", "random", "hyperband", "grid"}, default="bayesian"
        Who proposes. "hyperband" gives many proposals few epochs and the best of them more; its trials have `epochs`
        among their parameters. "grid" takes three values of every range.
    n_trials : int or None, default=30
        Trials at most; None for as many as `timeout` allows, or as "grid" and "hyperband" have.
    timeout : float or None, default=None
        Seconds for the trials. A network that trains at that moment ends with its epoch, and the best of the finished
        trials is taken, or the estimator as given if there are none; the final fit follows after it.
    cv : int, cross-validation generator or iterable, default=None
        As in `GridSearchCV`: 5 folds, stratified for classifiers.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in `GridSearchCV`; greater is better. Of several metrics the oracle follows the one named by `refit`.
    refit : bool, str or callable, default=True
        As in `GridSearchCV`.
    prune : bool, default=True
        Whether hopeless trials end early. A network that may train for 80 epochs or more is screened: it is fitted on
        the first fold with a sixteenth of them, and the trial goes on if that is among the best third of all
        screenings (asynchronous successive halving, Li et al. 2020). A trial loses its remaining folds once it is
        further behind the best one on the same folds than chance makes of so many (a race, Maron and Moore 1994).
        Folds that were not run are NaN, and the trial is ranked last. Not done with "hyperband", whose rounds are not
        comparable.
    n_jobs : int or None, default=None
        Trials that run side by side, by joblib's backend.
    directory : path-like or None, default=None
        Where finished trials are kept, as JSON; None keeps them in memory alone.
    resume : bool, default=False
        Whether a search that `directory` holds is continued: its finished trials are not run again. With one worker and
        no `timeout` the result is that of a search that was never interrupted. If the directory holds no search, a new
        one begins. Data, parameters of `fit`, folds, estimator, space and scoring must be the same: the directory keeps
        their digests, and an error says what differs. Your own functions and classes count by their code, those of
        installed packages by their names. `n_trials`, `timeout` and `n_jobs` may change.
    random_state : int, RandomState or None, default=None
        Seed of the proposals. That of the networks is their own `random_state`.
    verbose : int, default=0
        1 prints a line for each trial, with the seconds that are left of `timeout`.

    Attributes
    ----------
    best_estimator_ : estimator
        Fitted on all data; not there if `refit` is False.
    best_params_ : dict
    best_score_ : float
        NaN if the time was over before any trial was complete.
    best_index_ : int
    cv_results_ : dict of str to ndarray
        As in `GridSearchCV`, with `status` ("completed", "pruned", "failed" or "interrupted") and `failure` (the
        traceback, or "") of each trial, the score of its screening as `screening_score` (or the name of each metric)
        and its seconds as `screening_time`. What was not run is NaN, with times of 0.
    n_splits_ : int
    scorer_ : callable or dict
    multimetric_ : bool
    refit_time_ : float
        Seconds.
    space_ : SearchSpace
        With the names that the estimator takes.

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
    # what scikit-learn's base asks its searches for
    error_score = "raise"
    return_train_score = False

    def __init__(
        self,
        estimator,
        *,
        space=None,
        oracle="bayesian",
        n_trials=30,
        timeout=None,
        cv=None,
        scoring=None,
        refit=True,
        prune=True,
        n_jobs=None,
        directory=None,
        resume=False,
        random_state=None,
        verbose=0,
    ):
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

    def fit(self, X, y=None, **params):
        """Search, and fit the best on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            In any form that the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        **params
            As in `GridSearchCV`: `groups` for the splitter; what is as long as X, such as `sample_weight`, is cut to
            the rows of a fold. With metadata routing all goes where it was asked for.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters do not fit together, or `directory` cannot be used; before any training.
        Exception
            The first trial's, if all trials failed.

        Warns
        -----
        FitFailedWarning
            If some trials failed; `cv_results_["failure"]` has their tracebacks.
        UserWarning
            If the time was over before any trial was complete.
        """
        self._validate_params()
        self._check_parameters()
        deadline = None if self.timeout is None else Deadline(self.timeout)
        scorers, metric = self._get_scorers()
        if callable(self.scoring) and isinstance(self.refit, str):
            metric = self.refit  # it may give several metrics, which only a call tells
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
        self.space_ = space
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        return self

    # ---------------------------------------------------------------- what fit is made of

    def _check_parameters(self):
        if self.n_trials is None and self.timeout is None and self.oracle in ("random", "bayesian"):
            raise ValueError(f"oracle={self.oracle!r} never ends by itself: set n_trials or timeout.")
        if self.oracle == "hyperband" and len(networks(self.estimator)) != 1:
            raise ValueError("oracle='hyperband' needs one network of this package in the estimator, for its epochs.")
        if self.resume and self.directory is None:
            raise ValueError("resume=True needs the directory of the search to go on with.")
        if cluster.has_chief() and (self.directory is None or self.resume or effective_n_jobs(self.n_jobs) != 1):
            raise ValueError(
                "KERASTUNER_ORACLE_IP makes this search one of several processes: give all of them the same new "
                "directory, with resume=False and n_jobs=None."
            )
        several = isinstance(self.scoring, list | tuple | dict)
        if several and not isinstance(self.refit, str):
            raise ValueError("scoring has several metrics: set refit to the name of the one that the oracle follows.")

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
            raise RuntimeError("The search ended before any worker had finished a trial; give it more time.")
        for result in journal.results.values():
            result.params = parameters(result.number, result.values)
        return list(journal.results.values())

    def _header(self, evaluation, space, scorers):
        """What tells this search from another one; without a directory nobody asks."""
        seed = None if self.random_state is None else draw_seed(check_random_state(self.random_state))
        if self.directory is None:
            return {"seed": seed}
        named = getattr(scorers, "_scorers", None)  # of several metrics
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

    def _keep(self, results, scorers, metric, n_splits):
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
                f"timeout={self.timeout} was over before a trial was complete, so that the estimator is taken as it "
                "was given. Give more time, or fewer folds.",
                stacklevel=3,
            )
        names = next((list(fold.scores) for result in results for fold in result.scored), [metric])
        self.n_splits_, self.multimetric_ = n_splits, names != ["score"]
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        self.cv_results_ = self._table(results, names)
        self.best_index_ = int(self._select_best_index(self.refit, metric, self.cv_results_))
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = self.cv_results_[f"mean_test_{metric}"][self.best_index_]

    def _table(self, results, names):
        """The results in `GridSearchCV`'s form."""
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

    def _refit(self, X, y, fit_params):
        start = time.perf_counter()
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        if y is None:
            self.best_estimator_.fit(X, **fit_params)
        else:
            self.best_estimator_.fit(X, y, **fit_params)
        self.refit_time_ = time.perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    # ---------------------------------------------------------------- after fit

    def search_report(self, n_best=3):
        """Say how the search went.

        Parameters
        ----------
        n_best : int, default=3
            Trials to show, of the best and of those that failed.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        return report.describe(self.cv_results_, self._metric_name(), n_best)

    def plot(self, ax=None):
        """Draw the score of every trial and the best so far; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

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
    """Epochs of the network as given, on the rows of a fold, and the name of that parameter."""
    ((prefix, network),) = networks(evaluation.estimator).items()
    return most_epochs(network, len(evaluation.splits[0][0])), f"{prefix}epochs"


def _first_error(failed):
    error = failed[0].error
    message = f"All {len(failed)} trials of the search failed; the first:\n{failed[0].failure}"
    if error is None:
        return ValueError(message)
    error.add_note(message)
    return error
