"""Networks of the user's: functions and builders, several inputs, custom layers and steps, loaded weights, refusals."""

import pickle
import random
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import pytest
from estimator_list import LABELS, VALUES, X, outputs
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import KerasClassifier, KerasRegressor, NetworkBuilder, diagnose
from presets.training.pool import POOL

TARGETS = {KerasClassifier: LABELS, KerasRegressor: VALUES}
both = pytest.mark.parametrize("estimator", [KerasClassifier, KerasRegressor])


def quick(estimator, network, **parameters):
    return estimator(**{"network": network, "epochs": 2, "batch_size": 16, "random_state": 0, **parameters})


def fit(estimator, network, rows=X, **parameters):
    return quick(estimator, network, **parameters).fit(rows, TARGETS[estimator])


def positive(model, rows=X):
    """What the complete model puts out in its first column."""
    return outputs(model, rows)[:, 0] if isinstance(model, KerasClassifier) else outputs(model, rows)


def small(input_shape, n_outputs):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(n_outputs),
        ]
    )


@dataclass
class Small(NetworkBuilder):
    width: int = 8
    activation: str = "relu"

    def __call__(self, input_shape, n_outputs):
        layers = keras.layers.Dense(self.width, self.activation), keras.layers.Dense(n_outputs)
        return keras.Sequential([keras.Input(input_shape), *layers])


def unbuilt(input_shape, n_outputs):
    return keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(n_outputs)])


@keras.saving.register_keras_serializable("tests")
class Doubling(keras.layers.Layer):
    """A layer with a variable that none of its initializers made."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(), initializer=keras.initializers.Constant(2.0), name="factor")

    def call(self, inputs):
        return inputs * self.factor


@keras.saving.register_keras_serializable("tests")
class OwnStep(keras.Model):
    """A subclassed model with a loss of its own beside the given one, and a step that says so."""

    def __init__(self, n_outputs, **kwargs):
        super().__init__(**kwargs)
        self.n_outputs = n_outputs
        self.doubling, self.hidden = Doubling(), keras.layers.Dense(8, activation="relu")
        self.last = keras.layers.Dense(n_outputs)

    def call(self, inputs, training=False):
        return self.last(self.hidden(self.doubling(inputs)))

    def train_step(self, *arguments):
        result = super().train_step(*arguments)
        logs, *state = result if isinstance(result, tuple) else (result,)
        logs = {**logs, "twice": 2 * logs["loss"]}
        return (logs, *state) if state else logs

    def get_config(self):
        return {**super().get_config(), "n_outputs": self.n_outputs}


def with_own_step(input_shape, n_outputs):
    return OwnStep(n_outputs)


# ---------------------------------------------------------------- functions and builders


@both
@pytest.mark.parametrize(
    "network", [small, unbuilt, Small(), with_own_step], ids=["function", "unbuilt", "builder", "subclass"]
)
def test_networks_are_trained_pickled_and_complete(estimator, network, tmp_path):
    model = fit(estimator, network)
    assert np.isfinite(model.history_["val_loss"]).all()
    np.testing.assert_array_equal(outputs(clone(model).fit(X, TARGETS[estimator])), outputs(model))
    POOL.clear()
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(outputs(copied), outputs(model), rtol=1e-5)
    complete = model.model_.predict(X.astype("float32"), verbose=0)
    np.testing.assert_allclose(complete[:, 0], positive(model), rtol=1e-4, atol=1e-4)
    model.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(X.astype("float32"), verbose=0), complete, rtol=1e-5)


@both
def test_the_network_that_stands_there_learns(estimator):
    model = estimator(epochs=60, batch_size=16, random_state=0).fit(X, TARGETS[estimator])
    assert model.score(X, TARGETS[estimator]) > 0.8


@both
def test_random_state_draws_the_weights(estimator):
    first, again, other = (fit(estimator, small, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(outputs(again), outputs(first))
    assert np.abs(outputs(other) - outputs(first)).max() > 0


def test_two_classes_have_one_output():
    model = fit(KerasClassifier, small).set_params(epochs=1).fit(X, LABELS > 0)
    assert model._fitted.recipe.network.n_outputs == 1
    assert model.predict_proba(X).shape == (100, 2)


@both
def test_parameters_of_a_builder_are_searched(estimator):
    name = f"{estimator.__name__.lower()}__network"
    search = GridSearchCV(
        make_pipeline(StandardScaler(), quick(estimator, Small())),
        {f"{name}__width": np.array([4, 8]), f"{name}__activation": ["relu", "tanh"]},
        cv=2,
        error_score="raise",
    )
    POOL.clear()
    search.fit(X, TARGETS[estimator])
    assert len(POOL) == 4
    best = search.best_estimator_[-1]
    assert best.network.get_params() == {key.rpartition("__")[2]: value for key, value in search.best_params_.items()}


@both
def test_equal_builders_share_a_program(estimator):
    POOL.clear()
    for network in (Small(width=4), Small(width=4), clone(Small(width=4))):
        fit(estimator, network)
    assert len(POOL) == 1


@both
def test_later_changes_of_a_builder_leave_the_fitted_alone(estimator):
    model = fit(estimator, Small(width=4))
    before = outputs(model)
    model.set_params(network__width=16)
    POOL.clear()
    np.testing.assert_allclose(outputs(model), before, rtol=1e-5)
    assert outputs(model.fit(X, TARGETS[estimator])).shape == before.shape


def test_a_builder_without_a_call(no_training):
    with pytest.raises(NotImplementedError, match="NetworkBuilder needs a method __call__"):
        fit(KerasClassifier, NetworkBuilder())


def test_networks_are_diagnosed():
    noise = np.random.default_rng(0).integers(3, size=100)
    model = KerasClassifier(epochs=200, learning_rate=0.3, random_state=0).fit(X, noise)
    advice = {finding.code: finding.to_do for finding in diagnose(model)}
    assert "inside the network" in advice["overfit"]
    assert diagnose(fit(KerasRegressor, with_own_step)) is not None


# ---------------------------------------------------------------- layers, steps, weights, types


@both
def test_own_steps_run(estimator):
    model = fit(estimator, with_own_step)
    np.testing.assert_allclose(model.history_["twice"], np.multiply(model.history_["loss"], 2), rtol=1e-5)


def from_elsewhere(input_shape, n_outputs):
    """A network of which one layer was learnt before."""
    inputs = keras.Input(input_shape)
    learnt = keras.layers.Dense(8, activation="relu", name="learnt", trainable=False)
    model = keras.Model(inputs, keras.layers.Dense(n_outputs, name="head")(learnt(inputs)))
    learnt.set_weights([np.full((input_shape[0], 8), 0.25), np.full(8, 0.5)])
    return model


@both
@pytest.mark.parametrize("init", ["network", "normal"])
def test_weights_from_elsewhere_are_kept(estimator, init):
    kernel, bias, head, *_ = fit(estimator, from_elsewhere, init=init)._fitted.weights
    assert (kernel == 0.25).all()
    assert (bias == 0.5).all()
    assert len(np.unique(head)) == head.size


def he_network(input_shape, n_outputs):
    layers = keras.layers.Dense(512, kernel_initializer="he_normal"), keras.layers.Dense(n_outputs)
    return keras.Sequential([keras.Input(input_shape), *layers])


@pytest.mark.parametrize(("init", "deviation"), [("network", (2 / 4) ** 0.5), ("normal", 0.02), ("auto", 0.02)])
def test_init(init, deviation):
    model = fit(KerasRegressor, he_network, init=init, learning_rate=1e-30, epochs=1)
    np.testing.assert_allclose(model._fitted.weights[0].std(), deviation, rtol=0.1)
    assert model.init_.rule == ("normal" if init == "auto" else init)


@both
def test_float64_reaches_the_layers_and_nothing_else(estimator):
    random.seed(3)
    before = random.getstate(), keras.config.floatx(), keras.config.dtype_policy()
    model = fit(estimator, small, dtype="float64")
    assert {weights.dtype.name for weights in model._fitted.weights} == {"float64"}
    assert (random.getstate(), keras.config.floatx(), keras.config.dtype_policy()) == before


# ---------------------------------------------------------------- forms of X


@both
def test_sparse_tables(estimator):
    np.testing.assert_allclose(
        outputs(fit(estimator, small, sparse.csr_array(X)), sparse.csr_array(X)),
        outputs(fit(estimator, small)),
        rtol=1e-5,
    )


def convolutional(input_shape, n_outputs):
    layers = keras.layers.Conv2D(4, 2), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(n_outputs)
    return keras.Sequential([keras.Input(input_shape), *layers])


@both
def test_arrays_of_any_shape(estimator):
    images = (np.random.default_rng(0).random((100, 4, 3, 2)) * [1, 100]).astype("float32")
    model = fit(estimator, convolutional, images)
    assert model.n_features_in_ == 2
    np.testing.assert_allclose(model._fitted.encoder.standardizer.mean, images.mean(axis=(0, 1, 2)), rtol=0.05)
    complete = model.model_.predict(images, verbose=0)
    np.testing.assert_allclose(complete[:, 0], positive(model, images), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match=r"shape \(3, 3, 2\).*expecting \(4, 3, 2\)"):
        model.predict(images[:, :3])
    with pytest.raises(ValueError, match=r"X\[7\] contains NaN"):
        model.predict(np.where(np.arange(100)[:, None, None, None] == 7, np.nan, images))
    with pytest.raises(ValueError, match="set inputs=None"):
        fit(estimator, convolutional, images, inputs={"a": [0], "b": [1]})


# ---------------------------------------------------------------- several inputs


def wide_and_deep(input_shape, n_outputs):
    wide, deep = (keras.Input(input_shape[name], name=name) for name in ("wide", "deep"))
    hidden = keras.layers.Dense(8, activation="relu")(deep)
    joined = keras.layers.Concatenate()([wide, hidden])
    return keras.Model({"wide": wide, "deep": deep}, keras.layers.Dense(n_outputs)(joined))


def wide_and_deep_list(input_shape, n_outputs):
    model = wide_and_deep(input_shape, n_outputs)
    return keras.Model([model.input["wide"], model.input["deep"]], model.output)


@both
@pytest.mark.parametrize("network", [wide_and_deep, wide_and_deep_list], ids=["dict", "list"])
@pytest.mark.parametrize("init", ["network", "auto"])
def test_several_inputs(estimator, network, init, tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    by_name = fit(estimator, network, frame, inputs={"deep": ["a", "b", "c"], "wide": ["d", "a"]}, init=init)
    by_number = fit(estimator, network, inputs={"deep": [0, 1, 2], "wide": [3, 0]}, init=init)
    np.testing.assert_allclose(outputs(by_name, frame), outputs(by_number), rtol=1e-5)
    copied = pickle.loads(pickle.dumps(by_name))
    np.testing.assert_allclose(outputs(copied, frame), outputs(by_name, frame), rtol=1e-5)
    by_name.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = loaded.predict(X.astype("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(found, positive(by_name, frame), rtol=1e-4, atol=1e-4)


@both
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"deep": [0, 1], "wide": [4]}, r"inputs\['wide'\].*no 4"),
        ({"deep": ["a"], "wide": [3]}, r"inputs\['deep'\].*no 'a'"),
        ({"deep": [0, 1], "wide": []}, r"inputs\['wide'\].*at least one"),
        ({"deep": [0, 1]}, "inputs must name at least two"),
        ([0, 1], "inputs"),
    ],
    ids=["number", "name", "none", "one input", "list"],
)
def test_bad_inputs(estimator, inputs, message, no_training):
    with pytest.raises(ValueError, match=message):
        fit(estimator, wide_and_deep, inputs=inputs)


# ---------------------------------------------------------------- refusals


def ends_in_softmax(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs, activation="softmax")])


def ends_in_a_softmax_layer(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs), keras.layers.Softmax()])


def gives_two_columns_more(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs + 2)])


def has_no_weights(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Lambda(lambda x: x[:, :1] * [[1.0] * n_outputs])])


def gives_a_layer(input_shape, n_outputs):
    return keras.layers.Dense(n_outputs)


@pytest.mark.parametrize(
    ("network", "parameters", "message"),
    [
        (ends_in_softmax, {}, "network ends in a softmax"),
        (ends_in_a_softmax_layer, {}, "network ends in a softmax"),
        (has_no_weights, {}, "network has no weights to train"),
        (gives_two_columns_more, {}, r"output of network must have the shape \(n_samples, 3\).*\(2, 5\)"),
        (gives_a_layer, {}, "network must return a keras.Model"),
        (Small, {}, r"network must be an object: Small\(\)"),
        (3, {}, "network"),
        (with_own_step, {"init": "auto"}, "Functional or Sequential"),
        (small, {"init": "no such rule"}, "init='no such rule'"),
    ],
    ids=["softmax", "softmax layer", "no weights", "columns", "layer", "class", "number", "probe", "init"],
)
def test_networks_that_cannot_be_used(network, parameters, message, no_training):
    with pytest.raises(ValueError, match=message):
        fit(KerasClassifier, network, **parameters)


def ending_in(activation):
    """A network with something behind its last dense layer."""

    def network(input_shape, n_outputs):
        hidden = keras.layers.Dense(16, activation="relu")
        return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(n_outputs), *activation()])

    return network


ENDINGS = {
    "relu": lambda: [keras.layers.Activation("relu")],
    "layer": lambda: [keras.layers.ReLU()],
    "function": lambda: [keras.layers.Activation(lambda x: keras.ops.exp(x) * 1.0)],
    "nested": lambda: [keras.Sequential([keras.layers.Activation("softplus")]), keras.layers.Dropout(0.0)],
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_positive_outputs_are_positive_in_the_unit_of_y(ending):
    """A network that ends in relu predicts from zero on, not from the mean of y on."""
    y = 1000 * np.exp(X[:, 0] / 10)
    network = ending_in(ENDINGS[ending])
    model = quick(KerasRegressor, network=network, epochs=60, learning_rate=0.03).fit(X, y)
    predicted = model.predict(X)
    assert (predicted >= 0).all()
    assert predicted.min() < 0.5 * y.mean()
    assert model.score(X, y) > 0.5
    assert model.output_activation_ == "linear"
    np.testing.assert_allclose(model.model_.predict(X, verbose=0)[:, 0], predicted, rtol=1e-4, atol=1e-3)
    with pytest.raises(ValueError, match=r"from 0 to inf, but y is .* in row \d+\. Remove that activation"):
        quick(KerasRegressor, network=network).fit(X, VALUES - VALUES.max() - 1)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "hard_sigmoid"])
def test_outputs_between_limits_are_those_values(activation):
    shares = (VALUES - VALUES.min()) / np.ptp(VALUES)
    network = ending_in(lambda: [keras.layers.Activation(activation)])
    model = quick(KerasRegressor, network=network, epochs=60).fit(X, shares)
    assert model.score(X, shares) > 0.5
    assert ((model.predict(X) >= -1) & (model.predict(X) <= 1)).all()
    with pytest.raises(ValueError, match="to 1, but y is"):
        quick(KerasRegressor, network=network).fit(X, VALUES)


def test_notebook_shows_subclassed_networks_without_the_shapes_that_they_keep():
    html = fit(KerasClassifier, with_own_step)._repr_html_()
    assert "<td>Dense</td><td></td><td>40</td>" in html
