"""Learning rates that follow a curve over all updates of a training."""

import math

import keras
import numpy as np
from keras import ops

from presets.training.tunable import Tunable


def cosine(t):
    """Half a cosine, from 1 to 0 (Loshchilov and Hutter 2017)."""
    return (1 + ops.cos(math.pi * t)) / 2


def flat_cosine(t):
    """1 for the first half, then half a cosine to 0."""
    return cosine(ops.maximum(2 * t - 1, 0.0))


def coslog4(t):
    """Four waves, each twice as long as the one before (Holzmüller et al. 2024)."""
    return (1 - ops.cos(2 * math.pi * ops.log(1 + 15 * t) / math.log(2))) / 2


def one_cycle(t):
    """Up from 1/25 for the first three tenths, then down to 0 (Smith and Topin 2018, with PyTorch's numbers)."""
    up, start = 0.3, 1 / 25
    rising = start + (1 - start) * (1 - cosine(ops.minimum(t / up, 1.0)))
    return ops.where(t < up, rising, cosine(ops.maximum(t - up, 0.0) / (1 - up)))


CURVES = {"one_cycle": one_cycle, "cosine": cosine, "flat_cosine": flat_cosine, "coslog4": coslog4}


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each update: the rate of the fit times a curve over the share of finished updates.

    The rate of the fit and its number of updates are variables, so fits that differ in them share a program.

    Parameters
    ----------
    curve : str
        One of `CURVES`.
    dtype : str
        Floating-point type of the network's variables.
    """

    def __init__(self, curve, dtype):
        self.curve = curve
        self.rate, self.n_updates = Tunable(1.0, "base_rate", dtype), Tunable(1.0, "n_updates", dtype)

    def set(self, rate, n_updates):
        """Set the highest learning rate and the number of updates of a training."""
        self.rate.assign(rate)
        self.n_updates.assign(n_updates)

    def __call__(self, step):
        """The learning rate of update number `step`, counted from 0."""
        rate, n_updates = ops.convert_to_tensor(self.rate), ops.convert_to_tensor(self.n_updates)
        return rate * CURVES[self.curve](ops.cast(step, rate.dtype) / n_updates)

    def get_config(self):
        """Return the name of the curve. The numbers belong to a fit."""
        return {"curve": self.curve}


def make_schedule(name, dtype):
    """The `Schedule` with this name; None for "plateau", which is no curve."""
    return None if name == "plateau" else Schedule(name, dtype)


class ScheduledRate:
    """Stands in for `RateRule` when a `Schedule` sets the learning rate.

    Parameters
    ----------
    schedule : Schedule
    updates_per_epoch : int
    n_epochs : int
    """

    kind = "schedule"

    def __init__(self, schedule, updates_per_epoch, n_epochs):
        self._rates = ops.convert_to_numpy(schedule(np.arange(n_epochs) * updates_per_epoch))
        self._epoch = 0
        self.n_alike = n_epochs
        """Number of epochs without a decision between them: all."""

    def read(self):
        """The learning rate of the first update of the next epoch."""
        return float(self._rates[self._epoch])

    def ends_training(self):
        """Go to the next epoch, and return False: a schedule never ends a training early."""
        self._epoch = min(self._epoch + 1, self.n_alike - 1)
        return False
