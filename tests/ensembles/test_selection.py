"""Greedy selection: never worse than the best single candidate, small, and blind to the order of equals."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, root_mean_squared_error

from presets.ensembles.selection import greedy_selection


def rmse(y, predictions, sample_weight):
    return root_mean_squared_error(y, predictions, sample_weight=sample_weight)


def cross_entropy(y, probabilities, sample_weight):
    return log_loss(y, probabilities, sample_weight=sample_weight, labels=[0, 1, 2])


def mixture(weights, predictions):
    return np.tensordot(weights, np.stack(predictions), axes=1)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n_steps", [1, 2, 25])
def test_no_mixture_is_worse_than_the_best_single_candidate(seed, n_steps):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=60)
    candidates = [rng.dirichlet(np.eye(3)[label] * rng.random() * 4 + 0.5, size=60) for label in range(3)]
    candidates += [(np.eye(3)[y] + rng.random((60, 3)) * spread) for spread in (2, 4)]
    candidates = [p / p.sum(axis=1, keepdims=True) for p in candidates]
    weights = greedy_selection(candidates, y, cross_entropy, n_steps=n_steps)
    singles = [cross_entropy(y, p, None) for p in candidates]
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert cross_entropy(y, mixture(weights, candidates), None) <= min(singles) * (1 + 1e-12)
    if n_steps == 1:
        assert weights[np.argmin(singles)] == 1


def test_errors_that_cancel_are_mixed_half_and_half():
    y = np.arange(10.0)
    np.testing.assert_array_equal(greedy_selection([y - 1, y + 1, y + 9], y, rmse), [0.5, 0.5, 0])


def test_of_equal_candidates_one_is_taken():
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    one, other = y + rng.normal(size=50), y + rng.normal(size=50)
    weights = greedy_selection([one, other, one.copy(), other.copy()], y, rmse)
    assert weights[2] == weights[3] == 0


def test_a_perfect_candidate_stands_alone():
    y = np.arange(10.0)
    np.testing.assert_array_equal(greedy_selection([y + 1, y, y - 1], y, rmse), [0, 1, 0])


def test_weights_of_rows_decide():
    y = np.array([0.0, 0.0])
    candidates = [np.array([0.0, 1.0]), np.array([1.0, 0.0])]
    np.testing.assert_array_equal(greedy_selection(candidates, y, rmse, sample_weight=np.array([1.0, 0.0])), [1, 0])
    np.testing.assert_array_equal(greedy_selection(candidates, y, rmse, sample_weight=np.array([0.0, 1.0])), [0, 1])


def test_a_loss_that_is_not_a_number_is_never_taken():
    y = np.arange(4.0)

    def loss(y, predictions, sample_weight):
        return float("nan") if predictions[0] > 50 else rmse(y, predictions, sample_weight)

    np.testing.assert_array_equal(greedy_selection([y + 100, y + 1], y, loss), [0, 1])
    with pytest.raises(ValueError, match="infinite or NaN"):
        greedy_selection([y + 200], y, loss)


def test_nothing_to_select_from():
    with pytest.raises(ValueError, match="no candidate"):
        greedy_selection([], np.zeros(3), rmse)
