"""The race: which candidates go on after some of their folds."""

from types import SimpleNamespace

import numpy as np
import pytest

from presets.automl.metric import metric_for
from presets.automl.race import Race
from presets.automl.trials import Rows

N = 1000
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)
SPLITS = [(np.setdiff1d(np.arange(N), test), test) for test in np.array_split(RNG.permutation(N), 4)]
ROWS = Rows(np.zeros((N, 1)), Y, Y, None, None, SPLITS, metric_for(None), "table")
NOISE = RNG.normal(size=N)


def folds(predictions, n_folds):
    return [SimpleNamespace(rows=test, predictions=predictions[test]) for _, test in SPLITS[:n_folds]]


def add(race, predictions):
    race.add(np.arange(N), predictions, ROWS.score(np.arange(N), predictions))


@pytest.fixture
def race():
    race = Race(ROWS)
    add(race, Y + NOISE)
    return race


def test_other_errors_improve_the_ensemble_even_if_they_are_larger(race):
    assert not race.is_lost(folds(Y + 1.5 * RNG.normal(size=N), 1))


def test_the_same_errors_and_more_are_lost(race):
    assert race.is_lost(folds(Y + 1.5 * NOISE, 1))
    assert race.is_lost(folds(Y + NOISE, 1))  # a copy


def test_a_better_candidate_goes_on_until_there_is_one_like_it(race):
    better = Y + 0.5 * NOISE
    assert not race.is_lost(folds(better, 2))
    add(race, better)
    assert race.is_lost(folds(better, 2))


def test_poor_early_candidates_do_not_hide_what_a_new_one_gains(race):
    for factor in (1.1, 1.2, 1.3):
        add(race, Y + factor * NOISE)
    assert not race.is_lost(folds(Y + RNG.normal(size=N), 1))


def test_nothing_is_judged_by_few_rows():
    few = [(train, test[:50]) for train, test in SPLITS]
    race = Race(Rows(ROWS.X, Y, Y, None, None, few, ROWS.metric, "table"))
    hopeless = [SimpleNamespace(rows=test, predictions=Y[test] + 2 * NOISE[test]) for _, test in few]
    assert not race.is_lost(hopeless[:1])  # without another candidate
    predicted = np.sort(np.concatenate([test for _, test in few]))
    race.add(predicted, Y[predicted] + NOISE[predicted], -1.0)
    assert not race.is_lost(hopeless[:1])
    assert race.is_lost(hopeless[:2])  # half of the rows that are ever predicted
