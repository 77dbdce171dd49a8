"""One trial of a search: a screening, then the folds one by one. A poor trial stops early."""

import pickle
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import median_abs_deviation
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score

from presets.estimators.base import design_of
from presets.evaluation.networks import networks, with_callback
from presets.search.logs import with_own_logs
from presets.training.deadline import Deadline, OutOfTimeError
from presets.typing import Array, Estimator

SCREENED_EPOCHS = 16
"""The epochs of a trial are divided by this number for its screening."""

FEWEST_EPOCHS = 5
"""A screening of fewer epochs says nothing about a trial, so there is none."""

SCREENED_IN = 3
"""One trial in this many passes its screening (asynchronous successive halving, Li et al. 2020)."""

COMPLETED, PRUNED, FAILED, INTERRUPTED = "completed", "pruned", "failed", "interrupted"


@dataclass(frozen=True)
class Fold:
    """The result of one fold of a trial.

    Parameters
    ----------
    scores : dict of str to float
        Scores by the name of the metric. A single metric is named "score".
    fit_time, score_time : float
        Seconds.
    """

    scores: dict[str, float]
    fit_time: float
    score_time: float


@dataclass
class Result:
    """The result of a trial.

    Parameters
    ----------
    number : int
    values : dict
        Keras Tuner's values.
    params : dict
        The same values as parameters of the estimator.
    status : {"completed", "pruned", "failed", "interrupted"}
    folds : list of Fold
        The folds that were scored.
    screening : Fold or None
        The result of the screening: the first fold, after few epochs.
    failure : str
        Traceback, or "".
    error : Exception or None
        The error, if it can be pickled.
    """

    number: int
    values: dict[str, Any]
    params: dict[str, Any]
    status: str = COMPLETED
    folds: list[Fold] = field(default_factory=list)
    screening: Fold | None = None
    failure: str = ""
    error: Exception | None = None

    @property
    def scored(self) -> list[Fold]:
        """The screening and the folds that were fitted and scored."""
        return self.folds if self.screening is None else [self.screening, *self.folds]

    def scores(self, metric: str) -> list[float]:
        """Scores of the folds by one metric."""
        return [fold.scores[metric] for fold in self.folds]

    def mean(self, metric: str) -> float:
        """Mean score of the folds; without folds the score of the screening; NaN if the trial has neither."""
        if self.status == FAILED or not self.scored:
            return float("nan")
        return float(np.mean([fold.scores[metric] for fold in self.folds or self.scored]))


@dataclass(frozen=True)
class Bar:
    """The scores that a trial must reach to continue.

    Parameters
    ----------
    metric : str
    best_folds : list of float
        Scores of the best trial on each fold.
    screenings : list of float
        Scores of all screenings.
    """

    metric: str
    best_folds: list[float]
    screenings: list[float]

    @classmethod
    def of(cls, results: Collection[Result], metric: str) -> "Bar | None":
        """The bar after these trials; None if no trial is complete."""
        folds = [result.scores(metric) for result in results if result.status == COMPLETED]
        if not folds:
            return None
        screenings = [result.screening.scores[metric] for result in results if result.screening is not None]
        return cls(metric, max(folds, key=np.mean), screenings)

    def is_screened_out(self, score: float) -> bool:
        """Whether the score of a screening is not among the best."""
        n_passing = max(round((len(self.screenings) + 1) / SCREENED_IN), 1)
        return sum(other > score for other in self.screenings) >= n_passing

    def is_out_of_reach(self, scores: list[float]) -> bool:
        """Whether a trial is further behind the best one on the same folds than chance explains.

        The measure of chance is the median absolute deviation of the best trial's folds: one odd fold does not matter.
        """
        behind = np.mean(self.best_folds[: len(scores)]) - np.mean(scores)
        return bool(behind > median_abs_deviation(self.best_folds) / np.sqrt(len(scores)))


@dataclass(frozen=True)
class Evaluation:
    """The data and the rules that all trials of a search share.

    Parameters
    ----------
    estimator : estimator
    X, y : array-like
    splits : list of (ndarray, ndarray)
        Rows to fit and rows to score, for each fold.
    scorer : callable
    metric : str
        The metric that the search maximises. A single metric is named "score".
    fit_params, score_params : dict
        Values as long as X are cut to the rows of a fold.
    screens : bool
        Whether trials are screened.
    """

    estimator: Estimator
    X: Any
    y: Any
    splits: list[tuple[Array, Array]]
    scorer: Any
    metric: str
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    screens: bool

    def run(
        self,
        number: int,
        values: dict[str, Any],
        params: dict[str, Any],
        bar: Bar | None = None,
        seconds: float | None = None,
    ) -> Result:
        """Fit and score the estimator on the folds.

        Parameters
        ----------
        number : int
        values, params : dict
            See `Result`.
        bar : Bar or None
            Scores below which the trial stops. None lets it run to its end.
        seconds : float or None
            Seconds until the trial is interrupted. None sets no limit.

        Returns
        -------
        Result
        """
        result = Result(number, values, params)
        deadline = None if seconds is None else Deadline(seconds)
        try:
            self._run(result, bar, deadline)
        except OutOfTimeError:
            result.status = INTERRUPTED
        except Exception as error:
            result.status, result.failure, result.error = FAILED, traceback.format_exc(), _portable(error)
        return result

    def _run(self, result, bar, deadline):
        few = self._few_epochs(result.params) if self.screens else {}
        if few:
            result.screening = self._fold(result, few, self.splits[0], deadline, "screening")
            if bar is not None and bar.is_screened_out(result.screening.scores[self.metric]):
                result.status = PRUNED
                return
        for number, rows in enumerate(self.splits):
            result.folds.append(self._fold(result, {}, rows, deadline, f"fold_{number}"))
            is_last = len(result.folds) == len(self.splits)
            if not is_last and bar is not None and bar.is_out_of_reach(result.scores(bar.metric)):
                result.status = PRUNED
                return

    def _few_epochs(self, params):
        """Parameters of a screening; empty if the trial has few epochs anyway, or several networks."""
        found = networks(clone(self.estimator).set_params(**clone(params, safe=False)))
        if len(found) != 1:
            return {}
        ((prefix, network),) = found.items()
        epochs = most_epochs(network, len(self.splits[0][0])) // SCREENED_EPOCHS
        return {f"{prefix}epochs": epochs} if epochs >= FEWEST_EPOCHS else {}

    def _fold(self, result, few, rows, deadline, name):
        if deadline is not None and deadline.seconds_left < 0:
            raise OutOfTimeError
        # callbacks are set after cloning, because some cannot be copied deeply after their first use
        estimator = clone(self.estimator).set_params(**clone(result.params | few, safe=False))
        estimator.set_params(**with_own_logs(estimator, result.params, result.number, name))
        if deadline is not None:
            estimator.set_params(**with_callback(estimator, deadline))
        train, test = rows
        outcome = _fit_and_score(
            estimator,
            self.X,
            self.y,
            scorer=self.scorer,
            train=train,
            test=test,
            verbose=0,
            parameters=None,
            fit_params=self.fit_params,
            score_params=self.score_params,
            return_times=True,
            error_score="raise",
        )
        scores = outcome["test_scores"]
        scores = scores if isinstance(scores, dict) else {"score": scores}
        if self.metric not in scores:
            raise ValueError(f"scoring returns {', '.join(scores)}: set refit to the name of one of them.")
        if not np.isfinite(list(scores.values())).all():
            raise ValueError(f"A score is not finite: {scores}")
        return Fold({name: float(score) for name, score in scores.items()}, outcome["fit_time"], outcome["score_time"])


def most_epochs(network: Any, n_rows: int) -> int:
    """Greatest number of epochs for which a network trains when it is fitted on `n_rows` rows."""
    return design_of(network).rules(max(int(n_rows * (1 - network.validation_fraction)), 1), validates=True).epochs


def _portable(error):
    """The error without its traceback, which would keep the data in memory; None if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return None
    return error.with_traceback(None)
