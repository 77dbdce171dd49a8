"""Keras's callbacks and a user's own, in compiled training."""

import csv
import re

import keras
import numpy as np
import pytest
from sklearn.datasets import make_classification

from presets import DNNClassifier

X, Y = make_classification(130, 6, n_informative=4, n_classes=3, random_state=0)


def fit(*callbacks, **parameters):
    defaults = {"hidden_layer_sizes": (8,), "epochs": 4, "random_state": 0, "batch_size": 32, "init": "scaled"}
    return DNNClassifier(**defaults | parameters, callbacks=list(callbacks)).fit(X, Y)


class Recorder(keras.callbacks.Callback):
    """Remembers, outside of itself since it is copied for each fit, what it was called with."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def __deepcopy__(self, memo):
        return type(self)(self.calls)

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


def test_the_callers_callback_is_left_alone():
    stopping = keras.callbacks.EarlyStopping(monitor="loss")
    before = dict(vars(stopping))
    fit(stopping)
    assert vars(stopping) == before
