"""The best epoch and its weights (A6)."""

import numpy as np
import pytest
from small import make_data, make_recipe, make_rules, run

from presets.training.best import BestEpoch
from presets.training.epochs import evaluate


def best_so_far(values, **rules):
    best = BestEpoch(**{"maximize": False, "n_averaged": 1, **rules})
    return [best.is_best(value) for value in values]


def test_any_smaller_value_is_the_best():
    assert best_so_far([1.0, 0.95, 0.95, 0.96, 0.94]) == [True, True, False, False, True]


def test_scores_are_maximized():
    assert best_so_far([0.1, 0.2, 0.1, 0.3], maximize=True) == [True, True, False, True]


def test_the_last_of_equals_can_be_the_best():
    values = [0.1, 0.3, 0.3, 0.2, 0.3]
    assert np.flatnonzero(best_so_far(values, maximize=True))[-1] == 1
    assert np.flatnonzero(best_so_far(values, maximize=True, takes_last=True))[-1] == 4


def test_nan_is_never_the_best():
    assert best_so_far([float("nan"), 1.0]) == [False, True]


def test_one_lucky_epoch_is_not_the_best():
    values = [1.0, 0.8, 0.4, 0.8, 0.6, 0.55, 0.55, 0.6]
    assert np.flatnonzero(best_so_far(values, n_averaged=1))[-1] == 2
    assert np.flatnonzero(best_so_far(values, n_averaged=3))[-1] == 6


@pytest.mark.parametrize("n_averaged", [1, 3])
def test_best_weights_are_those_of_the_best_epoch(n_averaged):
    rules = make_rules(epochs=40, restore_best_weights=True, n_averaged=n_averaged)
    outcome, program = run(make_recipe(dropout=0.5), make_data(), rules)
    losses = outcome.history["val_loss"]
    means = [np.mean(losses[max(end - n_averaged, 0) : end]) for end in range(1, 41)]
    assert outcome.best_epoch == int(np.argmin(means))
    program.load_weights(outcome.weights)
    logs = evaluate(program, make_data(), np.arange(120, 150), 32)
    assert logs["loss"] == pytest.approx(losses[outcome.best_epoch], rel=1e-5)
