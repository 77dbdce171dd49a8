"""The time limit of a training, as callbacks that only read the clock."""

import time
from typing import Any

import keras


class OutOfTimeError(Exception):
    """The time is over."""


class Deadline(keras.callbacks.Callback):
    """Ends a training after the epoch in which the time is over.

    Parameters
    ----------
    seconds : float
        Time limit; the clock starts now.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Seconds until the time is over; negative afterwards."""
        return self.end - time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Raise `OutOfTimeError` if the time is over."""
        if self.seconds_left < 0:
            raise OutOfTimeError


class StopInTime(Deadline):
    """Ends a training with the best epoch so far, if the next epochs would not end in time.

    Small data have several epochs in one call. They end at the same moment, so the longest epoch is as long as a call.

    Parameters
    ----------
    seconds : float
        Seconds from now on. If infinite, the training is only measured.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._begin = self._last = time.monotonic()
        self._longest = 0.0

    @property
    def training_seconds(self) -> float:
        """Seconds from the start of the first epoch to the end of the last one."""
        return self._last - self._begin

    def on_train_begin(self, logs: Any = None) -> None:
        """Start to measure."""
        self._begin = self._last = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop the training if the time left is shorter than the longest epoch so far."""
        now = time.monotonic()
        self._longest, self._last = max(self._longest, now - self._last), now
        if self.seconds_left < self._longest:
            self.model.stop_training = True
