"""What a training works with: its data, its rows, its rules."""

import math
from dataclasses import dataclass

import numpy as np

from presets.training.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a fit trains.

    Parameters
    ----------
    epochs, batch_size, patience : int
    monitor : str
        Name in the history of the value that decides on the rate and the best weights.
    n_averaged : int
        Epochs over whose mean the best one is found.
    lr_factor, min_lr_factor, min_delta : float
        Of the plateau rule (A5.3).
    restore_best_weights, shuffle : bool
    by_steps : bool
        Whether to make every update by a call of its own, as Keras's `fit` does.
    """

    epochs: int
    batch_size: int
    patience: int
    monitor: str
    n_averaged: int
    lr_factor: float
    min_lr_factor: float
    min_delta: float
    restore_best_weights: bool
    shuffle: bool
    by_steps: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One training, before it begins.

    Parameters
    ----------
    training, validation : Dataset
        The same one where the validation rows are part of X.
    rows, validation_rows : ndarray of int
        Which rows to train on and to validate on; none of the latter for no validation.
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
        """Updates in an epoch."""
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
        """What plans have in common that can be trained together."""
        sizes = len(self.rows), len(self.validation_rows), len(self.training), len(self.validation)
        return *sizes, self.validation is self.training, self.rules

    def order(self):
        """Order of the rows in the next epoch."""
        return self.rng.permutation(self.rows) if self.rules.shuffle else self.rows
