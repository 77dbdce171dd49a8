"""Losses, metrics, optimizers and functions of the user's: what they hold now is what trains, as in plain Keras."""

import functools
import pickle
import warnings

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import cross_val_score

from presets import DNNRegressor, KerasClassifier, KerasRegressor, clear_programs
from presets.builders.freeze import freeze, holds_code
from presets.training.objectives import make_loss, make_metric

X, Y = (values.astype("float32") for values in load_diabetes(return_X_y=True))
FLOWERS, KINDS = load_iris(return_X_y=True)
QUICK = {"hidden_layer_sizes": (8,), "epochs": 2, "init": "scaled", "random_state": 0}


def history(name="loss", **parameters):
    return DNNRegressor(**QUICK | parameters).fit(X, Y).history_[name]


def number(value):
    return float(ops.convert_to_numpy(value))


# ---------------------------------------------------------------- functions by value

factor = 1.0


def by_global(y_true, y_pred):
    return ops.mean(factor * ops.square(y_true - y_pred), axis=-1)


def by_closure(number):
    return lambda y_true, y_pred: ops.mean(number * ops.square(y_true - y_pred), axis=-1)


def by_default(number):
    def loss(y_true, y_pred, number=number):
        return ops.mean(number * ops.square(y_true - y_pred), axis=-1)

    return loss


def by_argument(number, y_true, y_pred):
    return ops.mean(number * ops.square(y_true - y_pred), axis=-1)


class ByAttribute:
    def __init__(self, number):
        self.number = number

    def __call__(self, y_true, y_pred):
        return by_argument(self.number, y_true, y_pred)

    def method(self, y_true, y_pred):
        return by_argument(self.number, y_true, y_pred)


WAYS = {
    "closure": by_closure,
    "default": by_default,
    "partial": lambda number: functools.partial(by_argument, number),
    "callable": ByAttribute,
    "method": lambda number: ByAttribute(number).method,
    "list in a closure": lambda number: by_closure([number][0]),
    "array": lambda number: by_closure(np.float32(number)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_functions_compare_by_what_they_read(way):
    assert freeze(way(0.5)) == freeze(way(0.5)) != freeze(way(0.25))
    assert hash(freeze(way(0.5))) == hash(freeze(way(0.5)))
    assert holds_code(freeze(way(0.5)))


def test_functions_of_libraries_are_what_their_names_say():
    assert freeze(keras.activations.relu) == freeze(keras.activations.relu) != freeze(keras.activations.tanh)
    assert not holds_code(freeze([keras.activations.relu, np.tanh, len, keras.layers.Dense, {"a": (1, None)}]))


def test_values_of_another_type_are_others():
    assert len({freeze(value) for value in (1, 1.0, True, "1", None)}) == 5


def test_recursion_ends_and_what_cannot_be_compared_is_never_equal():
    def again(value):
        return again(value - 1) if value else 0

    assert freeze(again) == freeze(again)
    lock = (value for value in ())
    assert freeze(lock) != freeze(lock)


def test_a_global_that_changed_is_read_anew(monkeypatch):
    first = history(loss=by_global)
    monkeypatch.setitem(globals(), "factor", 0.0)
    assert history(loss=by_global) == [0.0, 0.0]
    monkeypatch.setitem(globals(), "factor", 1.0)
    assert history(loss=by_global) == first


@pytest.mark.parametrize("way", ["partial", "callable"])
def test_losses_that_read_other_numbers_are_others(way):
    first, second, again = (history(loss=WAYS[way](number)) for number in (1.0, 0.5, 1.0))
    assert first == again != second


def test_an_object_that_changed_after_a_fit_is_read_anew():
    loss = ByAttribute(1.0)
    first = history(loss=loss)
    loss.number = 0.0
    assert history(loss=loss) == [0.0, 0.0]
    loss.number = 1.0
    assert history(loss=loss) == first


# ---------------------------------------------------------------- objects without a whole get_config


class Pinball(keras.losses.Loss):
    def __init__(self, quantile):
        super().__init__()
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(self.quantile * error, (self.quantile - 1) * error), axis=-1)


class Within(keras.metrics.Metric):
    """The share of values that are off by less than a limit."""

    def __init__(self, limit=1.0, name="within", **kwargs):
        super().__init__(name=name, **kwargs)
        self.limit = limit
        self.hits, self.n = (self.add_variable((), "zeros", name=part) for part in ("hits", "n"))

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.hits.assign_add(ops.sum(ops.cast(ops.abs(y_true - y_pred) < self.limit, "float32")))
        self.n.assign_add(ops.cast(ops.shape(y_true)[0], "float32"))

    def result(self):
        return self.hits / self.n


class NeedsLimit(Within):
    def __init__(self, limit, name="needs", **kwargs):
        super().__init__(limit, name, **kwargs)


class Gain(keras.optimizers.SGD):
    def __init__(self, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.gain, variable, learning_rate)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """Not registered with Keras."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / (1 + ops.cast(step, "float32"))

    def get_config(self):
        return {"start": self.start}


def without_decay():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["kernel", "bias"])
    return optimizer


@pytest.mark.parametrize(
    ("name", "makes"),
    [
        ("loss", [lambda: Pinball(0.1), lambda: Pinball(0.9)]),
        ("loss", [lambda: keras.losses.Huber(delta=0.01), keras.losses.Huber]),
        ("metrics", [lambda: [Within(100.0)], lambda: [Within()]]),
        ("metrics", [lambda: [keras.metrics.CosineSimilarity("within", axis=0)], lambda: [Within()]]),
        ("optimizer", [lambda: Gain(0.5, learning_rate=0.1), lambda: Gain(learning_rate=0.1)]),
        ("optimizer", [without_decay, lambda: keras.optimizers.AdamW(0.01, weight_decay=0.5)]),
        ("optimizer", [lambda: keras.optimizers.SGD(Halving(0.1)), lambda: keras.optimizers.SGD(Halving(0.2))]),
        ("learning_rate", [lambda: Halving(0.1), lambda: Halving(0.2)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_object_stands_for_another(name, makes):
    shown = "within" if name == "metrics" else "loss"
    first, second = (history(shown, **{name: make()}) for make in makes)
    assert first != second
    clear_programs()
    assert [history(shown, **{name: make()}) for make in reversed(makes)] == [second, first]
    model = DNNRegressor(**QUICK | {name: makes[0]()})
    assert clone(model).fit(X, Y).history_[shown] == first


@pytest.mark.parametrize("loss", [Pinball(0.9), keras.losses.Huber(delta=0.01)], ids=["own", "Huber"])
def test_losses_are_what_they_are_after_pickling(loss):
    model = pickle.loads(pickle.dumps(DNNRegressor(**QUICK, loss=loss)))
    assert model.fit(X, Y).history_["loss"] == history(loss=loss)


def test_losses_give_what_the_object_gives():
    y_true, y_pred = np.random.default_rng(0).normal(size=(2, 20, 1)).astype("float32")
    for loss in (Pinball(0.9), keras.losses.Huber(delta=0.01), keras.losses.CosineSimilarity(axis=0)):
        expected = ops.convert_to_numpy(loss.call(y_true, y_pred))
        np.testing.assert_allclose(
            ops.convert_to_numpy(make_loss(loss, "linear", 1, "float32").call(y_true, y_pred)), expected
        )


def test_metrics_give_what_the_object_gives_and_leave_it_alone():
    given = Within(limit=0.3)
    found = make_metric(given, "linear", 1, "float32")
    y_true, y_pred = np.random.default_rng(0).normal(size=(2, 20, 1)).astype("float32")
    found.update_state(y_true, y_pred)
    assert number(found.result()) == pytest.approx(np.mean(np.abs(y_true - y_pred) < 0.3))
    assert number(given.n) == 0


def test_what_cannot_be_built_again_is_an_error():
    with pytest.raises(TypeError, match=r"metrics: NeedsLimit cannot be built from its get_config"):
        history(metrics=[NeedsLimit(2.0)])


# ---------------------------------------------------------------- what Keras does at the end of a fit


def linear(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs)])


def as_keras_trains(network, make_optimizer, x, y, loss, estimator, **parameters):
    """Weights after a fit by an estimator, and after one by plain Keras from the same start."""
    rules = {"batch_size": 64, "epochs": 3, "shuffle": False}
    given = {"validation_fraction": 0, "standardize": False, "random_state": 0, "restore_best_weights": False}
    model = estimator(network=network, optimizer=make_optimizer(), **rules, **given | parameters)
    start = clone(model).set_params(optimizer=keras.optimizers.SGD(1e-30), epochs=1).fit(x, y)
    fitted = model.fit(x, y)
    plain = network(x.shape[1:], 1)
    plain.set_weights(start._fitted.weights)
    plain.compile(make_optimizer(), loss)
    target = fitted._fitted.target.encode(y, "float32")
    plain.fit(x.astype("float32"), target, verbose=0, **rules)
    return fitted, fitted._fitted.weights, plain.get_weights()


@pytest.mark.parametrize("restores", [False, True])
@pytest.mark.parametrize("every", [None, 2, 5])
def test_averaged_weights_are_those_of_keras(every, restores):
    def optimizer():
        return keras.optimizers.SGD(0.02, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=every)

    _, found, expected = as_keras_trains(linear, optimizer, X, Y, "mse", KerasRegressor, restore_best_weights=restores)
    for mine, keras_own in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------- embeddings, whose gradients are sparse

TOKENS = np.random.default_rng(0).integers(0, 9, (60, 4)).astype("float64")
EVEN = (TOKENS.sum(axis=1) > 16).astype(int)


def embedding(input_shape, n_outputs):
    layers = keras.layers.Embedding(9, 2), keras.layers.Flatten(), keras.layers.Dense(n_outputs)
    return keras.Sequential([keras.Input(input_shape), *layers])


CLIPPINGS = [
    {},
    {"clipvalue": 0.01},
    *({name: norm} for name in ("clipnorm", "global_clipnorm") for norm in (0.05, 1e6)),
]


@pytest.mark.parametrize("clipping", CLIPPINGS, ids=str)
@pytest.mark.parametrize("kind", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_embeddings_train_as_in_keras(kind, clipping):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model, found, expected = as_keras_trains(
        embedding, lambda: kind(0.05, **clipping), TOKENS, EVEN, loss, KerasClassifier
    )
    for mine, keras_own in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=1e-4, atol=1e-6)
    assert all(np.isfinite(model.history_[name]).all() for name in model.history_)


def test_embeddings_are_probed():
    model = KerasClassifier(network=embedding, init="auto", standardize=False, epochs=1, random_state=0)
    assert model.fit(TOKENS, EVEN).init_.signal.gradients


# ---------------------------------------------------------------- optimizers by name, schedules


@pytest.mark.parametrize("name", ["adam", "AdamW", "rmsprop", "nadam", "lion"])
def test_an_adaptive_optimizer_at_the_rate_of_sgd_is_warned_of(name):
    with pytest.warns(UserWarning, match=r"optimizer='\w+' trains at learning_rate=0.1.*Set learning_rate=0.001"):
        history(optimizer=name)


@pytest.mark.parametrize(
    "parameters",
    [
        {"optimizer": "adam", "learning_rate": 0.01},
        {"optimizer": "adagrad"},
        {"optimizer": "sgd"},
        {"optimizer": keras.optimizers.Adam(0.1)},
    ],
)
def test_other_rates_are_not_warned_of(parameters):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="optimizer=")
        history(**parameters)


def test_a_schedule_is_a_learning_rate():
    model = DNNRegressor(**QUICK, learning_rate=Halving(0.1), batch_size=442).fit(X, Y)
    np.testing.assert_allclose(model.history_["learning_rate"], [0.1, 0.05], rtol=1e-6)
    assert model.rate_rule_ == "schedule"
    assert pickle.loads(pickle.dumps(model)).predict(X[:5]) == pytest.approx(model.predict(X[:5]), rel=1e-5)


# ---------------------------------------------------------------- a ready model


def test_a_ready_model_is_a_network():
    ready = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)])
    ready.layers[0].set_weights([np.full((4, 8), 0.25), np.full(8, 0.5)])
    before = [w.copy() for w in ready.get_weights()]
    model = KerasClassifier(network=ready, epochs=1, learning_rate=1e-9, random_state=0).fit(FLOWERS, KINDS)
    np.testing.assert_allclose(model._fitted.weights[0], 0.25, rtol=1e-5)
    model.set_params(learning_rate=0.1, epochs=20).fit(FLOWERS, KINDS)
    for value, weights in zip(before, ready.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, value)
    assert clone(model).network is ready
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(copied.predict_proba(FLOWERS), model.predict_proba(FLOWERS), rtol=1e-5)
    assert cross_val_score(model, FLOWERS, KINDS, cv=2).min() > 0.5
