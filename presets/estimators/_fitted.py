"""What a fit leaves: a recipe, weights and the encodings of both sides."""

import dataclasses
import weakref
from dataclasses import dataclass

import keras
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
    witness : tuple of (array or dict, ndarray) or None
        A few encoded rows and what the network put out for them, where it depends on code of the user's: so a change of
        that code is noticed.
    """

    recipe: Recipe
    weights: list
    encoder: object
    target: object
    sample: tuple
    optimizer_state: list | None = None
    temperature: float = 1.0
    witness: tuple | None = None

    _checked = staticmethod(lambda: None)

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

        Raises
        ------
        RuntimeError
            If code of the user's builds another network by now.
        """
        dtype = numbers(self.recipe.dtype)
        rows = self.encoder.rows(X, dtype)
        tile = TILE if rows.row_bytes * TILE <= TILE_BUDGET else 1
        size = max(prediction_rows(rows.row_bytes, 1) // tile, 1) * tile
        recipe = self.recipe
        if changed:
            recipe = dataclasses.replace(recipe, network=recipe.network.replace(**changed))
        with POOL.borrow(recipe, self.sample, trains=False) as program:
            program.load_weights(self.weights)
            self._check(program, program.predict)
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
        self._check(core, lambda x: keras.ops.convert_to_numpy(core(x, training=False)))
        model = complete_model(
            core,
            **self.encoder.description(),
            temperature=self.temperature,
            activation=self.target.output_activation,
            unit=self.target.unit,
        )
        warn_of_rounding(model, *self.encoder.offsets)
        return model

    def remember(self, program, x):
        """Keep what a program with these weights puts out for a few rows, if code of the user's decides on it."""
        if program.keys.hold_code:
            outputs = program.predict(x)
            if np.array_equal(outputs, program.predict(x), equal_nan=True):  # not one that draws in predictions
                self.witness = x, outputs
                self._checked = weakref.ref(program)

    def _check(self, network, predict):
        """Compare a program or core with the witness, unless it was compared last."""
        if self.witness is None or self._checked() is network:
            return
        x, expected = self.witness
        found = predict(x)
        if not np.allclose(found, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max(), equal_nan=True):
            raise RuntimeError(
                "The network is another one than at the fit: a function of yours that it is built from, or something "
                "that this function reads, has changed since. Put it back, or fit again."
            )
        self._checked = weakref.ref(network)

    def __getstate__(self):
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _filled_up(x, multiple):
    missing = -n_rows(x) % multiple
    if not missing:
        return x
    return tree.map_structure(lambda rows: np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)]), x)
