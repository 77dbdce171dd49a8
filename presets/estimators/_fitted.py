"""What a fit leaves: a recipe, weights and the encodings of both sides."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from keras import tree

from presets.builders.complete import complete_model, warn_of_rounding
from presets.training.dataset import n_rows, prediction_rows
from presets.training.forks import refuse_in_fork
from presets.training.pool import POOL
from presets.training.recipe import Recipe, numbers

TILE = 48
"""Predictions are made for multiples of this many rows, filled up with zeros. The matrix products of processors with 4,
8 and 16 lanes work through whole tiles of 12, 24 and 48 rows, and round the rows of a last, broken tile otherwise: so a
row's prediction does not depend on the rows beside it."""

TILE_BUDGET = 1 << 18
"""Bytes of X in a tile; larger rows are predicted without filling up, which would cost more than it gives."""


@dataclass
class FittedNetwork:
    """A trained network as plain arrays and objects, without anything of a backend.

    Parameters
    ----------
    recipe : Recipe
    weights : list of ndarray
    encoder : Encoder
        Encodes X.
    target : object
        Encodes y and decodes outputs, such as a `MulticlassTarget`.
    sample : tuple of ndarray
        Encoded rows as the fit used them, to build a program where none is idle.
    optimizer_state : list of ndarray or None
        Where an incremental fit goes on.
    temperature : float
        What the outputs are divided by, see `presets.data.calibration`.
    """

    recipe: Recipe
    weights: list
    encoder: object
    target: object
    sample: tuple
    optimizer_state: list | None = None
    temperature: float = 1.0

    def outputs(self, X, **changed):
        """Logits or standardised values of every row.

        Parameters
        ----------
        X : array, CSR matrix or Sequences
            Validated.
        **changed
            Arguments of the network that X needs otherwise than the X of `fit`; its weights stay the same.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """
        dtype = numbers(self.recipe.dtype)
        rows = self.encoder.rows(X, dtype)
        tile = TILE if rows.row_bytes * TILE <= TILE_BUDGET else 1
        size = max(prediction_rows(rows.row_bytes, 1) // tile, 1) * tile
        recipe = self.recipe
        if changed:
            recipe = dataclasses.replace(recipe, network=recipe.network.replace(**changed))
        with POOL.borrow(recipe, self.sample) as program:
            program.load_weights(self.weights)
            parts = [
                program.predict(_filled_up(rows.take(slice(start, start + size)), tile))
                for start in range(0, len(rows), size)
            ]
        outputs = np.concatenate(parts)[: len(rows)].astype(dtype, copy=False)
        return outputs if self.temperature == 1.0 else outputs / outputs.dtype.type(self.temperature)

    def model(self, **changed):
        """Build the complete Keras model: raw features in, probabilities or values in the target's unit out.

        Parameters
        ----------
        **changed
            Arguments of the network that differ from those of training; its weights stay the same.
        """
        refuse_in_fork()
        core = self.recipe.network.model(**changed)
        core.set_weights(self.weights)
        model = complete_model(
            core,
            input_shape=self.encoder.raw_shape if self.encoder.columns else self.encoder.input_shape,
            mean=self.encoder.standardizer.mean,
            scale=self.encoder.standardizer.scale,
            limit=self.encoder.standardizer.limit,
            temperature=self.temperature,
            activation=self.target.output_activation,
            raw_shape=self.encoder.raw_shape,
            channels_first=self.encoder.channels_first,
            columns=self.encoder.columns,
            unit=self.target.unit,
        )
        warn_of_rounding(model, self.encoder.standardizer.mean, self.encoder.standardizer.scale)
        return model


def _filled_up(x, multiple):
    missing = -n_rows(x) % multiple
    if not missing:
        return x
    return tree.map_structure(lambda rows: np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)]), x)
