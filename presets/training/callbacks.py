"""Keras callbacks in compiled training: which need batches, which take the rate over."""

import copy

import keras

from presets.training.deadline import Deadline

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def copy_for_fit(callbacks):
    """Copies of a user's callbacks for one fit.

    Raises
    ------
    TypeError
        If one of them is not a `keras.callbacks.Callback`.
    """
    given = [] if callbacks is None else callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    for callback in given:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must hold keras.callbacks.Callback objects, but one is {callback!r}.")
    return [copy.deepcopy(callback) for callback in given]


def needs_batches(callback):
    """Whether a callback must be called at every batch.

    Several of Keras's own override the batch hooks and use them only at settings finer than an epoch; what
    `TerminateOnNaN` does at batches, training does itself at epochs.
    """
    overridden = any(not getattr(getattr(callback, hook), "_is_default", False) for hook in BATCH_HOOKS)
    if isinstance(callback, keras.callbacks.ModelCheckpoint | keras.callbacks.BackupAndRestore):
        return callback.save_freq != "epoch"
    if isinstance(callback, keras.callbacks.TensorBoard):
        return callback.update_freq != "epoch" or bool(callback._should_trace)
    if isinstance(callback, keras.callbacks.TerminateOnNaN | keras.callbacks.ProgbarLogger):
        return False
    return overridden


def takes_rate_over(callback):
    """Whether a callback of Keras's sets the rate, so that the plateau rule must leave it alone."""
    return isinstance(callback, keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau)


def watches(callback):
    """Whether a callback may look at the network or change it between epochs."""
    return not isinstance(callback, Deadline)
