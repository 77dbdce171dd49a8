"""One trial of a search: its folds, one after the other, until they are done or hopeless."""

import pickle
import traceback
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score

from presets.search.spaces import networks
from presets.training.callbacks import Deadline, OutOfTimeError

COMPLETED, PRUNED, FAILED, INTERRUPTED = "completed", "pruned", "failed", "interrupted"


@dataclass(frozen=True)
class Fold:
    """What one fold of a trial gave.

    Parameters
    ----------
    scores : dict of str to float
        By the name of the metric; "score" where there is only one.
    fit_time, score_time : float
        Seconds.
    """

    scores: dict
    fit_time: float
    score_time: float


@dataclass
class Result:
    """What a trial gave.

    Parameters
    ----------
    number : int
    values : dict
        Keras Tuner's values.
    params : dict
        The estimator's parameters that they stand for.
    status : {"completed", "pruned", "failed", "interrupted"}
    folds : list of Fold
        Those that were scored.
    failure : str
        Traceback, or "".
    error : Exception or None
        What was raised, if it can be pickled.
    """

    number: int
    values: dict
    params: dict
    status: str = COMPLETED
    folds: list = field(default_factory=list)
    failure: str = ""
    error: Exception | None = None

    def scores(self, metric):
        """Scores of the folds by one metric."""
        return [fold.scores[metric] for fold in self.folds]

    def mean(self, metric):
        """Mean over the folds that were scored; NaN if the trial failed."""
        return float("nan") if self.status == FAILED else float(np.mean(self.scores(metric)))


@dataclass(frozen=True)
class Bar:
    """What a trial has to reach to be worth its remaining folds.

    Parameters
    ----------
    metric : str
    best : float
        Mean score of the best trial.
    best_folds : list of float
        The best score of any trial on each fold.
    """

    metric: str
    best: float
    best_folds: list

    @classmethod
    def of(cls, results, metric):
        """The bar that finished trials set; None if there are none."""
        folds = [result.scores(metric) for result in results if result.status == COMPLETED]
        if not folds:
            return None
        return cls(metric, float(np.mean(folds, axis=1).max()), np.max(folds, axis=0).tolist())

    def is_out_of_reach(self, scores):
        """Whether a trial could not win even if it did as well as any trial on each fold that is left."""
        return np.mean(scores + self.best_folds[len(scores) :]) < self.best


@dataclass(frozen=True)
class Evaluation:
    """All that the trials of a search share.

    Parameters
    ----------
    estimator : estimator
    X, y : array-like
    splits : list of (ndarray, ndarray)
        Rows to fit and rows to score, for each fold.
    scorer : callable
    metric : str
        The one that the search follows; "score" where there is only one.
    fit_params, score_params : dict
        Cut to the rows of a fold where they are as long as X.
    """

    estimator: object
    X: object
    y: object
    splits: list
    scorer: object
    metric: str
    fit_params: dict
    score_params: dict

    def run(self, number, values, params, bar=None, seconds=None):
        """Fit and score the estimator on the folds.

        Parameters
        ----------
        number : int
        values, params : dict
            See `Result`.
        bar : Bar or None
            Ends the trial when it is out of reach.
        seconds : float or None
            Time that is left for it.

        Returns
        -------
        Result
        """
        result = Result(number, values, params)
        deadline = None if seconds is None else Deadline(seconds)
        for train, test in self.splits:
            if deadline is not None and deadline.seconds_left < 0:
                result.status = INTERRUPTED
                return result
            try:
                result.folds.append(self._fold(params, train, test, deadline))
            except OutOfTimeError:
                result.status = INTERRUPTED
                return result
            except Exception as error:
                result.status, result.failure, result.error = FAILED, traceback.format_exc(), _portable(error)
                return result
            if not np.isfinite(list(result.folds[-1].scores.values())).all():
                result.status, result.failure = FAILED, f"A score is not finite: {result.folds.pop().scores}"
                return result
            is_last = len(result.folds) == len(self.splits)
            if not is_last and bar is not None and bar.is_out_of_reach(result.scores(bar.metric)):
                result.status = PRUNED
                return result
        return result

    def _fold(self, params, train, test, deadline):
        estimator = clone(self.estimator)
        if deadline is not None:
            params = params | _with_deadline(estimator.set_params(**clone(params, safe=False)), deadline)
        outcome = _fit_and_score(
            estimator,
            self.X,
            self.y,
            scorer=self.scorer,
            train=train,
            test=test,
            verbose=0,
            parameters=params,
            fit_params=self.fit_params,
            score_params=self.score_params,
            return_times=True,
            error_score="raise",
        )
        scores = outcome["test_scores"]
        scores = scores if isinstance(scores, dict) else {"score": scores}
        if self.metric not in scores:
            raise ValueError(f"scoring gives {', '.join(scores)}: set refit to the name of one of them.")
        return Fold({name: float(score) for name, score in scores.items()}, outcome["fit_time"], outcome["score_time"])


def _with_deadline(estimator, deadline):
    """Parameters that add the deadline to the callbacks of every network in the estimator."""
    callbacks = {f"{prefix}callbacks": network.callbacks for prefix, network in networks(estimator).items()}
    return {
        name: [*(given if isinstance(given, list | tuple) else [] if given is None else [given]), deadline]
        for name, given in callbacks.items()
    }


def _portable(error):
    """The error itself if it can be sent from a worker, without the frames that hold its data."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return None
    return error.with_traceback(None)
