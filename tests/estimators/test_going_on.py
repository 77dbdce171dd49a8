"""Fits that go on from an earlier one: `warm_start` and `partial_fit`."""

import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    LABELS,
    PLAIN,
    X,
    outputs,
    quick,
    target,
)
from fits import assert_same, fit, one_of_each, plain_classifier, plain_estimator


@one_of_each
def test_warm_start_goes_on_from_the_present_weights(estimator):
    model = fit(estimator, warm_start=True, epochs=30)
    before = outputs(model)
    model.set_params(learning_rate=1e-12, epochs=2).fit(X, target(estimator))
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)
    assert model.n_epochs_ == 2
    model.set_params(warm_start=False).fit(X, target(estimator))
    assert np.abs(outputs(model) - before).max() > 1e-3


@plain_estimator
def test_warm_start_keeps_the_statistics_of_the_first_fit(estimator):
    model = fit(estimator, warm_start=True, epochs=30)
    before = outputs(model)
    y = target(estimator)
    model.set_params(learning_rate=1e-12, epochs=1).fit(
        X[:40] + 1000, y[:40] if estimator in CLASSIFIERS else y[:40] * 10
    )
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)


@plain_classifier
def test_warm_start_with_fewer_classes(estimator):
    model = fit(estimator, warm_start=True)
    model.fit(X[LABELS > 0], LABELS[LABELS > 0])
    assert list(model.classes_) == [0, 1, 2]


@plain_estimator
def test_warm_start_before_any_fit(estimator):
    assert_same(fit(estimator, warm_start=True), fit(estimator))


@one_of_each
def test_partial_fit_is_one_epoch(estimator):
    model = quick(estimator, init="scaled")
    y = target(estimator)
    for call in range(1, 6):
        assert model.partial_fit(X, y) is model
        assert model.n_epochs_ == call
        assert {len(values) for values in model.history_.values()} == {call}
    assert "val_loss" not in model.history_
    assert model.history_["learning_rate"] == [pytest.approx(0.1)] * 5
    for _ in range(40):
        model.partial_fit(X, y)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    assert estimator not in PLAIN or model.score(X, y) > 0.7


@plain_estimator
def test_partial_fit_keeps_the_statistics_of_the_first_call(estimator):
    y = target(estimator)
    model = quick(estimator, learning_rate=1e-12).partial_fit(X, y)
    before = outputs(model)
    model.partial_fit(X + 1000, y)
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)


@plain_estimator
def test_partial_fit_takes_weights(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 2 == 0
    weighted = quick(estimator).partial_fit(X, y, sample_weight=kept * 1.0)
    assert_same(weighted, quick(estimator).partial_fit(X[kept], y[kept], sample_weight=np.ones(kept.sum())))


@plain_classifier
def test_partial_fit_knows_all_classes_from_the_first_call(estimator):
    two = LABELS < 2
    model = quick(estimator).partial_fit(X[two], LABELS[two], classes=[2, 1, 0])
    model.partial_fit(X, LABELS)
    assert list(model.classes_) == [0, 1, 2]
    assert model.predict_proba(X).shape == (len(X), 3)


@plain_estimator
def test_partial_fit_goes_on_with_the_optimizer(estimator):
    y = target(estimator)
    parameters = {
        "momentum": 0.9,
        "dropout": 0.0,
        "validation_fraction": 0,
        "shuffle": False,
        "init": "scaled",
        "batch_size": 50,
    }
    parameters |= {"restore_best_weights": False}
    model = quick(estimator, **parameters)
    for _ in range(3):
        model.partial_fit(X, y)
    assert_same(model, fit(estimator, **parameters, epochs=3), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_partial_fit_goes_on_after_fit(estimator):
    model = fit(estimator, epochs=4)
    losses = model.history_["loss"]
    model.partial_fit(X, target(estimator))
    assert model.n_epochs_ == 5
    assert model.history_["loss"][:4] == losses
