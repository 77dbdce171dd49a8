"""What a fit leaves: a recipe, weights and the encodings of both sides."""

from dataclasses import dataclass

import numpy as np

from presets.builders.complete import complete_model
from presets.training.dataset import prediction_rows
from presets.training.pool import POOL
from presets.training.recipe import Recipe, numbers


@dataclass
class FittedNetwork:
    """A trained network as plain arrays and objects, without anything of a backend.

    Parameters
    ----------
    recipe : Recipe
    weights : list of ndarray
    encoder : object
        Encodes X; a `TableEncoder` for tables.
    target : object
        Encodes y and decodes outputs, such as a `MulticlassTarget`.
    sample : tuple of ndarray
        Encoded rows as the fit used them, to build a program where none is idle.
    optimizer_state : list of ndarray or None
        Where an incremental fit goes on.
    """

    recipe: Recipe
    weights: list
    encoder: object
    target: object
    sample: tuple
    optimizer_state: list | None = None

    def outputs(self, X):
        """Logits or standardised values of every row.

        Parameters
        ----------
        X : array or CSR matrix
            Validated.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        dtype = numbers(self.recipe.dtype)
        rows = self.encoder.rows(X, dtype)
        size = prediction_rows(rows.row_bytes, 1)
        with POOL.borrow(self.recipe, self.sample) as program:
            program.load_weights(self.weights)
            parts = [program.predict(rows.take(slice(start, start + size))) for start in range(0, len(rows), size)]
        return np.concatenate(parts).astype(dtype, copy=False)

    def model(self):
        """Build the complete Keras model: raw features in, probabilities or values in the target's unit out."""
        core = self.recipe.network.model()
        core.set_weights(self.weights)
        return complete_model(
            core,
            mean=self.encoder.standardizer.mean,
            scale=self.encoder.standardizer.scale,
            activation=self.target.activation,
            **self.target.unit_of_columns(),
        )
