"""Keras Tuner's oracles, changed so that they try the estimator as given first, and write no files."""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import Matern

from presets.search.dimensions import SearchSpace

ORACLES = ("random", "bayesian", "hyperband", "grid")

N_CANDIDATES = 2000
"""Number of random proposals from which the Gaussian process of `BayesianOracle` chooses."""

NOISE = 1e-2
"""Variance of the noise in a trial's score, divided by the variance of all scores."""

LENGTH_SCALES = (0.1, 10.0)
"""Bounds of the length scale of the Gaussian process; each parameter ranges from 0 to 1."""

OBJECTIVE = "score"


class PresetFirst:
    """Mixin for an oracle of Keras Tuner: the defaults are the first trial, and the state stays in memory.

    An interrupted search rebuilds the state from the finished trials (see `Journal`). All draws come from the seed, so
    the same results lead to the same proposals.
    """

    def _random_values(self):
        if self.start_order:
            return super()._random_values()
        space = self.get_space()
        return {dimension.name: dimension.default for dimension in space.space if space.is_active(dimension)}

    def save(self):
        """Write nothing."""

    def _save_trial(self, trial):
        """Write nothing."""


class RandomOracle(PresetFirst, oracles.RandomSearchOracle):
    """Keras Tuner's random search."""


class HyperbandOracle(PresetFirst, oracles.HyperbandOracle):
    """Keras Tuner's Hyperband."""


class GridOracle(PresetFirst, oracles.GridSearchOracle):
    """Keras Tuner's grid search."""


class BayesianOracle(PresetFirst, oracles.BayesianOptimizationOracle):
    """Keras Tuner's Gaussian process, which proposes in milliseconds and repeats no trial.

    Keras Tuner minimises its bound with 50 runs of L-BFGS with numeric gradients, which take seconds for each trial.
    This class takes the best of many random candidates instead. Scores of folds are noisy. With noisy scores, Keras
    Tuner's kernel fits a length scale near zero, and the proposals become random; `NOISE` and `LENGTH_SCALES` prevent
    this.
    """

    def _make_gpr(self):
        kernel = Matern(nu=2.5, length_scale_bounds=LENGTH_SCALES)
        return super()._make_gpr().set_params(n_restarts_optimizer=2, kernel=kernel, alpha=NOISE)

    def populate_space(self, trial_id):
        """Propose the values of the next trial."""
        n_completed = sum(trial.status == "COMPLETED" for trial in self.trials.values())
        if n_completed < self.num_initial_points:
            return self._random_populate_space()
        x, y = self._vectorize_trials()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is as good as any
            self.gpr.fit(x, y)
        candidates = self._random_state.uniform(size=(N_CANDIDATES, x.shape[1]))
        mean, deviation = self.gpr.predict(candidates, return_std=True)
        for candidate in candidates[np.argsort(mean - self.beta * deviation, kind="stable")]:
            values = self._vector_to_values(candidate)
            if not self._duplicate(values):
                return {"status": "RUNNING", "values": values}
        return self._random_populate_space()


def make_oracle(
    name: str,
    space: SearchSpace,
    own: Mapping[str, Any],
    *,
    seed: int,
    n_trials: int | None,
    max_epochs: int | None,
) -> keras_tuner.Oracle:
    """Build an oracle that maximises the score.

    Parameters
    ----------
    name : {"random", "bayesian", "hyperband", "grid"}
    space : SearchSpace
    own : dict of str to object
        Parameters of the estimator, for the first trial.
    seed : int
        At least 1, because Keras Tuner reads 0 as no seed.
    n_trials : int or None
        Greatest number of trials.
    max_epochs : int or None
        Greatest number of epochs of a trial; only for "hyperband".

    Returns
    -------
    keras_tuner.Oracle
    """
    space = space.discrete() if name == "grid" else space
    arguments = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "hyperparameters": space.hyperparameters(own),
        "seed": seed,
        "max_consecutive_failed_trials": sys.maxsize,  # by default three failures end the search and hide the reason
    }
    match name:
        case "random":
            oracle = RandomOracle(max_trials=n_trials, **arguments)
        case "bayesian":
            oracle = BayesianOracle(max_trials=n_trials, num_initial_points=max(5, len(space)), **arguments)
        case "grid":
            oracle = GridOracle(max_trials=n_trials, **arguments)
        case "hyperband":
            oracle = HyperbandOracle(max_epochs=max_epochs, **arguments)
            oracle.max_trials = n_trials
    oracle.verbose = 0
    return oracle


def tell(oracle: Any, trial: Any, score: float, failure: str) -> None:
    """Report the result of a trial to an oracle.

    Parameters
    ----------
    oracle : keras_tuner.Oracle or its client in a worker
    trial : keras_tuner trial
    score : float
        NaN if the trial failed.
    failure : str
        Traceback, or "".
    """
    if np.isnan(score):
        trial.status, trial.message = "FAILED", failure
    else:
        oracle.update_trial(trial.trial_id, {OBJECTIVE: float(score)})
        trial.status = "COMPLETED"
    oracle.end_trial(trial)
