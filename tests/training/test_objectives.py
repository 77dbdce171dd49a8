"""Losses and metrics see what a user of Keras expects them to see."""

import keras
import numpy as np
import pytest

from presets.training.objectives import make_loss, make_metric

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(20, 3)).astype("float32")
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
CODES = RNG.integers(3, size=20).astype("int32")
ONE_HOT = np.eye(3, dtype="float32")[CODES]
BINARY_LOGITS, BINARY = LOGITS[:, :1], (CODES[:, None] == 1).astype("float32")
WEIGHTS = RNG.uniform(0.5, 2.0, 20).astype("float32")


def number(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


def name_of(objective):
    return objective if isinstance(objective, str) else objective.name


@pytest.mark.parametrize(
    "loss",
    [
        "auto",
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        "categorical_focal_crossentropy",
        keras.losses.KLDivergence(),
    ],
    ids=name_of,
)
def test_multiclass_loss(loss):
    found = make_loss(loss, "softmax", 3, "float32")(CODES, LOGITS, WEIGHTS)
    reference = keras.losses.get("sparse_categorical_crossentropy" if loss == "auto" else loss)
    name = getattr(reference, "name", None) or reference.__name__
    targets = CODES if name.startswith("sparse") else ONE_HOT
    each = reference.call(targets, PROBABILITIES) if hasattr(reference, "call") else reference(targets, PROBABILITIES)
    expected = np.average(keras.ops.convert_to_numpy(each), weights=WEIGHTS)
    assert number(found) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "loss", ["binary_crossentropy", "hinge", "mean_squared_error", keras.losses.BinaryFocalCrossentropy()], ids=name_of
)
def test_binary_loss(loss):
    found = make_loss(loss, "sigmoid", 1, "float32")(BINARY, BINARY_LOGITS)
    reference = keras.losses.get(loss)
    probabilities = 1 / (1 + np.exp(-BINARY_LOGITS))
    assert number(found) == pytest.approx(
        np.mean(keras.ops.convert_to_numpy(reference(BINARY, probabilities))), rel=1e-4
    )


def test_own_loss_gets_codes_and_probabilities():
    def loss(y_true, y_pred):
        return keras.ops.cast(y_true, "float32") * y_pred[:, 0]

    found = make_loss(loss, "softmax", 3, "float32")(CODES, LOGITS)
    assert number(found) == pytest.approx(np.mean(CODES * PROBABILITIES[:, 0]), rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "targets"),
    [
        ("accuracy", CODES),
        ("sparse_categorical_accuracy", CODES),
        ("categorical_accuracy", ONE_HOT),
        ("AUC", ONE_HOT),
        (keras.metrics.F1Score(average="macro"), ONE_HOT),
        (keras.metrics.SparseTopKCategoricalAccuracy(k=2), CODES),
    ],
    ids=str,
)
def test_multiclass_metric(metric, targets):
    found = make_metric(metric, "softmax", 3, "float32")
    found.update_state(CODES, LOGITS)
    expected = keras.metrics.get("sparse_categorical_accuracy" if metric == "accuracy" else metric)
    if not isinstance(expected, keras.metrics.Metric):
        expected = keras.metrics.MeanMetricWrapper(expected)
    expected.update_state(targets, PROBABILITIES)
    assert number(found.result()) == pytest.approx(number(expected.result()), rel=1e-5)


def test_binary_accuracy_is_that_of_probabilities():
    found = make_metric("accuracy", "sigmoid", 1, "float32")
    found.update_state(BINARY, BINARY_LOGITS, WEIGHTS)
    assert found.name == "accuracy"
    assert number(found.result()) == pytest.approx(
        np.average((BINARY_LOGITS > 0) == BINARY, axis=0, weights=WEIGHTS)[0]
    )


def test_regression_metric_is_in_the_unit_of_the_target():
    found = make_metric("mae", "linear", 2, "float32")
    found.unit.load({"scale": [10.0, 100.0], "offset": [5.0, 7.0]})
    found.update_state(np.zeros((4, 2), "float32"), np.ones((4, 2), "float32"))
    assert number(found.result()) == pytest.approx(55.0)
    found.reset_state()
    found.update_state(np.zeros((4, 2), "float32"), 2 * np.ones((4, 2), "float32"))
    assert number(found.result()) == pytest.approx(110.0)


@pytest.mark.parametrize(("metric", "name"), [("mae", "mae"), ("AUC", "AUC"), (keras.metrics.AUC(name="area"), "area")])
def test_metrics_have_the_names_of_keras(metric, name):
    assert make_metric(metric, "linear" if name == "mae" else "sigmoid", 1, "float32").name == name
