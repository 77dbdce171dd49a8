"""The metric of a task gives what scikit-learn gives."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, make_scorer, mean_absolute_error, root_mean_squared_error

from presets.automl.metric import metric_for

RNG = np.random.default_rng(0)
CODES, PROBABILITIES = RNG.integers(3, size=50), RNG.dirichlet(np.ones(3), size=50)
CLASSES = np.array(["a", "b", "c"])
WEIGHTS = RNG.random(50)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_defaults(weights):
    assert metric_for(None, CLASSES).loss(CODES, PROBABILITIES, weights) == pytest.approx(
        log_loss(CODES, PROBABILITIES, sample_weight=weights)
    )
    y, values = RNG.normal(size=(2, 50, 2))
    assert metric_for(None).loss(y, values, weights) == pytest.approx(
        root_mean_squared_error(y, values, sample_weight=weights)
    )


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_scorers(weights):
    labels = CLASSES[PROBABILITIES.argmax(axis=1)]
    expected = accuracy_score(CLASSES[CODES], labels, sample_weight=weights)
    assert metric_for("accuracy", CLASSES).score(CODES, PROBABILITIES, weights) == pytest.approx(expected)
    y, values = RNG.normal(size=(2, 50))
    absolute = metric_for(make_scorer(mean_absolute_error, greater_is_better=False))
    assert absolute.loss(y, values, weights) == pytest.approx(mean_absolute_error(y, values, sample_weight=weights))


def test_a_probability_of_zero_for_what_happened_is_finite():
    assert np.isfinite(metric_for(None, CLASSES).score(np.array([0]), np.array([[0.0, 0.5, 0.5]])))
