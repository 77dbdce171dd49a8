"""The epochs of a training. One call of the program runs one or several epochs; the results come one by one."""

import collections
import dataclasses

import numpy as np

from presets.training.dataset import prediction_rows

EPOCHS_TOGETHER = 32
"""Greatest number of epochs in one call of a program."""

UPDATES_TOGETHER = 512
"""Greatest number of updates in a call with several epochs, so that an interrupt is handled soon."""

WEIGHTS_TOGETHER = 1 << 26
"""Such a call keeps the weights after each epoch, because each may be the best. They have at most this many bytes."""


class Epochs:
    """Runs the epochs of a training on request.

    On small data, a call costs more time than the arithmetic of an epoch. So one call runs several epochs, if nothing
    happens on the host between them.

    Parameters
    ----------
    program : Program
    plan : Plan
    calls : keras.callbacks.CallbackList
    hooks : keras.callbacks.CallbackList or None
        Callbacks to call at each batch.
    is_watched : bool
        Whether a callback or the user must see each epoch when it ends.
    """

    def __init__(self, program, plan, *, calls, hooks, is_watched):
        self._program, self._plan = program, plan
        self._calls, self._hooks = calls, hooks
        self._most = 1 if is_watched or hooks else self._most_together()
        self._results = collections.deque()

    def _most_together(self):
        if not (self._plan.training.fits_device and self._plan.validation.fits_device):
            return 1
        n_bytes = sum(value.nbytes for value in self._program.weights())
        return min(self._program.epochs_together, WEIGHTS_TOGETHER // n_bytes, UPDATES_TOGETHER // self._plan.n_updates)

    def next(self, n_alike):
        """Return the result of the next epoch, and run it if needed.

        Parameters
        ----------
        n_alike : int
            Number of epochs, from this one on, that certainly have the same learning rate.

        Returns
        -------
        EpochResult
        """
        if not self._results:
            self._results.extend(self._together(min(n_alike, self._most)) if self._most > 1 else [self._alone()])
        return self._results.popleft()

    def _together(self, n_epochs):
        program, plan, batch_size = self._program, self._plan, self._plan.rules.batch_size
        test = ()
        if plan.validates:
            size = prediction_rows(plan.validation.x.row_bytes, batch_size)
            test = plan.validation.on_device(program.put), plan.validation_rows.astype(np.int32), size
        orders = np.stack([plan.order() for _ in range(n_epochs)]).astype(np.int32)
        return program.train_epochs(plan.training.on_device(program.put), orders, batch_size, test)

    def _alone(self):
        program, plan, batch_size = self._program, self._plan, self._plan.rules.batch_size
        result = None
        for data, part in plan.training.parts(plan.order(), batch_size, program.put):
            if self._hooks is None:
                result = program.train_epoch(data, part, batch_size, first=result is None)
            else:
                result = program.train_by_steps(
                    data,
                    part,
                    batch_size,
                    first=result is None,
                    on_begin=self._hooks.on_train_batch_begin,
                    on_end=self._hooks.on_train_batch_end,
                )
        if not plan.validates:
            return result
        self._calls.on_test_begin()
        with program.averaged():
            logs = evaluate(program, plan.validation, plan.validation_rows, batch_size)
        logs = {f"val_{name}": value for name, value in logs.items()}
        self._calls.on_test_end(logs)
        return dataclasses.replace(result, logs=result.logs | logs)


def evaluate(program, dataset, rows, batch_size):
    """Loss and metrics of a loaded program on some rows of a dataset.

    Returns
    -------
    dict of str to float
    """
    size = prediction_rows(dataset.x.row_bytes, batch_size)
    result = None
    for data, part in dataset.parts(rows, size, program.put):
        result = program.test_epoch(data, part, size, first=result is None)
    return result
