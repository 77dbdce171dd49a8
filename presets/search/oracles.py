"""Keras Tuner's oracles, made to try the preset first and to write nothing by themselves."""

import sys
import warnings

import keras_tuner
import numpy as np
from keras_tuner import oracles
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import Matern

ORACLES = ("random", "bayesian", "hyperband", "grid")

N_CANDIDATES = 2000
"""Random proposals among which the Gaussian process of `BayesianOracle` chooses."""

NOISE = 1e-2
"""Variance of a trial's score, relative to that of all scores."""

LENGTH_SCALES = (0.1, 10.0)
"""Distances over which trials may be alike, where every parameter ranges from 0 to 1."""

OBJECTIVE = "score"


class PresetFirst:
    """Mixin for an oracle of Keras Tuner: the defaults are the first trial, and its state stays in memory.

    The state is rebuilt from the finished trials (see `Journal`): every draw comes from the seed, so that an oracle
    which is told the same results proposes the same trials.
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
    """Keras Tuner's Gaussian process, which proposes in milliseconds and never the same twice.

    Keras Tuner minimises its bound by 50 runs of L-BFGS with numeric gradients, which takes seconds for each trial;
    here the best of many random candidates is taken. Scores of folds are noisy: Keras Tuner's kernel then takes every
    trial for unlike all others, and proposes at random. `NOISE` and `LENGTH_SCALES` keep it from that.
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


def make_oracle(name, space, own, *, seed, n_trials, max_epochs):
    """Build an oracle that maximises the score.

    Parameters
    ----------
    name : {"random", "bayesian", "hyperband", "grid"}
    space : SearchSpace
    own : dict of str to object
        Parameters of the estimator, for the first trial.
    seed : int
        At least 1; Keras Tuner draws another where it is 0.
    n_trials : int or None
    max_epochs : int
        Of one trial, for "hyperband".

    Returns
    -------
    keras_tuner.Oracle
    """
    space = space.discrete() if name == "grid" else space
    arguments = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "hyperparameters": space.hyperparameters(own),
        "seed": seed,
        "max_consecutive_failed_trials": sys.maxsize,  # three in a row would end the search, and lose the reason
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


def tell(oracle, trial, score, failure):
    """Tell an oracle how a trial ended.

    Parameters
    ----------
    oracle : keras_tuner.Oracle or its client in a worker
    trial : keras_tuner trial
    score : float
        NaN if it failed.
    failure : str
        Traceback, or "".
    """
    if np.isnan(score):
        trial.status, trial.message = "FAILED", failure
    else:
        oracle.update_trial(trial.trial_id, {OBJECTIVE: float(score)})
        trial.status = "COMPLETED"
    oracle.end_trial(trial)
