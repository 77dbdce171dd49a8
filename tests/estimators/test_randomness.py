"""What `random_state` decides, and what is left to the caller."""

import random

import keras
import numpy as np
import pytest
from estimator_list import (
    X,
    label,
    outputs,
    target,
)
from fits import assert_same, fit, one_of_each, plain_estimator
from sklearn.base import clone


@one_of_each
def test_random_state_gives_the_same_numbers(estimator):
    first = fit(estimator)
    assert_same(fit(estimator), first, rtol=0, atol=0)
    assert_same(clone(first).fit(X, target(estimator)), first, rtol=0, atol=0)
    assert_same(first.fit(X, target(estimator)), fit(estimator), rtol=0, atol=0)
    assert fit(estimator).history_ == first.history_


@one_of_each
def test_other_random_states_give_other_numbers(estimator):
    models = [fit(estimator, random_state=seed) for seed in (0, 1, None, None)]
    for i in range(4):
        for j in range(i):
            assert np.abs(outputs(models[i]) - outputs(models[j])).max() > 1e-5


@plain_estimator
def test_random_state_objects_are_drawn_from(estimator):
    state = np.random.RandomState(0)
    first, second = fit(estimator, random_state=state), fit(estimator, random_state=state)
    assert np.abs(outputs(first) - outputs(second)).max() > 1e-5
    assert_same(fit(estimator, random_state=np.random.RandomState(0)), first)


def draw_from_global_generators():
    """Something from each generator that belongs to the caller."""
    return random.random(), np.random.random(), float(keras.random.uniform(()))


@one_of_each
@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("init", ["auto", "he_normal", "orthogonal", keras.initializers.GlorotNormal()], ids=label)
def test_global_generators_are_left_alone(estimator, random_state, init):
    keras.utils.set_random_seed(7)
    expected = draw_from_global_generators()
    keras.utils.set_random_seed(7)
    python, numpy = random.getstate(), np.random.get_state()[1:3]
    model = fit(estimator, random_state=random_state, init=init)
    outputs(model)
    model.model_  # noqa: B018
    clone(model)
    assert random.getstate() == python
    np.testing.assert_array_equal(np.random.get_state()[1], numpy[0])
    assert np.random.get_state()[2] == numpy[1]
    assert draw_from_global_generators() == expected


@plain_estimator
def test_global_settings_are_left_alone(estimator):
    def settings():
        return (
            keras.config.floatx(),
            keras.config.dtype_policy().name,
            keras.config.image_data_format(),
            keras.config.epsilon(),
        )

    before = settings()
    fit(estimator, dtype="float64")
    fit(estimator, dtype="mixed_bfloat16")
    assert settings() == before


@plain_estimator
def test_caller_s_global_seed_changes_nothing(estimator):
    keras.utils.set_random_seed(1)
    first = fit(estimator)
    keras.utils.set_random_seed(2)
    assert_same(fit(estimator), first, rtol=0, atol=0)


@plain_estimator
def test_rows_are_seen_in_order_without_shuffle(estimator):
    fixed = {"shuffle": False, "dropout": 0.0, "validation_fraction": 0, "init": "zeros", "epochs": 1}
    assert_same(fit(estimator, **fixed, random_state=1), fit(estimator, **fixed, random_state=2), rtol=0, atol=0)
