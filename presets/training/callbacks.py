"""Keras callbacks in compiled training: which ones need batches, set the learning rate, or read the network."""

import collections
import contextlib
import copy
from typing import Any

import keras
import numpy as np

from presets.training.deadline import Deadline, StopInTime
from presets.training.schedules import SCHEDULABLE

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

LOG_READERS = {
    keras.callbacks.CSVLogger,
    keras.callbacks.RemoteMonitor,
    keras.callbacks.TerminateOnNaN,
    Deadline,
    StopInTime,
}
"""Callbacks that read only the values of an epoch."""


def check_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    """Return the user's callbacks as a list.

    Raises
    ------
    TypeError
        If one of them is not a `keras.callbacks.Callback`.
    """
    given = [] if callbacks is None else callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    for callback in given:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must contain keras.callbacks.Callback objects, but one is {callback!r}.")
    return list(given)


def copy_callback(callback: keras.callbacks.Callback) -> keras.callbacks.Callback:
    """Copy a callback with its records. Both copies refer to the same other objects, such as a study or a file.

    Parameters
    ----------
    callback : keras.callbacks.Callback

    Returns
    -------
    keras.callbacks.Callback
    """
    copied = copy.copy(callback)
    vars(copied).update({name: _copy_records(part) for name, part in vars(callback).items()})
    copied._model = None
    return copied


def _copy_records(value):
    if isinstance(value, keras.callbacks.Callback):
        return copy_callback(value)
    if type(value) in (list, tuple, set, collections.deque):
        return type(value)(map(_copy_records, value))
    if type(value) in (dict, collections.defaultdict, collections.OrderedDict):
        copied = copy.copy(value)
        copied.update({name: _copy_records(part) for name, part in value.items()})
        return copied
    return value.copy() if isinstance(value, np.ndarray) else value


@contextlib.contextmanager
def saving_complete(program, complete):
    """Let callbacks save the complete model, with the core's optimizer, when they save the core.

    Parameters
    ----------
    program : Program
    complete : callable
        Builds the complete model with the current weights. The core is one of its layers, under its own name.
    """
    core = program.core

    def with_optimizer():
        model = complete()
        model.optimizer = core.optimizer
        return model

    def load_weights(*args, **kwargs):
        model = with_optimizer()
        model.load_weights(*args, **kwargs)
        program.load_weights(model.get_layer(core.name).get_weights())
        program.loaded = None  # training changes these weights

    core.save = lambda *args, **kwargs: complete().save(*args, **kwargs)
    core.save_weights = lambda *args, **kwargs: with_optimizer().save_weights(*args, **kwargs)
    core.load_weights = load_weights
    try:
        yield
    finally:
        del core.save, core.save_weights, core.load_weights


def needs_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback must be called at each batch.

    Several Keras callbacks override the batch hooks, but use them only with some settings. `TerminateOnNaN` is not
    needed at batches, because training checks for NaN after each epoch.
    """
    overridden = any(not getattr(getattr(callback, hook), "_is_default", False) for hook in BATCH_HOOKS)
    if isinstance(callback, keras.callbacks.ModelCheckpoint | keras.callbacks.BackupAndRestore):
        return callback.save_freq != "epoch"
    if isinstance(callback, keras.callbacks.TensorBoard):
        return callback.update_freq != "epoch" or bool(callback._should_trace)
    if isinstance(callback, keras.callbacks.TerminateOnNaN | keras.callbacks.ProgbarLogger):
        return False
    return overridden


def takes_rate_over(callback: keras.callbacks.Callback) -> bool:
    """Whether a Keras callback sets the learning rate. The plateau rule must not change it then."""
    return isinstance(callback, keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau)


def watches(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback may read the network between epochs, or change more of it than `stop_training`.

    The user's own callbacks may. Some of Keras's callbacks read only the logs.
    """
    if isinstance(callback, keras.callbacks.EarlyStopping):
        return callback.restore_best_weights or type(callback) is not keras.callbacks.EarlyStopping
    return type(callback) not in LOG_READERS


class Progress(keras.callbacks.ProgbarLogger):
    """Keras's progress lines, with loss and metrics only, without the other values of the history."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the line of an epoch."""
        super().on_epoch_end(epoch, {name: value for name, value in logs.items() if not _is_measured_here(name)})


def _is_measured_here(name):
    return name in ("learning_rate", *SCHEDULABLE, "clipped") or name.partition("/")[0] == "update_ratio"
