"""How long a fit trains, at which rate, and which weights it keeps."""

import keras
import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    quick,
)
from fits import X_VAL, Collector, fit, one_of_each, parts, plain_estimator
from sklearn.metrics import log_loss

from presets import DNNRegressor
from presets.estimators.cnn import CNN
from presets.estimators.lstm import LSTM


@one_of_each
@pytest.mark.parametrize("batch_size", [1, 90, 1000])
def test_auto_epochs_count_updates_too(estimator, batch_size):
    class Stop(Collector):
        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(self.params)
            self.model.stop_training = True

    seen = []
    model = fit(estimator, epochs="auto", batch_size=batch_size, callbacks=[Stop(seen)])
    updates = 90 if batch_size == 1 else 1  # 90 of the 100 rows train
    budget = estimator._budget
    assert seen == [{"verbose": 0, "epochs": max(budget.epochs, -(-budget.updates // updates)), "steps": updates}]
    assert (model.n_epochs_, model.stopped_by_) == (1, "callback")


@pytest.mark.parametrize(("batch_size", "patience"), [(1000, 150), (18, 30), (2, 10)])
def test_auto_patience_counts_updates_too(batch_size, patience):
    model = fit(DNNRegressor, epochs=patience + 2, batch_size=batch_size, min_delta=1e6)
    rates = np.array(model.history_["learning_rate"])
    np.testing.assert_allclose(rates, [0.1] * (patience + 1) + [0.05], rtol=1e-6)


@plain_estimator
def test_rate_is_divided_until_it_is_very_small(estimator):
    model = fit(estimator, epochs=100, patience=2, min_delta=1e6, lr_factor=0.2, min_lr_factor=0.03)
    np.testing.assert_allclose(model.history_["learning_rate"], [0.1] * 3 + [0.02] * 2 + [0.004] * 2, rtol=1e-6)
    assert (model.stopped_by_, model.rate_rule_, model.n_epochs_) == ("learning_rate", "plateau", 7)


def overfitted(epochs="auto", **parameters):
    """A fit whose best epoch is among the first: noise, and no regularization."""
    X, y = np.random.default_rng(0).normal(size=(80, 30)), np.random.default_rng(1).normal(size=80)
    return DNNRegressor(
        hidden_layer_sizes=(8,), dropout=0.0, patience=100, epochs=epochs, random_state=0, **parameters
    ).fit(X, y)


@pytest.mark.parametrize("callbacks", [None, [keras.callbacks.Callback()]], ids=["together", "alone"])
def test_auto_epochs_end_when_the_best_epoch_is_long_past(callbacks):
    short, whole = overfitted(callbacks=callbacks), overfitted(epochs=8000)
    assert (short.stopped_by_, whole.stopped_by_) == ("no_improvement", "learning_rate")
    assert short.best_epoch_ == whole.best_epoch_ < short.n_epochs_ < whole.n_epochs_
    rates = whole.history_["learning_rate"]
    first_low = int(np.argmax(np.array(rates) < 0.01 * rates[whole.best_epoch_]))
    assert short.n_epochs_ == first_low > whole.best_epoch_
    np.testing.assert_allclose(short.history_["val_loss"], whole.history_["val_loss"][:first_low], rtol=1e-5)
    if callbacks is None:
        assert short.history_["val_loss"] == whole.history_["val_loss"][:first_low]
        for weights, expected in zip(short.model_.get_weights(), whole.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("lr_factor", [0.1, 0.005])
def test_auto_epochs_train_at_two_lower_rates_however_low(lr_factor):
    model = overfitted(lr_factor=lr_factor, min_lr_factor=1e-9)
    rates = list(dict.fromkeys(model.history_["learning_rate"]))
    assert (model.stopped_by_, model.best_epoch_ < 100) == ("no_improvement", True)
    np.testing.assert_allclose(rates, [0.1, 0.1 * lr_factor, 0.1 * lr_factor**2], rtol=1e-6)


@pytest.mark.parametrize("parameters", [{"restore_best_weights": False}, {"warm_start": True}], ids=str)
def test_auto_epochs_do_not_end_so_where_later_epochs_count(parameters):
    assert overfitted(**parameters).stopped_by_ == "learning_rate"


@plain_estimator
def test_fixed_number_of_epochs(estimator):
    model = fit(estimator, epochs=7, patience=7)
    assert model.n_epochs_ == 7
    assert model.stopped_by_ == "epochs"
    assert {len(values) for values in model.history_.values()} == {7}


@one_of_each
def test_best_epoch_of_a_long_training_is_that_of_the_best_mean(estimator):
    model = quick(estimator, learning_rate=2.0, epochs=400, patience=1000).fit(**parts(estimator))
    n_averaged = 1 if isinstance(model, LSTM | CNN) else 4
    losses = model.history_["val_loss"]
    means = [np.mean(losses[max(end - n_averaged, 0) : end]) for end in range(1, len(losses) + 1)]
    assert model.best_epoch_ == int(np.argmin(means))


@plain_estimator
def test_best_weights_are_restored(estimator):
    given = parts(estimator)
    wild = {"learning_rate": 5.0, "epochs": 12, "patience": 100}  # so that the last epoch is not the best
    best, last = (quick(estimator, **wild, restore_best_weights=restore).fit(**given) for restore in (True, False))
    losses = best.history_["val_loss"]
    assert losses == last.history_["val_loss"]
    assert best.best_epoch_ == last.best_epoch_ == int(np.argmin(losses)) < 11
    for model, epoch in ((best, best.best_epoch_), (last, 11)):
        if estimator in CLASSIFIERS:
            found = log_loss(given["y_val"], model.predict_proba(X_VAL), labels=model.classes_)
        else:
            found = np.mean((given["y_val"] - model.predict(X_VAL)) ** 2) / given["y"].var()
        np.testing.assert_allclose(found, losses[epoch], rtol=1e-3)
