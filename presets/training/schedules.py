"""Hyperparameters that follow a curve over all updates of a training: the learning rate, weight decay and dropout."""

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


SCHEDULABLE = ("dropout", "weight_decay")
"""Hyperparameters that may follow a curve, besides the learning rate."""

CURVES = {"one_cycle": one_cycle, "cosine": cosine, "flat_cosine": flat_cosine, "coslog4": coslog4}


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A hyperparameter in each update: its value in the fit times a curve over the share of finished updates.

    This value and the number of updates are variables, so fits that differ in them share a program.

    Parameters
    ----------
    curve : str
        One of `CURVES`.
    dtype : str
        Floating-point type of the network's variables.
    """

    def __init__(self, curve, dtype):
        self.curve = curve
        self.highest, self.n_updates = Tunable(1.0, "highest", dtype), Tunable(1.0, "n_updates", dtype)

    def set(self, highest, n_updates):
        """Set the highest value and the number of updates of a training."""
        self.highest.assign(highest)
        self.n_updates.assign(n_updates)

    def __call__(self, step):
        """The value in update number `step`, counted from 0."""
        highest, n_updates = ops.convert_to_tensor(self.highest), ops.convert_to_tensor(self.n_updates)
        return highest * CURVES[self.curve](ops.cast(step, highest.dtype) / n_updates)

    def of_epochs(self, n_epochs, updates_per_epoch):
        """The values in the first updates of the epochs, as an array."""
        return ops.convert_to_numpy(self(np.arange(n_epochs) * updates_per_epoch))

    def get_config(self):
        """Return the name of the curve. The numbers belong to a fit."""
        return {"curve": self.curve}


def make_schedules(curves, dtype):
    """The `Schedule` of each hyperparameter that follows a curve.

    Parameters
    ----------
    curves : mapping of str to str
        Curves by the names of hyperparameters.
    dtype : str

    Returns
    -------
    dict of str to Schedule
    """
    return {name: Schedule(curve, dtype) for name, curve in curves.items()}


class ScheduledRate:
    """Stands in for `RateRule` when a `Schedule` sets the learning rate: nothing is decided between epochs.

    Parameters
    ----------
    n_epochs : int
    """

    kind = "schedule"

    def __init__(self, n_epochs):
        self.n_alike = n_epochs
        """Number of epochs without a decision between them: all."""

    def read(self):
        """Return None: the schedule itself gives the values for the history."""

    def ends_training(self):
        """Return False: a schedule never ends a training early."""
        return False
