"""Weights of rows and classes."""

import numpy as np
import pytest
from estimator_list import (
    LABELS,
    X,
    quick,
    target,
)
from fits import assert_same, fit, plain_classifier, plain_estimator
from sklearn.utils import compute_sample_weight


@plain_classifier
def test_class_weights_are_sample_weights(estimator):
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    by_class = fit(estimator, class_weight=class_weight)
    by_row = quick(estimator).fit(X, LABELS, sample_weight=np.array([1.0, 3.0, 0.5])[LABELS])
    assert_same(by_class, by_row)
    assert by_class.history_["val_loss"] == by_row.history_["val_loss"]


@plain_classifier
@pytest.mark.parametrize("y", [LABELS, np.array(["x", "y", "z"])[LABELS]], ids=["numbers", "strings"])
def test_balanced_class_weights(estimator, y):
    balanced = quick(estimator, class_weight="balanced").fit(X, y)
    assert_same(balanced, quick(estimator).fit(X, y, sample_weight=compute_sample_weight("balanced", y)))


@plain_classifier
def test_class_and_sample_weights_are_multiplied(estimator):
    weights = np.linspace(0.5, 2.0, len(X))
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    both = quick(estimator, class_weight=class_weight).fit(X, LABELS, sample_weight=weights)
    assert_same(both, quick(estimator).fit(X, LABELS, sample_weight=weights * np.array([1.0, 3.0, 0.5])[LABELS]))


@plain_estimator
def test_equal_weights_change_nothing(estimator):
    weighted = quick(estimator).fit(X, target(estimator), sample_weight=np.full(len(X), 2.0))
    assert_same(weighted, fit(estimator), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_rows_without_weight_are_left_out(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 4 != 0
    weights = kept * 1.0
    poisoned = np.where(kept[:, None], X, 1e6)
    assert_same(
        quick(estimator).fit(poisoned, y, sample_weight=weights),
        quick(estimator).fit(X[kept], y[kept], sample_weight=weights[kept]),
    )


ROW_WEIGHTS = np.random.default_rng(1).uniform(0.2, 3.0, len(X))


@plain_estimator
@pytest.mark.parametrize("constant", [1e-300, 1e-39, 2.0**-20, 2.0**20, 1e39, 1e300])
def test_weights_times_a_constant_give_the_same_network(estimator, constant):
    expected = quick(estimator).fit(X, target(estimator), sample_weight=ROW_WEIGHTS)
    found = quick(estimator).fit(X, target(estimator), sample_weight=ROW_WEIGHTS * constant)
    is_power_of_two = np.frexp(constant)[0] == 0.5
    assert_same(found, expected, **({"rtol": 0, "atol": 0} if is_power_of_two else {"rtol": 1e-4, "atol": 1e-6}))
    assert expected.history_["loss"] == pytest.approx(found.history_["loss"], rel=1e-5)


@plain_estimator
@pytest.mark.parametrize("constant", [1.0, 0.7, 1e30])
def test_equal_weights_are_as_weights_of_one(estimator, constant):
    expected = quick(estimator).fit(X, target(estimator), sample_weight=np.ones(len(X)))
    assert_same(quick(estimator).fit(X, target(estimator), sample_weight=np.full(len(X), constant)), expected)


@plain_estimator
@pytest.mark.parametrize("weight", [np.nan, np.inf, -1.0])
def test_one_number_as_weight_is_checked_too(estimator, weight):
    with pytest.raises(ValueError, match="sample_weight"):
        quick(estimator).fit(X, target(estimator), sample_weight=weight)


@plain_classifier
def test_class_weights_may_be_of_any_size(estimator):
    shares = {0: 1.0, 1: 3.0, 2: 0.5}
    expected = quick(estimator, class_weight=shares).fit(X, LABELS)
    for constant in (2.0**-900, 2.0**900):
        scaled = {label: weight * constant for label, weight in shares.items()}
        assert_same(quick(estimator, class_weight=scaled).fit(X, LABELS), expected)
