"""What a user's function builds at a fit is what trains, and it shares nothing with the user or with another fit."""

import pickle

import keras
import numpy as np
import pytest
from estimator_list import LABELS, VALUES, X, outputs

from presets import CNNClassifier, DNNClassifier, KerasClassifier, KerasRegressor, clear_programs
from presets.training.pool import POOL

TARGETS = {KerasClassifier: LABELS, KerasRegressor: VALUES}
both = pytest.mark.parametrize("estimator", [KerasClassifier, KerasRegressor])


def fit(network, estimator=KerasClassifier, y=None, **parameters):
    model = estimator(**{"network": network, "epochs": 2, "batch_size": 16, "random_state": 0, **parameters})
    return model.fit(X, TARGETS[estimator] if y is None else y)


def dense(input_shape, n_outputs, activation="relu", *between):
    layers = [keras.layers.Dense(8, activation=activation), *between, keras.layers.Dense(n_outputs)]
    return keras.Sequential([keras.Input(input_shape), *layers])


settings = {}


def reads_a_global(input_shape, n_outputs):
    return dense(input_shape, n_outputs, settings["activation"])


def reads_its_closure():
    def network(input_shape, n_outputs):
        return dense(input_shape, n_outputs, settings_here["activation"])

    settings_here = settings
    return network


def reads_its_default(input_shape, n_outputs, default=settings):
    return dense(input_shape, n_outputs, default["activation"])


class Reads:
    def __init__(self):
        self.settings = settings

    def __call__(self, input_shape, n_outputs):
        return dense(input_shape, n_outputs, self.settings["activation"])


@pytest.mark.parametrize(
    "network",
    [reads_a_global, reads_its_closure(), reads_its_default, Reads()],
    ids=["global", "closure", "default", "attribute"],
)
def test_a_fit_trains_what_the_function_builds_now_and_keeps_it(network):
    settings["activation"] = "relu"
    first = fit(network)
    before = outputs(first)
    settings["activation"] = "tanh"
    second = fit(network)
    np.testing.assert_array_equal(outputs(second), outputs(fit(lambda s, n: dense(s, n, "tanh"))))
    clear_programs()
    np.testing.assert_allclose(outputs(first), before, rtol=1e-5)
    assert first.model_.get_layer("sequential").layers[0].activation is keras.activations.relu


def test_equal_networks_share_a_program_and_have_the_same_names():
    clear_programs()
    models = [fit(lambda s, n: dense(s, n)), fit(lambda s, n: dense(s, n))]
    keras.layers.Dense(3)  # Keras counts it
    models.append(fit(dense))
    assert len(POOL) == 1
    assert {name for model in models for name in model.history_ if "/" in name} == {
        "update_ratio/dense",
        "update_ratio/dense_1",
    }


def double(values):
    return 2 * values


def leaky(slope):
    def activation(values):
        return keras.ops.maximum(values, slope * values)

    return activation


class Shift(keras.layers.Layer):
    """A layer that Keras copies without its attribute."""

    by = 0.0

    def call(self, inputs):
        return inputs + self.by


def shifted(by):
    layer = Shift()
    layer.by = by
    return layer


class Wrapper(keras.layers.Layer):
    """A layer that Keras does not copy."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def build(self, input_shape):
        self.inner.build(input_shape)

    def call(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize(
    "between",
    [
        lambda: keras.layers.Activation(double),
        lambda: keras.layers.Activation(lambda values: 3 * values),
        lambda: keras.layers.Activation(leaky(0.3)),
        lambda: keras.layers.Lambda(lambda values: values - 1),
        lambda: shifted(5.0),
        lambda: Wrapper(keras.layers.Dense(8)),
        lambda: keras.layers.Dense(8, kernel_regularizer=lambda weights: keras.ops.sum(weights**2)),
    ],
    ids=["function", "lambda", "closure", "Lambda", "hidden state", "no config", "regularizer"],
)
def test_code_of_the_users_is_kept(between):
    model = fit(lambda s, n: dense(s, n, "relu", between()))
    before = outputs(model)
    clear_programs()
    np.testing.assert_allclose(outputs(model), before, rtol=1e-5)
    np.testing.assert_allclose(model.model_.predict(X.astype("float32"), verbose=0), before, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", [leaky, shifted], ids=["closure", "hidden state"])
def test_networks_that_differ_in_what_keras_does_not_tell(make):
    def network(number):
        made = make(number)
        layer = made if isinstance(made, keras.layers.Layer) else keras.layers.Activation(made)
        return lambda s, n: keras.Sequential([keras.Input(s), layer, keras.layers.Dense(n)])

    first, second, again = (outputs(fit(network(number))) for number in (0.1, 0.7, 0.1))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(first, again)


factor = 1.0


def scaled(values):
    return keras.ops.relu(values) * factor


@pytest.mark.parametrize(
    "model",
    [
        KerasClassifier(network=lambda s, n: dense(s, n, scaled), epochs=2, random_state=0),
        KerasClassifier(
            network=lambda s, n: dense(s, n, "relu", Wrapper(keras.layers.Activation(scaled))), epochs=2, random_state=0
        ),
        DNNClassifier(activation=scaled, hidden_layer_sizes=(8,), epochs=2, random_state=0),
    ],
    ids=["copied", "built again", "own family"],
)
def test_changed_code_of_a_fitted_network_is_an_error(model, monkeypatch):
    before = outputs(model.fit(X, LABELS))
    monkeypatch.setitem(globals(), "factor", 2.0)
    model.fit(X, LABELS)  # trains the new function
    changed = outputs(model)
    monkeypatch.setitem(globals(), "factor", 1.0)
    clear_programs()
    with pytest.raises(RuntimeError, match="The network has changed since the fit"):
        model.predict(X)
    with pytest.raises(RuntimeError, match="The network has changed since the fit"):
        _ = model.model_
    assert np.abs(changed - before).max() > 1e-4
    np.testing.assert_array_equal(outputs(model.fit(X, LABELS)), before)


# ---------------------------------------------------------------- what the user holds


def encoder(name=None):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu", name=name)])


@both
@pytest.mark.parametrize("as_model", [False, True], ids=["captured layer", "captured model"])
def test_captured_layers_are_shared_by_nobody(estimator, as_model):
    inner = encoder()
    kept = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(3 if estimator is KerasClassifier else 1)])

    def network(input_shape, n_outputs):
        return kept if as_model else keras.Sequential([keras.Input(input_shape), inner, keras.layers.Dense(n_outputs)])

    before, flags = [w.copy() for w in kept.get_weights()], [v.trainable for v in kept.weights]
    first = fit(network, estimator)
    expected, complete = outputs(first), first.model_
    held = complete.predict(X.astype("float32"), verbose=0)
    fit(network, estimator, y=TARGETS[estimator][::-1])
    np.testing.assert_array_equal(outputs(first), expected)
    first.fit(X, TARGETS[estimator][::-1])
    np.testing.assert_array_equal(complete.predict(X.astype("float32"), verbose=0), held)
    for value, weights in zip(before, kept.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, value)
    assert [v.trainable for v in kept.weights] == flags
    assert not any(hasattr(v, "is_learnt") for v in kept.weights)


@pytest.mark.parametrize("trainable", [True, False])
def test_learnt_weights_are_where_training_starts(trainable):
    inner = encoder("learnt")
    inner.set_weights([np.full((4, 16), 0.25), np.full(16, 0.5)])
    inner.trainable = trainable
    weights = []
    for _ in range(2):
        model = fit(
            lambda s, n: keras.Sequential([keras.Input(s), inner, keras.layers.Dense(n)]),
            learning_rate=1e-12 if trainable else 0.1,
        )
        kernel, bias = (w for w in model._fitted.weights if w.shape in {(4, 16), (16,)})
        np.testing.assert_allclose(kernel, 0.25, rtol=1e-6)
        np.testing.assert_allclose(bias, 0.5, rtol=1e-6)
        weights.append(outputs(model))
        inner.set_weights(inner.get_weights())
    np.testing.assert_array_equal(*weights)


def test_a_normalization_that_was_adapted_before_keeps_its_statistics():
    def network_of(factor):
        normalization = keras.layers.Normalization()
        normalization.adapt(factor * np.asarray(X))
        return lambda input_shape, n_outputs: keras.Sequential(
            [keras.Input(input_shape), normalization, keras.layers.Dense(n_outputs)]
        )

    first = fit(network_of(1.0), standardize=False)
    other = KerasClassifier(network=network_of(4.0), standardize=False, epochs=2, batch_size=16, random_state=0)
    other.fit(4 * np.asarray(X), LABELS)
    clear_programs()
    np.testing.assert_allclose(first.predict_proba(X), other.predict_proba(4 * np.asarray(X)), atol=1e-5)


def test_a_layer_that_keras_cannot_copy_is_refused_if_each_call_gives_it():
    layer = Wrapper(keras.layers.Dense(8))
    with pytest.raises(ValueError, match=r"network uses the same layer at each call.*get_config"):
        fit(lambda s, n: dense(s, n, "relu", layer))


def test_a_fitted_network_needs_its_function_no_more():
    calls = []

    def network(input_shape, n_outputs):
        calls.append(input_shape)
        return dense(input_shape, n_outputs)

    model = fit(network)
    before = outputs(model)
    calls.clear()
    clear_programs()
    np.testing.assert_allclose(outputs(model), before, rtol=1e-5)
    _ = model.model_
    fitted = pickle.loads(pickle.dumps(model._fitted))
    np.testing.assert_allclose(fitted.outputs(X.astype("float64")), model._fitted.outputs(X.astype("float64")))
    assert not calls


def test_a_backbone_stays_as_it_is_and_belongs_to_one_fit():
    images = np.random.default_rng(0).random((40, 8, 8, 3)).astype("float32")
    backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Conv2D(4, 3)])
    model = CNNClassifier(
        backbone=backbone, train_backbone=True, augmentation=None, epochs=1, dense_units=8, random_state=0
    ).fit(images, np.arange(40) % 2)
    before = outputs(model, images)
    backbone.layers[0].trainable = False  # changes the order of its weights
    backbone.set_weights([np.zeros_like(w) for w in backbone.get_weights()])
    clear_programs()
    np.testing.assert_allclose(outputs(model, images), before, rtol=1e-5)
