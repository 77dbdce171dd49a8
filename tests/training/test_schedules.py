"""Rates that follow a curve over the updates of a training."""

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


def run(curve, *, program=None, optimizer="sgd", rules=None, rate=0.1, n_updates=N_UPDATES, **options):
    recipe = dataclasses.replace(make_recipe(optimizer=optimizer, learning_rate=rate), lr_schedule=curve)
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
