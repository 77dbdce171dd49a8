"""Keras's callbacks and a user's own, in compiled training."""

import csv
import re
import threading

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import cross_val_score

from presets import (
    CNNClassifier,
    DNNClassifier,
    DNNRegressor,
    EnsembleClassifier,
    KerasClassifier,
    LSTMClassifier,
)

X, Y = make_classification(130, 6, n_informative=4, n_classes=3, random_state=0)


def fit(*callbacks, **parameters):
    defaults = {"hidden_layer_sizes": (8,), "epochs": 4, "random_state": 0, "batch_size": 32, "init": "scaled"}
    return DNNClassifier(**defaults | parameters, callbacks=list(callbacks)).fit(X, Y)


class Recorder(keras.callbacks.Callback):
    """Remembers what it was called with."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def on_train_begin(self, logs=None):
        self.calls.append(("train_begin", dict(self.params)))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch_begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch_end", epoch, dict(logs)))

    def on_train_end(self, logs=None):
        self.calls.append(("train_end", dict(logs)))


def test_callback_sees_all_of_the_history():
    calls = []
    fitted = fit(Recorder(calls), metrics=["accuracy"])
    assert calls[0] == ("train_begin", {"verbose": 0, "epochs": 4, "steps": 4})
    ends = [call for call in calls if call[0] == "epoch_end"]
    assert [epoch for _, epoch, _ in ends] == [0, 1, 2, 3]
    for _, epoch, logs in ends:
        assert logs.keys() == fitted.history_.keys() >= {"loss", "val_accuracy", "learning_rate", "clipped"}
        assert all(logs[name] == fitted.history_[name][epoch] for name in logs)
    assert calls[-1][0] == "train_end"


class BatchRecorder(Recorder):
    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("batch_end", batch, dict(logs)))


def test_batch_hooks_are_called_and_change_no_number():
    calls = []
    stepwise, compiled = fit(BatchRecorder(calls)), fit()
    batches = [call[1] for call in calls if call[0] == "batch_end"]
    assert batches == [0, 1, 2, 3] * 4
    np.testing.assert_allclose(stepwise.history_["val_loss"], compiled.history_["val_loss"], rtol=1e-4)


def test_early_stopping_ends_training():
    fitted = fit(
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=0, baseline=-1.0, min_delta=10.0), epochs=50
    )
    assert fitted.stopped_by_ == "callback"
    assert fitted.n_epochs_ < 50


def test_scheduler_takes_the_rate_over():
    fitted = fit(keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), patience=1)
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.1, 0.05, 0.1 / 3, 0.025], rtol=1e-6)
    assert fitted.rate_rule_ == "callback"


def test_reduce_on_plateau_takes_the_rate_over():
    reduce = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1, min_delta=100.0, factor=0.1)
    fitted = fit(reduce, patience=1)
    assert fitted.rate_rule_ == "callback"
    np.testing.assert_allclose(fitted.history_["learning_rate"][:3], [0.1, 0.1, 0.01], rtol=1e-5)


class OwnRate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.03 if epoch >= 2 else 0.1


def test_own_rate_callback_turns_the_plateau_rule_off():
    fitted = fit(OwnRate(), epochs=6, patience=2, min_delta=100.0)
    assert fitted.rate_rule_ == "callback"
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.1, 0.1] + [0.03] * 4, rtol=1e-6)


def test_schedule_in_the_optimizer_turns_the_plateau_rule_off():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5, staircase=True)
    fitted = fit(optimizer=keras.optimizers.SGD(schedule), patience=1, min_delta=100.0)
    assert fitted.rate_rule_ == "schedule"
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.1, 0.05, 0.025, 0.0125], rtol=1e-5)


def test_csv_logger_writes_the_history(tmp_path):
    fitted = fit(keras.callbacks.CSVLogger(str(tmp_path / "log.csv")))
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    for name, values in fitted.history_.items():
        np.testing.assert_allclose([float(row[name]) for row in rows], values, rtol=1e-6)


def test_the_screen_shows_loss_and_metrics(capsys):
    fit(metrics=["accuracy"], verbose=2, epochs=1)
    names = re.findall(r"(\w+): ", capsys.readouterr().out.splitlines()[-1])
    assert names == ["accuracy", "loss", "val_accuracy", "val_loss"]


def test_any_error_of_a_callback_leaves_fit():
    for error in (StopIteration("mine"), RuntimeError("mine"), GeneratorExit("mine")):
        for hook in ("on_train_begin", "on_epoch_end", "on_train_batch_end"):
            with pytest.raises(type(error), match="mine"):
                fit(Raising(error, hook), epochs=1)


class Raising(keras.callbacks.Callback):
    def __init__(self, error, hook):
        super().__init__()
        setattr(self, hook, self._raise)
        self._error = error

    def _raise(self, *_, **__):
        raise self._error


def test_tensorboard_writes_events_without_stepping(tmp_path):
    pytest.importorskip("tensorboard")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras's TensorBoard callback imports TensorFlow")
    fit(keras.callbacks.TensorBoard(str(tmp_path)))
    assert list(tmp_path.rglob("events.*"))


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_backup_goes_on_where_training_was_interrupted(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(StopAfter(1), keras.callbacks.BackupAndRestore(str(tmp_path)), epochs=4)
    fitted = fit(keras.callbacks.BackupAndRestore(str(tmp_path)), epochs=4)
    assert fitted.n_epochs_ < 4


def test_checkpoint_stays_on_the_compiled_path(tmp_path):
    fit(keras.callbacks.ModelCheckpoint(str(tmp_path / "weights.weights.h5"), save_weights_only=True))
    assert (tmp_path / "weights.weights.h5").exists()


def test_terminate_on_nan_is_no_reason_to_step():
    from presets.training.callbacks import needs_batches

    assert not needs_batches(keras.callbacks.TerminateOnNaN())
    assert not needs_batches(keras.callbacks.EarlyStopping())
    assert needs_batches(keras.callbacks.LambdaCallback(on_train_batch_end=print))
    assert not needs_batches(keras.callbacks.LambdaCallback(on_epoch_end=print))
    assert needs_batches(keras.callbacks.ModelCheckpoint("x.weights.h5", save_freq=10, save_weights_only=True))


# ---------------------------------------------------------------- the caller's own objects


class Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []
        self.lock = threading.Lock()  # which no copy can have

    def on_epoch_end(self, epoch, logs=None):
        assert isinstance(self.model, keras.Model)
        self.losses.append(logs["loss"])


def test_callbacks_are_used_as_given_and_keep_no_network():
    recorder = Losses()
    fitted = fit(recorder)
    assert recorder.losses == fitted.history_["loss"]
    assert recorder.model is None


def test_a_failed_fit_leaves_no_network_on_callbacks(tmp_path):
    stop = StopAfter(0)
    with pytest.raises(KeyboardInterrupt):
        fit(stop)
    assert stop.model is None


def test_a_clone_records_for_itself():
    recorder = Losses()
    model = fit(recorder)
    copied = clone(model)
    copied.fit(X, Y)
    assert len(recorder.losses) == 4
    assert copied.callbacks[0].losses == 2 * model.history_["loss"]
    assert copied.callbacks[0].lock is recorder.lock


def test_one_callback_serves_several_fits():
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=10.0)
    first, second = fit(stopping, epochs=9), fit(stopping, epochs=9)
    assert first.n_epochs_ == second.n_epochs_ == 2
    assert second.history_ == first.history_


def test_early_stopping_puts_its_best_weights_back():
    class Shake(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = float(epoch)

    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    stopped = fit(Shake(), stopping, restore_best_weights=False, epochs=9)
    once = fit(restore_best_weights=False, epochs=1)
    assert stopped.n_epochs_ == 3
    np.testing.assert_allclose(stopped.predict_proba(X), once.predict_proba(X), rtol=1e-5)


def test_ensembles_give_each_member_callbacks_of_its_own():
    recorder = Losses()
    members = EnsembleClassifier(DNNClassifier(hidden_layer_sizes=(8,), epochs=2, callbacks=[recorder]), n_members=2)
    members.fit(X, Y)
    assert [member.callbacks[0].losses for member in members.members_] == [
        member.history_["loss"] for member in members.members_
    ]
    assert recorder.losses == []


@pytest.mark.parametrize("by_cross_validation", [False, True])
def test_a_study_in_memory_prunes(by_cross_validation):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=-1.0))

    def objective(trial):
        callbacks = [integration.KerasPruningCallback(trial, "val_loss")]
        model = DNNClassifier(hidden_layer_sizes=(8,), epochs=2, callbacks=callbacks)
        return (
            cross_val_score(model, X, Y, cv=2, error_score="raise").mean() if by_cross_validation else fit(*callbacks)
        )

    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert len(trial.intermediate_values) == 1


# ---------------------------------------------------------------- what callbacks save

IMAGES = np.random.default_rng(0).random((40, 8, 8, 1)).astype("float32")
SEQUENCES = np.random.default_rng(0).random((40, 5, 2)).astype("float32")
SAVED = {
    "DNN": (DNNClassifier(hidden_layer_sizes=(8,), dropout=0.2), X, Y),
    "values": (DNNRegressor(hidden_layer_sizes=(8,)), X, Y * 10.0 + 3),
    "CNN": (CNNClassifier(filters=(4,), dense_units=8), IMAGES, np.arange(40) % 3),
    "LSTM": (LSTMClassifier(units=(8,)), SEQUENCES, np.arange(40) % 3),
    "own": (KerasClassifier(), X, Y),
}


@pytest.mark.parametrize(("model", "x", "y"), SAVED.values(), ids=SAVED)
def test_a_checkpoint_is_the_complete_model(model, x, y, tmp_path):
    whole, weights = str(tmp_path / "model.keras"), str(tmp_path / "model.weights.h5")
    model = clone(model).set_params(
        epochs=1,
        restore_best_weights=False,
        callbacks=[
            keras.callbacks.ModelCheckpoint(whole),
            keras.callbacks.ModelCheckpoint(weights, save_weights_only=True),
        ],
    )
    model.fit(x, y)
    x = x.astype("float32")
    expected = model.predict_proba(x) if hasattr(model, "predict_proba") else model.predict(x)[:, None]
    loaded = keras.saving.load_model(whole)
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert {type(layer).__module__.partition(".")[0] for layer in loaded._flatten_layers()} == {"keras"}
    complete = model.model_
    complete.set_weights([np.zeros_like(w) for w in complete.get_weights()])
    complete.load_weights(weights)
    np.testing.assert_allclose(complete.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "rules",
    [
        {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9)},
        {"lr_schedule": "cosine", "weight_decay": 0.1, "weight_decay_schedule": "cosine"},
    ],
    ids=["momentum", "curves"],
)
def test_a_backup_goes_on_with_the_optimizer_as_it_was(tmp_path, rules):
    rules = {**rules, "shuffle": False, "dropout": 0.0, "restore_best_weights": False}
    with pytest.raises(KeyboardInterrupt):
        fit(keras.callbacks.BackupAndRestore(str(tmp_path)), StopAfter(1), **rules)
    went_on = fit(keras.callbacks.BackupAndRestore(str(tmp_path)), **rules)
    assert went_on.n_epochs_ == 2
    whole = fit(**rules)
    np.testing.assert_allclose(went_on.predict_proba(X), whole.predict_proba(X), rtol=1e-4, atol=1e-6)
    for name in {"learning_rate", "weight_decay"} & whole.history_.keys():
        assert went_on.history_[name] == whole.history_[name][-2:]
