"""The end of the time that a training may take."""

import time

import keras


class OutOfTimeError(Exception):
    """The time is over."""


class Deadline(keras.callbacks.Callback):
    """Ends a training at the end of the epoch in which the time is over.

    Parameters
    ----------
    seconds : float
        From now on.
    """

    def __init__(self, seconds):
        super().__init__()
        self.end = time.monotonic() + seconds

    @property
    def seconds_left(self):
        """Seconds until the time is over; negative from then on."""
        return self.end - time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Raise `OutOfTimeError` if the time is over."""
        if self.seconds_left < 0:
            raise OutOfTimeError
