"""Rules of training that are off by default: schedules, weight decay, the memory of Adam."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss

from presets import DNNClassifier, KerasClassifier, diagnose

X, Y = load_iris(return_X_y=True)
QUICK = {"epochs": 6, "random_state": 0}


def small(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs)])


def fitted(**parameters):
    return KerasClassifier(**{"network": small, **QUICK, **parameters}).fit(X, Y)


def weights(estimator):
    return estimator.model_.get_weights()[-2:]


def test_weight_decay_lowers_kernels_alone_by_rate_and_share():
    start = fitted(epochs=1, batch_size=150, learning_rate=1e-12)
    without, decayed = (fitted(epochs=1, batch_size=150, weight_decay=decay) for decay in (0.0, 0.5))
    kernel, bias = weights(decayed)
    np.testing.assert_allclose(kernel, weights(without)[0] - 0.1 * 0.5 * weights(start)[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(bias, weights(without)[1])


def test_weight_decay_is_that_of_adamw():
    ours = fitted(optimizer="adam", weight_decay=0.1, clipnorm=None, learning_rate=0.01)
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    theirs = fitted(optimizer=optimizer, init="network")
    kernel, expected = weights(ours)[0], weights(theirs)[0]
    np.testing.assert_allclose(kernel, expected, rtol=0.05, atol=0.01)  # theirs decays biases as well


@pytest.mark.parametrize(
    "labels", [Y, (Y > 0).astype(int), np.eye(3, dtype=int)[Y]], ids=["three", "two", "multilabel"]
)
@pytest.mark.parametrize("sample_weight", [None, np.linspace(0.1, 2.0, 150)], ids=["even", "weighted"])
def test_label_smoothing_trains_as_losses_of_keras_do(labels, sample_weight):
    kind = keras.losses.CategoricalCrossentropy if labels.max() > 1 else keras.losses.BinaryCrossentropy
    ours, theirs = (
        KerasClassifier(network=small, restore_best_weights=False, **rules, **QUICK).fit(X, labels, sample_weight)
        for rules in ({"label_smoothing": 0.1}, {"loss": kind(label_smoothing=0.1)})
    )
    for own, expected in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.history_["loss"], theirs.history_["loss"], rtol=1e-4)


def test_validation_losses_are_not_smoothed():
    network = KerasClassifier(network=small, label_smoothing=0.3, restore_best_weights=False, **QUICK)
    network.fit(X, Y, X_val=X, y_val=Y)
    assert network.history_["val_loss"][-1] == pytest.approx(log_loss(Y, network.predict_proba(X)), rel=1e-4)


@pytest.mark.parametrize("labels", [Y, (Y > 0) * 1, np.eye(3, dtype=int)[Y]], ids=["three", "two", "multilabel"])
def test_calibration_makes_the_validation_loss_smallest(labels):
    rules = {"network": small, "learning_rate": 1.0, "restore_best_weights": False, **QUICK}
    plain, calibrated = (
        KerasClassifier(calibrate=calibrate, **rules).fit(X[::2], labels[::2], X_val=X[1::2], y_val=labels[1::2])
        for calibrate in (False, True)
    )
    np.testing.assert_array_equal(calibrated.predict(X), plain.predict(X))
    assert plain.temperature_ == 1.0 != calibrated.temperature_

    def loss(network):
        found = network.predict_proba(X[1::2])
        if labels.ndim == 1:
            return log_loss(labels[1::2], found)
        return np.mean([log_loss(*column) for column in zip(labels[1::2].T, found.T, strict=True)])

    assert loss(calibrated) < loss(plain)
    probabilities = calibrated.predict_proba(X)
    complete = calibrated.model_.predict(X, verbose=0)
    expected = probabilities[:, 1:] if labels.max() == 1 and labels.ndim == 1 else probabilities
    np.testing.assert_allclose(complete, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("n_rows", "batch_size"), [(40, 36), (500, 64), (2000, 256)])
def test_the_batch_size_follows_the_rows(n_rows, batch_size):
    rows = np.random.default_rng(0).integers(150, size=n_rows)
    network = KerasClassifier(network=small, epochs=1, batch_size="auto", random_state=0).fit(X[rows], Y[rows])
    assert network.health_.batch_size == batch_size


def test_beta_2_is_the_optimizers():
    ours = fitted(optimizer="adam", beta_2=0.95, clipnorm=None, learning_rate=0.01)
    theirs = fitted(optimizer=keras.optimizers.Adam(0.01, beta_2=0.95))
    for own, expected in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5)


@pytest.mark.parametrize("memory", [{}, {"beta_2": 0.95}], ids=["default", "short"])
def test_adam_with_a_schedule_is_that_of_keras(memory):
    rules = {"batch_size": 32, "restore_best_weights": False}
    ours = fitted(optimizer="adam", lr_schedule="cosine", learning_rate=0.01, clipnorm=None, **rules, **memory)
    n_updates = len(ours.history_["loss"]) * 5  # of 135 rows
    falling = keras.optimizers.schedules.CosineDecay(0.01, n_updates)
    theirs = fitted(optimizer=keras.optimizers.Adam(falling, **memory), **rules)
    for own, expected in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-6)


class Watcher(keras.callbacks.Callback):
    """Makes each epoch a call of its own."""


@pytest.mark.parametrize("callbacks", [None, [Watcher()]], ids=["together", "alone"])
def test_averaged_weights_are_validated_and_kept(callbacks):
    rules = {"optimizer": "sgd", "learning_rate": 1.0, "ema_momentum": 0.99, "restore_best_weights": False}
    network = KerasClassifier(network=small, callbacks=callbacks, **QUICK, **rules).fit(X, Y, X_val=X, y_val=Y)
    assert network.history_["val_loss"][-1] == pytest.approx(log_loss(Y, network.predict_proba(X)), rel=1e-4)
    again = KerasClassifier(network=small, **QUICK, **rules | {"ema_momentum": None}).fit(X, Y, X_val=X, y_val=Y)
    np.testing.assert_allclose(network.history_["loss"], again.history_["loss"], rtol=1e-5)  # trains as without
    assert network.history_["val_loss"] != again.history_["val_loss"]


def test_averages_are_the_optimizers():
    ours = fitted(optimizer="adam", ema_momentum=0.9, clipnorm=None, learning_rate=0.01)
    theirs = fitted(optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9))
    for own, expected in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["accuracy", "AUC"])
def test_what_is_monitored_is_recorded(name):
    network = fitted(monitor=f"val_{name}")
    assert network.best_epoch_ == np.argmax(network.history_[f"val_{name}"])
    assert name in fitted(monitor=name, validation_fraction=0).history_


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"optimizer": keras.optimizers.Adam(), "ema_momentum": 0.9}, "ema_momentum"),
        ({"monitor": "val_beauty"}, "monitor='val_beauty' is not a value"),
        ({"optimizer": keras.optimizers.Adam(), "weight_decay": 0.1}, "weight_decay"),
        ({"optimizer": keras.optimizers.Adam(), "beta_2": 0.9}, "beta_2"),
        ({"beta_2": 0.9}, "beta_2"),
        ({"lr_schedule": "sawtooth"}, "lr_schedule"),
        ({"weight_decay_schedule": "plateau"}, "weight_decay_schedule"),
        ({"label_smoothing": 0.1, "loss": "categorical_hinge"}, "label_smoothing"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"calibrate": True, "validation_fraction": 0}, "calibrate"),
        (
            {"lr_schedule": "cosine", "callbacks": [keras.callbacks.ReduceLROnPlateau()]},
            "lr_schedule.*ReduceLROnPlateau",
        ),
        (
            {
                "lr_schedule": "cosine",
                "optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10)),
            },
            "lr_schedule.*schedule in the optimizer",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(parameters, named):
    with pytest.raises(ValueError, match=named):
        fitted(**parameters)


def test_a_schedule_ends_with_the_epochs_and_is_no_fault():
    network = DNNClassifier(lr_schedule="coslog4", init="scaled", epochs=150, random_state=0).fit(X, Y)
    assert (network.rate_rule_, network.stopped_by_, network.n_epochs_) == ("schedule", "epochs", 150)
    assert not {finding.code for finding in diagnose(network)} & {"too_few_epochs", "rate_too_small", "rate_too_large"}


def test_partial_fit_keeps_the_rate_that_was_given():
    network = DNNClassifier(lr_schedule="cosine", **QUICK).fit(X, Y)
    for _ in range(2):
        network.partial_fit(X, Y)
    assert network.history_["learning_rate"][-2:] == pytest.approx([0.1, 0.1])


def test_decay_and_dropout_follow_a_curve_in_fit_alone():
    rules = {"weight_decay": 0.1, "weight_decay_schedule": "flat_cosine", "dropout_schedule": "cosine", **QUICK}
    network = DNNClassifier(dropout=0.4, **rules).fit(X, Y)
    falling = (1 + np.cos(np.pi * np.arange(6) / 6)) / 2
    np.testing.assert_allclose(network.history_["dropout"], 0.4 * falling, rtol=1e-5)
    assert network.history_["weight_decay"][:4] == pytest.approx([0.1] * 4)
    assert len(network.partial_fit(X, Y).history_["loss"]) == 7
    constant = DNNClassifier(**QUICK, dropout=0.0).fit(X, Y)
    off = DNNClassifier(**QUICK, dropout=0.0, dropout_schedule="cosine", weight_decay_schedule="cosine").fit(X, Y)
    assert off.history_ == constant.history_


def test_rules_survive_clone_and_pickle():
    import pickle

    network = fitted(lr_schedule="one_cycle", weight_decay=0.01, weight_decay_schedule="cosine")
    copy = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(copy.predict_proba(X), network.predict_proba(X))
