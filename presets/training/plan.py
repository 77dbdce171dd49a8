"""The plan of a training: its data, its rows and its rules."""

import math
from dataclasses import dataclass

import numpy as np

from presets.training.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a training.

    Parameters
    ----------
    epochs, batch_size, patience : int
    monitor : str
        Name in the history of the value that decides on the learning rate and the best weights.
    n_averaged : int
        Number of epochs in the moving mean that finds the best epoch.
    lr_factor, min_lr_factor, min_delta : float
        Parameters of the plateau rule (A5.3).
    min_lr_of_best : float
        With the plateau rule, training ends at a lower learning rate than this share of the best epoch's. 0 is never.
    restore_best_weights, shuffle : bool
    by_steps : bool
        Whether to make each update with a separate call, as Keras's `fit` does.
    """

    epochs: int
    batch_size: int
    patience: int
    monitor: str
    n_averaged: int
    lr_factor: float
    min_lr_factor: float
    min_delta: float
    min_lr_of_best: float
    restore_best_weights: bool
    shuffle: bool
    by_steps: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of one training.

    Parameters
    ----------
    training, validation : Dataset
        The same object if the validation rows are part of X.
    rows, validation_rows : ndarray of int
        Numbers of the rows for training and for validation. Without validation, `validation_rows` is empty.
    rules : Rules
    rng : numpy.random.Generator
        Shuffles the rows before each epoch.
    """

    training: Dataset
    rows: np.ndarray
    validation: Dataset
    validation_rows: np.ndarray
    rules: Rules
    rng: np.random.Generator

    @property
    def n_updates(self):
        """Number of updates in an epoch."""
        return math.ceil(len(self.rows) / self.rules.batch_size)

    @property
    def validates(self):
        """Whether there is a validation part."""
        return len(self.validation_rows) > 0

    @property
    def seen_rows(self):
        """Rows of the training data that are trained or validated on."""
        of_training = self.validation is self.training
        return np.concatenate([self.rows, self.validation_rows]) if of_training else self.rows

    @property
    def shape(self):
        """The values that must be equal in plans that are trained together."""
        sizes = len(self.rows), len(self.validation_rows), len(self.training), len(self.validation)
        return *sizes, self.validation is self.training, self.rules

    def order(self):
        """Order of the rows in the next epoch."""
        return self.rng.permutation(self.rows) if self.rules.shuffle else self.rows
