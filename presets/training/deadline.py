"""The time limit of a training."""

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
