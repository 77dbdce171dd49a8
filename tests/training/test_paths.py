"""However a network is trained, it is the same training."""

import keras
import numpy as np
import pytest
from small import make_data, make_recipe, make_rules, run

from presets.builders.dnn import build_dnn
from presets.training import dataset as dataset_module
from presets.training.pool import program_class

OPTIMIZERS = [
    {"optimizer": "sgd"},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    {"optimizer": "sgd", "clipnorm": 0.05},
    {"optimizer": "sgd", "clipnorm": None, "global_clipnorm": 0.05},
    {"optimizer": "adam", "learning_rate": 0.01},
    {"optimizer": "adagrad"},
]


def assert_same(outcome, expected, rtol=2e-4):
    for name, values in expected.history.items():
        np.testing.assert_allclose(outcome.history[name], values, rtol=rtol, atol=1e-6, err_msg=name)
    for weights, expected_weights in zip(outcome.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weights, expected_weights, rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("constants", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_compiled_epochs_equal_keras_fit(constants, weighted):
    dataset, rules = make_data(weighted=weighted), make_rules()
    recipe = make_recipe(l2=0.01, **constants)
    outcome, program = run(recipe, dataset, rules)

    model = recipe.network.model()
    model.set_weights(program.draw(3))
    optimizer_class, config = recipe.optimizer
    model.compile(
        optimizer=optimizer_class.from_config(config),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight"),
        weighted_metrics=["accuracy"],
    )
    rng, expected = np.random.default_rng(3), {}
    for _ in range(rules.epochs):
        order = rng.permutation(np.arange(120))
        x, y, *weights = dataset.take(order)
        logs = model.fit(
            x,
            y,
            sample_weight=weights[0] if weights else None,
            validation_data=dataset.take(np.arange(120, 150)),
            shuffle=False,
            batch_size=32,
            verbose=0,
        ).history
        for name, values in logs.items():
            expected.setdefault(name, []).extend(values)
    assert set(expected) <= set(outcome.history)
    for name, values in expected.items():
        np.testing.assert_allclose(outcome.history[name], values, rtol=2e-4, atol=1e-6, err_msg=name)
    for weights, keras_weights in zip(outcome.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(weights, keras_weights, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("constants", OPTIMIZERS[:4], ids=str)
def test_step_by_step_equals_compiled_epochs(constants, dropout):
    recipe = make_recipe(dropout=dropout, **constants)
    compiled, _ = run(recipe, make_data(), make_rules())
    stepwise, _ = run(recipe, make_data(), make_rules(by_steps=True))
    assert_same(stepwise, compiled)


@pytest.mark.parametrize(
    "rules",
    [
        {"epochs": 70, "restore_best_weights": True},
        {"epochs": 45, "patience": 2, "restore_best_weights": True},
        {"epochs": 400, "patience": 3, "min_lr_factor": 0.2},
        {"epochs": 12, "monitor": "val_accuracy", "patience": 5, "restore_best_weights": True},
    ],
    ids=str,
)
def test_epochs_in_one_call_equal_epochs_one_by_one(rules):
    recipe, rules = make_recipe(dropout=0.3, momentum=0.9), make_rules(**rules)
    together, program = run(recipe, make_data(), rules)
    alone, _ = run(recipe, make_data(), rules, program=program, callbacks=[keras.callbacks.Callback()])
    assert (together.best_epoch, together.stopped_by) == (alone.best_epoch, alone.stopped_by)
    assert_same(together, alone)


def test_epochs_are_made_together_where_nobody_looks():
    if program_class().epochs_together == 1:
        pytest.skip("torch runs step by step")

    class Counted(program_class()):
        n_calls = 0

        def train_epochs(self, *arguments):
            self.n_calls += 1
            return super().train_epochs(*arguments)

    recipe, dataset, rules = make_recipe(), make_data(), make_rules(epochs=70)
    program = Counted(recipe, dataset.take(np.arange(1)))
    run(recipe, dataset, rules, program=program)
    assert program.n_calls == 3  # 32, 32 and 6
    run(recipe, dataset, rules, program=program, callbacks=[keras.callbacks.Callback()])
    assert program.n_calls == 3
    readers = [keras.callbacks.EarlyStopping(patience=70), keras.callbacks.TerminateOnNaN()]
    run(recipe, dataset, rules, program=program, callbacks=readers)
    assert program.n_calls == 6


def early_stopping():
    return keras.callbacks.EarlyStopping(monitor="loss", patience=0, baseline=0.8, start_from_epoch=9)


@pytest.mark.parametrize("restores", [True, False])
def test_a_callback_ends_training_within_a_call(restores):
    recipe, rules = make_recipe(), make_rules(epochs=70, restore_best_weights=restores)
    together, _ = run(recipe, make_data(), rules, callbacks=[early_stopping()])
    alone, _ = run(recipe, make_data(), rules, callbacks=[early_stopping(), keras.callbacks.Callback()])
    assert together.stopped_by == "callback"
    assert 9 < len(together.history["loss"]) < 30
    assert_same(together, alone)


def test_without_validation_epochs_in_one_call_equal_epochs_one_by_one():
    recipe, rules = make_recipe(dropout=0.3), make_rules(epochs=40, monitor="loss", restore_best_weights=True)
    together, _ = run(recipe, make_data(120), rules)
    alone, _ = run(recipe, make_data(120), rules, callbacks=[keras.callbacks.Callback()])
    assert together.best_epoch == alone.best_epoch
    assert_same(together, alone)


@pytest.mark.parametrize("weighted", [False, True])
def test_data_in_parts_equal_data_on_the_device(monkeypatch, weighted):
    recipe = make_recipe(dropout=0.3)
    whole, _ = run(recipe, make_data(weighted=weighted), make_rules())
    monkeypatch.setattr(dataset_module, "DEVICE_BUDGET", 0)
    monkeypatch.setattr(dataset_module, "PART_BUDGET", 6 * 4 * 64)  # two batches of 32 rows
    parts, _ = run(recipe, make_data(weighted=weighted), make_rules())
    assert_same(parts, whole)


def test_fewer_rows_than_a_batch_make_one_update():
    recipe = make_recipe()
    outcome, program = run(recipe, make_data(20), make_rules(batch_size=15, monitor="loss"), n_training=15)
    assert float(keras.ops.convert_to_numpy(program.optimizer.iterations)) == 4
    assert outcome.history["loss"][0] > outcome.history["loss"][-1]


@keras.saving.register_keras_serializable("presets_tests")
class CountingModel(keras.Model):
    """A user's model with a train_step of its own that adds a value to the logs."""

    def train_step(self, *arguments):
        result = super().train_step(*arguments)
        if keras.backend.backend() == "jax":
            logs, state = result
            return logs | {"double_loss": 2 * logs["loss"]}, state
        return result | {"double_loss": 2 * result["loss"]}


def build_counting(input_shape, n_outputs, **arguments):
    model = build_dnn(input_shape, n_outputs, **arguments)
    return CountingModel(model.inputs, model.outputs)


def test_own_train_step_is_used():
    outcome, _ = run(make_recipe(build_counting), make_data(), make_rules())
    plain, _ = run(make_recipe(), make_data(), make_rules())
    np.testing.assert_allclose(outcome.history["double_loss"], 2 * np.array(outcome.history["loss"]), rtol=1e-6)
    np.testing.assert_allclose(outcome.history["val_loss"], plain.history["val_loss"], rtol=1e-5)


def build_convolution(input_shape, n_outputs, *, kernel_initializer, **arguments):
    rules = {"kernel_initializer": kernel_initializer}
    inputs = keras.Input(input_shape)
    steps = keras.layers.Reshape((*input_shape, 1))(inputs)
    steps = keras.layers.Conv1D(4, 3, activation="relu", name="steps", **rules)(steps)
    outputs = keras.layers.Dense(n_outputs, name="outputs", **rules)(keras.layers.Flatten()(steps))
    return keras.Model(inputs, outputs)


def test_convolutions_learn_the_same_and_never_in_a_loop_of_jax_on_a_cpu():
    recipe = make_recipe(build_convolution)
    whole, program = run(recipe, make_data(), make_rules())
    steps, _ = run(recipe, make_data(), make_rules(by_steps=True))
    assert_same(whole, steps)
    data, rows = program.put(make_data().take(slice(None))), np.arange(120, 150, dtype="int32")
    at_once, in_parts = (program.test_epoch(data, rows, size) for size in (30, 8))
    assert in_parts == pytest.approx(at_once, rel=1e-5)
    if keras.backend.backend() == "jax" and "cpu" in str(keras.distribution.list_devices()):
        assert program.epochs_together == 1  # in a loop they take 17 times as long


@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16", "mixed_float16"])
def test_other_types_learn_the_same_thing(dtype):
    expected, _ = run(make_recipe(l2=0.01), make_data(), make_rules())
    outcome, _ = run(make_recipe(l2=0.01, dtype=dtype), make_data(), make_rules())
    numbers = "float64" if dtype == "float64" else "float32"
    assert all(weights.dtype == numbers for weights in outcome.weights)
    assert outcome.history["loss"][-1] < outcome.history["loss"][0]
    np.testing.assert_allclose(outcome.history["loss"][0], expected.history["loss"][0], rtol=0.5)
