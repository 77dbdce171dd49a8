"""The gradient check (A9) passes what is right and finds what is planted, in every family and in a user's layers."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier, DNNRegressor, check_gradients
from presets.estimators import CNNClassifier, LSTMClassifier
from presets.inspection.gradients import GradientCheck

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
LABELS = np.arange(24) % 3
QUICK = {"epochs": 1, "init": "scaled", "random_state": 0}


def own_square(factor):
    """x squared with a gradient of its own; right if the factor is 1."""

    @keras.ops.custom_gradient
    def square(x):
        def gradient(*arguments, upstream=None):
            upstream = arguments[0] if upstream is None else upstream
            return keras.ops.multiply(upstream, 2 * factor * x)

        return keras.ops.square(x), gradient

    return square


@keras.saving.register_keras_serializable("test_gradients")
class Squares(keras.layers.Layer):
    """A layer of a user's own."""

    def __init__(self, units, factor, **kwargs):
        super().__init__(**kwargs)
        self.units, self.factor = units, factor

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")

    def call(self, x):
        return own_square(self.factor)(keras.ops.matmul(x, self.kernel))

    def get_config(self):
        return super().get_config() | {"units": self.units, "factor": self.factor}


def own_model(factor):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((3,)), Squares(4, factor), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential(layers)


FAMILIES = {
    "dense": (DNNClassifier(hidden_layer_sizes=(5, 4), activation="tanh", l2=0.01, **QUICK), X, LABELS),
    "dense, values": (DNNRegressor(hidden_layer_sizes=(5,), **QUICK), X, X[:, 0]),
    "recurrent": (
        LSTMClassifier(units=(2,), **QUICK),
        [RNG.normal(size=(length, 2)) for length in RNG.integers(2, 4, 24)],
        LABELS,
    ),
    "convolutional": (
        CNNClassifier(filters=(2,), dense_units=4, activation="tanh", **QUICK),
        RNG.normal(size=(24, 6, 6)),
        LABELS,
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_of_the_families_are_right(family):
    estimator, inputs, y = FAMILIES[family]
    check = check_gradients(estimator, inputs, y, n_weights=2)
    assert check.passed, str(check)
    assert len(check.errors) >= 4
    assert not hasattr(estimator, "stopped_by_")


def test_pipeline_and_fitted_estimator():
    pipeline = make_pipeline(StandardScaler(), DNNClassifier(hidden_layer_sizes=(4,), **QUICK)).fit(X, LABELS)
    check = check_gradients(pipeline, X, LABELS, n_weights=3)
    assert check.passed, str(check)
    before = pipeline.predict_proba(X)
    np.testing.assert_array_equal(pipeline.predict_proba(X), before)


@pytest.mark.parametrize(
    ("network", "rows"),
    [
        (DNNClassifier(epochs=2, random_state=0), X),
        (CNNClassifier(filters=(4,), dense_units=4, **QUICK), RNG.integers(0, 255, (24, 16, 16, 3), dtype=np.uint8)),
    ],
    ids=["small signals", "many places"],
)
def test_kinks_of_relu_are_no_wrong_gradients(network, rows):
    for seed in range(3):
        result = check_gradients(network, rows, LABELS, random_state=seed)
        assert result.passed, result


WRONG = {"tensorflow": 1.001, "jax": 1.01, "torch": 1.1}[keras.backend.backend()]
"""A factor in a gradient that is seen: five times the tolerance, which follows from what the backend computes in."""


@pytest.mark.parametrize("factor", [1.0, WRONG], ids=["right", "wrong"])
def test_gradient_of_a_layer_of_ones_own(factor):
    model = own_model(factor)
    weights = model.get_weights()
    check = check_gradients(model, X, LABELS, loss="sparse_categorical_crossentropy", n_weights=6)
    wrong = [path for path in check.wrong if path.endswith("kernel")]
    if factor == 1:
        assert check.passed, str(check)
    else:
        [path] = check.wrong
        assert path == wrong[0] == model.layers[0].kernel.path
        assert check.errors[path] == pytest.approx((factor - 1) / (factor + 1), rel=0.1)
        assert check.tolerance < check.errors[path] < 6 * check.tolerance
        assert f"are wrong in {path}" in str(check)
        assert f"{check.errors[path]:.1e}" in str(check)
    for now, before in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, before)


def test_gradient_that_is_no_number_is_wrong():
    assert GradientCheck({"right": 0.0, "none": np.nan}, 1e-4, 2).wrong == ["none"]


def test_result_prints():
    check = check_gradients(DNNClassifier(hidden_layer_sizes=(4,), **QUICK), X, LABELS, n_weights=2)
    text = str(check)
    assert text.startswith(f"Gradients are right (8 weights, tolerance {check.tolerance:g}; A9).")
    assert "hidden_1/kernel" in text


def test_model_needs_a_loss():
    with pytest.raises(ValueError, match="set loss"):
        check_gradients(own_model(1.0), X, LABELS)


def test_compiled_model_has_its_loss():
    model = own_model(1.0)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy())
    assert check_gradients(model, X, LABELS, n_weights=2).passed


def test_layer_that_cannot_be_copied():
    class Closed(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

        def call(self, x):
            return x * self.units

    model = keras.Sequential([keras.Input((3,)), Closed(2), keras.layers.Dense(1)])
    with pytest.raises(TypeError, match="get_config of Closed must return"):
        check_gradients(model, X, X[:, 0], loss="mean_squared_error")


def test_other_estimators_have_no_network():
    with pytest.raises((TypeError, ValueError)):
        check_gradients(LogisticRegression(), X, LABELS)
