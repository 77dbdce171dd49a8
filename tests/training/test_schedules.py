"""Hyperparameters that follow a curve over the updates of a training."""

import dataclasses
import math

import keras
import numpy as np
import pytest
from small import make_data, make_plan, make_recipe, make_rules

from presets.training.loop import train
from presets.training.pool import program_class
from presets.training.schedules import CURVES

N_UPDATES = 16  # four epochs of four
BY_HAND = {
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "flat_cosine": lambda t: 1.0 if t < 0.5 else (1 + math.cos(math.pi * (2 * t - 1))) / 2,
    "coslog4": lambda t: (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t))) / 2,
    "one_cycle": lambda t: (
        1 / 25 + 24 / 25 * (1 - math.cos(math.pi * t / 0.3)) / 2
        if t < 0.3
        else (1 + math.cos(math.pi * (t - 0.3) / 0.7)) / 2
    ),
}


def run(curve, *, rate=0.1, optimizer="sgd", **options):
    recipe = make_recipe(optimizer=optimizer, learning_rate=rate)
    return run_recipe(dataclasses.replace(recipe, curves=(("learning_rate", curve),)), **options)


def run_recipe(recipe, *, program=None, rules=None, n_updates=N_UPDATES, **options):
    dataset = make_data()
    with program_class().scope(recipe):
        program = program or program_class()(recipe, dataset.take(np.arange(1)))
        program.load(program.draw(3), recipe, seed=3, n_updates=n_updates)
        return train(program, make_plan(dataset, rules or make_rules()), **options), program


@pytest.mark.parametrize("curve", CURVES)
def test_every_update_has_the_rate_of_the_curve(curve):
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))

    outcome, _ = run(curve, callbacks=[Watch()])
    expected = [0.1 * BY_HAND[curve](update / N_UPDATES) for update in range(N_UPDATES)]
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    np.testing.assert_allclose(outcome.history["learning_rate"], expected[::4], atol=1e-6)
    assert outcome.rate_rule == "schedule"


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_epochs_in_one_call_equal_epochs_alone_and_updates_alone(optimizer):
    together, _ = run("one_cycle", optimizer=optimizer)
    alone, _ = run("one_cycle", optimizer=optimizer, callbacks=[keras.callbacks.Callback()])
    by_steps, _ = run("one_cycle", optimizer=optimizer, rules=make_rules(by_steps=True))
    for other in (alone, by_steps):
        for weights, expected in zip(other.weights, together.weights, strict=True):
            np.testing.assert_allclose(weights, expected, rtol=2e-4, atol=1e-5)
        for name, values in together.history.items():
            np.testing.assert_allclose(other.history[name], values, rtol=2e-4, atol=1e-6, err_msg=name)


def test_a_program_serves_other_rates_and_lengths():
    longer = make_rules(epochs=8)
    _, program = run("cosine")
    n_traces = program.n_traces
    again, _ = run("cosine", program=program, rules=longer, rate=0.05, n_updates=2 * N_UPDATES)
    fresh, _ = run("cosine", rules=longer, rate=0.05, n_updates=2 * N_UPDATES)
    assert program.n_traces == n_traces
    for weights, expected in zip(again.weights, fresh.weights, strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_a_schedule_equals_that_of_keras():
    theirs = keras.optimizers.schedules.CosineDecay(0.1, N_UPDATES)
    dataset = make_data()
    recipe = make_recipe(optimizer=keras.optimizers.SGD(theirs, clipnorm=5.0))
    with program_class().scope(recipe):
        program = program_class()(recipe, dataset.take(np.arange(1)))
        program.load(program.draw(3), recipe, seed=3)
        expected = train(program, make_plan(dataset, make_rules()))
    outcome, _ = run("cosine")
    for weights, expected_weights in zip(outcome.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weights, expected_weights, rtol=2e-4, atol=1e-5)


def test_no_plateau_lowers_or_ends_a_schedule():
    outcome, _ = run("flat_cosine", rules=make_rules(epochs=4, patience=1, min_delta=1e9))
    assert outcome.stopped_by == "epochs"
    np.testing.assert_allclose(outcome.history["learning_rate"], [0.1, 0.1, 0.1, 0.05], atol=1e-6)


def scheduled(curve="flat_cosine", **numbers):
    """A recipe in which these hyperparameters follow the curve."""
    return dataclasses.replace(make_recipe(**numbers), curves=tuple((name, curve) for name in numbers))


def trained_by_hand(dropout, weight_decay, program, curve):
    """Weights after updates by plain Keras, with numbers that Python sets before each."""
    dataset, rules = make_data(), make_rules()
    program.load(program.draw(3), program.recipe, seed=3)
    core = make_recipe(dropout=dropout).network.model()
    core.set_weights(program.draw(3))
    seeds = [v for v in core.variables if v.name == "seed_generator_state"]
    for variable, loaded in zip(seeds, program._seed_variables, strict=True):
        variable.assign(loaded.value)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    core.compile(optimizer=keras.optimizers.SGD(0.1, clipnorm=5.0), loss=loss, run_eagerly=True)
    plan, update = make_plan(dataset, rules), 0
    for _ in range(rules.epochs):
        order = plan.order()
        for start in range(0, len(order), rules.batch_size):
            share = BY_HAND[curve](update / N_UPDATES)
            for layer in core.layers:
                if isinstance(layer, keras.layers.Dropout):
                    layer.rate = dropout * share
            before = core.get_weights()
            core.train_on_batch(*dataset.take(order[start : start + rules.batch_size]))
            core.set_weights(
                [
                    after - (0.1 * weight_decay * share * was if was.ndim > 1 else 0)
                    for was, after in zip(before, core.get_weights(), strict=True)
                ]
            )
            update += 1
    return core.get_weights()


@pytest.mark.parametrize(
    ("name", "highest", "curve"), [("dropout", 0.5, "flat_cosine"), ("weight_decay", 0.3, "coslog4")]
)
def test_every_update_has_the_value_of_the_curve(name, highest, curve):
    outcome, program = run_recipe(scheduled(curve, **{name: highest}))
    expected = trained_by_hand(**{"dropout": 0.0, "weight_decay": 0.0, name: highest}, program=program, curve=curve)
    for weights, by_hand in zip(outcome.weights, expected, strict=True):
        np.testing.assert_allclose(weights, by_hand, rtol=2e-4, atol=1e-5)
    values = [highest * BY_HAND[curve](epoch / 4) for epoch in range(4)]
    np.testing.assert_allclose(outcome.history[name], values, atol=1e-6)
    assert outcome.rate_rule == "plateau"
    np.testing.assert_allclose(outcome.history["learning_rate"], 0.1)


def test_dropout_and_decay_on_a_curve_are_the_same_however_epochs_run():
    recipe = scheduled(dropout=0.5, weight_decay=0.3)
    together, program = run_recipe(recipe)
    for options in ({"callbacks": [keras.callbacks.Callback()]}, {"rules": make_rules(by_steps=True)}):
        other, _ = run_recipe(recipe, **options)
        for weights, expected in zip(other.weights, together.weights, strict=True):
            np.testing.assert_allclose(weights, expected, rtol=2e-4, atol=1e-5)
    n_traces = program.n_traces
    weaker, _ = run_recipe(scheduled(dropout=0.2, weight_decay=0.1), program=program)
    assert program.n_traces == n_traces
    np.testing.assert_allclose(weaker.history["dropout"], [0.2, 0.2, 0.2, 0.1], rtol=1e-6)
    np.testing.assert_allclose(weaker.history["weight_decay"], [0.1, 0.1, 0.1, 0.05], rtol=1e-6)
