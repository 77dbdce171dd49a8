"""Repeated runs (A12): seeds, folds, spread, intervals and comparisons."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier, repeated_runs

X, Y = load_iris(return_X_y=True)
NETWORK = DNNClassifier(hidden_layer_sizes=(8,), init="scaled", epochs=3)


@pytest.fixture(scope="module")
def runs():
    return repeated_runs(NETWORK, X, Y, n_repeats=3, cv=2, scoring="neg_log_loss")


def test_every_run_is_kept(runs):
    assert runs.scores.shape == (3, 2)
    assert len(np.unique(runs.scores)) == 6
    assert len(set(runs.seeds)) == 3
    assert [len(history["loss"]) for repeat in runs.histories for history in repeat] == [3] * 6
    assert NETWORK.random_state is None


def test_mean_spread_and_interval(runs):
    means = runs.scores.mean(axis=1)
    assert runs.mean == pytest.approx(runs.scores.mean())
    assert runs.std == pytest.approx(means.std(ddof=1))
    half = stats.t.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert runs.interval == pytest.approx((means.mean() - half, means.mean() + half))
    text = str(runs)
    for figure in (runs.mean, *runs.interval, runs.std):
        assert f"{figure:.4f}" in text
    assert "95% interval" in text
    assert "3 repeats of 2 folds" in text


def test_folds_are_new_in_each_repeat_and_stratified(runs):
    first, second, _ = runs.folds
    assert not np.array_equal(first[0][1], second[0][1])
    assert np.bincount(Y[first[0][1]]).tolist() == [25, 25, 25]


def test_the_same_random_state_gives_the_same_runs(runs):
    again = repeated_runs(NETWORK, X, Y, n_repeats=3, cv=2, scoring="neg_log_loss")
    np.testing.assert_array_equal(again.scores, runs.scores)
    assert runs.compare(again).interval == (0, 0)


def test_pipelines_are_compared_on_the_same_seeds_and_folds(runs):
    pipeline = make_pipeline(StandardScaler(), DNNClassifier(hidden_layer_sizes=(8,), init="scaled", epochs=30))
    longer = repeated_runs(pipeline, X, Y, n_repeats=3, cv=2, scoring="neg_log_loss", n_jobs=1)
    comparison = longer.compare(runs)
    np.testing.assert_allclose(comparison.differences, longer.scores.mean(axis=1) - runs.scores.mean(axis=1))
    assert comparison.mean > 0
    low, high = comparison.interval
    text = str(comparison)
    verdict = "a difference" if low > 0 else "no clear difference"
    assert f"{comparison.mean:+.4f}, 95% interval {low:+.4f} to {high:+.4f}: {verdict}; better in 3 of 3" in text


def test_other_estimators_have_no_curves():
    runs = repeated_runs(make_pipeline(StandardScaler(), LogisticRegression()), X, Y, n_repeats=2, cv=3)
    assert runs.histories == [[None] * 3] * 2
    no_difference = runs.compare(runs)
    assert "no clear difference; better in 0 of 2" in str(no_difference)


def test_a_splitter_is_taken_as_it_is():
    runs = repeated_runs(LogisticRegression(max_iter=500), X, Y, n_repeats=2, cv=KFold(3))
    np.testing.assert_array_equal(runs.folds[0][0][1], np.arange(50))
    np.testing.assert_array_equal(runs.folds[1][0][1], np.arange(50))


def test_runs_on_other_folds_cannot_be_compared(runs):
    others = repeated_runs(LogisticRegression(max_iter=500), X, Y, n_repeats=3, cv=2, random_state=1)
    with pytest.raises(ValueError, match="different seeds or folds"):
        runs.compare(others)


def test_one_run_has_no_spread():
    with pytest.raises(ValueError, match="n_repeats=1 gives no standard deviation"):
        repeated_runs(NETWORK, X, Y, n_repeats=1)
