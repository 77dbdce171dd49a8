"""Optimizers: clipping as Keras does it, and counted."""

import keras
import numpy as np
import pytest
from small import make_data, make_recipe, make_rules, run

from presets.training.optimizers import make_optimizer, optimizer_config


@pytest.mark.parametrize("limit", [{"clipnorm": 0.5}, {"global_clipnorm": 0.5}, {"clipvalue": 0.1}], ids=str)
def test_clips_as_keras(limit):
    grads = [keras.ops.convert_to_tensor(np.array(g, "float32")) for g in ([0.3, 0.4], [3.0, 4.0, 0.0], [0.0, 0.0])]
    plain = keras.optimizers.SGD(1.0, **limit)
    counting = make_optimizer(keras.optimizers.SGD, plain.get_config(), {}, {})
    expected, found = ([keras.Variable(np.zeros(g.shape)) for g in grads] for _ in range(2))
    plain.apply(grads, expected)
    counting.apply(grads, found)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b), rtol=1e-5)


def test_clipped_steps_are_counted():
    never, _ = run(make_recipe(clipnorm=1e6), make_data(), make_rules())
    always, _ = run(make_recipe(clipnorm=1e-6), make_data(), make_rules())
    off, _ = run(make_recipe(clipnorm=None), make_data(), make_rules())
    assert never.history["clipped"] == [0.0] * 4
    assert always.history["clipped"] == [1.0] * 4
    assert off.history["clipped"] == [0.0] * 4


def test_update_ratio_is_that_of_the_last_full_batch():
    recipe = make_recipe()
    rules = make_rules(epochs=1, batch_size=120)
    outcome, program = run(recipe, make_data(), rules)
    before, after = program.draw(3), outcome.weights
    norm = lambda arrays: np.sqrt(sum(np.sum(np.square(a, dtype=np.float64)) for a in arrays))  # noqa: E731
    ratio = norm([b - a for a, b in zip(before, after, strict=True)]) / norm(before)
    assert outcome.history["update_ratio"][0] == pytest.approx(ratio, rel=1e-3)
    first = norm([after[0] - before[0], after[1] - before[1]]) / norm(before[:2])
    assert outcome.history["update_ratio/hidden_1"][0] == pytest.approx(first, rel=1e-3)


def test_an_optimizer_object_is_taken_as_it_is():
    optimizer = keras.optimizers.Adam(0.003, clipnorm=2.0)
    found, config = optimizer_config(
        optimizer, learning_rate=0.1, momentum=0.0, nesterov=False, clipnorm=5.0, global_clipnorm=None
    )
    assert found is keras.optimizers.Adam
    assert (config["learning_rate"], config["clipnorm"]) == (pytest.approx(0.003), 2.0)


def test_a_scaled_optimizer_is_refused():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    with pytest.raises(ValueError, match="optimizer cannot be a LossScaleOptimizer: give the Adam inside it"):
        optimizer_config(optimizer, learning_rate=0.1, momentum=0.0, nesterov=False, clipnorm=5.0, global_clipnorm=None)


def test_momentum_needs_an_optimizer_that_has_one():
    with pytest.raises(ValueError, match=r"momentum=0\.9 cannot be used with optimizer='adam'"):
        optimizer_config("adam", learning_rate=0.1, momentum=0.9, nesterov=False, clipnorm=5.0, global_clipnorm=None)


def test_unknown_optimizer_is_named():
    with pytest.raises(ValueError, match="optimizer='sdg'"):
        optimizer_config("sdg", learning_rate=0.1, momentum=0.0, nesterov=False, clipnorm=5.0, global_clipnorm=None)
