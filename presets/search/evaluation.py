"""One trial of a search: a screening, then its folds, one after the other, until they are done or hopeless."""

import pickle
import traceback
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import median_abs_deviation
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score

from presets.evaluation.networks import networks, with_callback
from presets.search.logs import with_own_logs
from presets.training.deadline import Deadline, OutOfTimeError

SCREENED_EPOCHS = 16
"""A screening lasts one of so many parts of the epochs that a trial may take."""

FEWEST_EPOCHS = 5
"""Epochs under which a screening would tell nothing; such trials have none."""

SCREENED_IN = 3
"""One in so many trials passes its screening (asynchronous successive halving, Li et al. 2020)."""

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
    screening : Fold or None
        The first fold after few epochs.
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
    screening: Fold | None = None
    failure: str = ""
    error: Exception | None = None

    @property
    def scored(self):
        """Everything that was fitted and scored."""
        return self.folds if self.screening is None else [self.screening, *self.folds]

    def scores(self, metric):
        """Scores of the folds by one metric."""
        return [fold.scores[metric] for fold in self.folds]

    def mean(self, metric):
        """Mean over the folds that were scored, or the score of the screening alone; NaN if the trial has neither."""
        if self.status == FAILED or not self.scored:
            return float("nan")
        return float(np.mean(self.scores(metric) or self.screening.scores[metric]))


@dataclass(frozen=True)
class Bar:
    """What a trial has to reach to be worth its remaining folds.

    Parameters
    ----------
    metric : str
    best_folds : list of float
        Scores of the best trial on each fold.
    screenings : list of float
        Scores of all screenings.
    """

    metric: str
    best_folds: list
    screenings: list

    @classmethod
    def of(cls, results, metric):
        """The bar that finished trials set; None if there are none."""
        folds = [result.scores(metric) for result in results if result.status == COMPLETED]
        if not folds:
            return None
        screenings = [result.screening.scores[metric] for result in results if result.screening is not None]
        return cls(metric, max(folds, key=np.mean), screenings)

    def is_screened_out(self, score):
        """Whether a trial is not among the best after few epochs."""
        n_passing = max(round((len(self.screenings) + 1) / SCREENED_IN), 1)
        return sum(other > score for other in self.screenings) >= n_passing

    def is_out_of_reach(self, scores):
        """Whether a trial is behind the best on the same folds, by more than chance makes of so many.

        Chance is how far from their median half of the best trial's folds are: one odd fold does not matter.
        """
        behind = np.mean(self.best_folds[: len(scores)]) - np.mean(scores)
        return behind > median_abs_deviation(self.best_folds) / np.sqrt(len(scores))


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
    screens : bool
        Whether trials are screened.
    """

    estimator: object
    X: object
    y: object
    splits: list
    scorer: object
    metric: str
    fit_params: dict
    score_params: dict
    screens: bool

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
        """What makes a screening of a trial; nothing where all of its epochs are few, or there are several networks."""
        found = networks(clone(self.estimator).set_params(**clone(params, safe=False)))
        if len(found) != 1:
            return {}
        ((prefix, network),) = found.items()
        epochs = most_epochs(network, len(self.splits[0][0])) // SCREENED_EPOCHS
        return {f"{prefix}epochs": epochs} if epochs >= FEWEST_EPOCHS else {}

    def _fold(self, result, few, rows, deadline, name):
        if deadline is not None and deadline.seconds_left < 0:
            raise OutOfTimeError
        # callbacks are set after cloning: some that were used before cannot be copied deeply
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
            raise ValueError(f"scoring gives {', '.join(scores)}: set refit to the name of one of them.")
        if not np.isfinite(list(scores.values())).all():
            raise ValueError(f"A score is not finite: {scores}")
        return Fold({name: float(score) for name, score in scores.items()}, outcome["fit_time"], outcome["score_time"])


def most_epochs(network, n_rows):
    """Epochs that a network takes at most when it is fitted on so many rows."""
    return network._rules(max(int(n_rows * (1 - network.validation_fraction)), 1), validates=True).epochs


def _portable(error):
    """The error itself if it can be sent from a worker, without the frames that hold its data."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return None
    return error.with_traceback(None)
