"""The result of a fit: a recipe, weights, and the encodings of X and y."""

import dataclasses
import weakref
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from presets.builders.complete import complete_model, warn_of_rounding
from presets.builders.planning import check_claims
from presets.data.drift import Extent
from presets.training.dataset import n_rows, prediction_rows
from presets.training.forks import refuse_in_fork
from presets.training.pool import POOL
from presets.training.recipe import Recipe, numbers
from presets.typing import Array
from presets.warn import warn_user

TILE = 48
"""Predictions are made for multiples of this many rows, filled up with zeros. Matrix products on processors with 4, 8
and 16 lanes process whole tiles of 12, 24 and 48 rows, and round the rows of an incomplete tile differently. With
complete tiles, the prediction of a row does not depend on the other rows."""

TILE_BUDGET = 1 << 18
"""If a tile of X needs more bytes than this, rows are not filled up, because it would cost too much."""


@dataclass
class FittedNetwork:
    """A trained network as plain arrays and objects, without objects of the backend.

    Parameters
    ----------
    recipe : Recipe
    weights : list of ndarray
    encoder : Encoder
        Encodes X.
    target : object
        Encodes y and decodes outputs, such as a `MulticlassTarget`.
    sample : tuple of ndarray
        A few encoded rows as the fit used them. A new program is built with them.
    optimizer_state : list of ndarray or None
        State from which an incremental fit continues.
    temperature : float
        Divisor of the outputs, see `presets.data.calibration`.
    witness : tuple of (array or dict, ndarray) or None
        A few encoded rows and the outputs of the network for them, if it depends on the user's code. They show whether
        that code has changed.
    extent : Extent or None
        Range of the values of X in training; None in files of older versions.
    """

    recipe: Recipe
    weights: list[Array]
    encoder: object
    target: object
    sample: tuple[Any, ...]
    optimizer_state: list[Array] | None = None
    temperature: float = 1.0
    witness: tuple[Any, Array] | None = None
    extent: Extent | None = None

    _checked = staticmethod(lambda: None)

    _drift = None

    @property
    def drift(self):
        """A list with at most one Finding, on values far outside of the training data."""
        return [] if self._drift is None else [self._drift]

    def outputs(self, X):
        """Logits or standardised values of all rows.

        Parameters
        ----------
        X : array, CSR matrix, Table or Sequences
            Already checked.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)

        Raises
        ------
        RuntimeError
            If the user's code now builds another network.
        """
        self._check_claims()
        dtype = numbers(self.recipe.dtype)
        rows = self.encoder.rows(X, dtype)
        self._look_for_drift(rows)
        tile = TILE if rows.row_bytes * TILE <= TILE_BUDGET else 1
        size = max(prediction_rows(rows.row_bytes, 1) // tile, 1) * tile
        with POOL.borrow(self._recipe_for(X), self.sample, trains=False) as program:
            program.load_weights(self.weights)
            self._check(program, program.predict)
            parts = [
                program.predict(_filled_up(rows.take(slice(start, start + size)), tile))
                for start in range(0, len(rows), size)
            ]
        outputs = np.concatenate(parts)[: len(rows)].astype(dtype, copy=False)
        return outputs if self.temperature == 1.0 else outputs / outputs.dtype.type(self.temperature)

    def _recipe_for(self, X):
        """The recipe, with other arguments of the network if this X needs them. The weights are the same."""
        known = self.recipe.network.arguments
        changed = {k: v for k, v in self.encoder.network_arguments(X).items() if k in known and known[k] != v}
        if not changed:
            return self.recipe
        return dataclasses.replace(self.recipe, network=self.recipe.network.replace(**changed))

    def core(self, **changed):
        """Build the network alone, from encoded rows to logits or standardised values.

        Parameters
        ----------
        **changed
            Arguments of the network that differ from those of training; its weights stay the same.
        """
        refuse_in_fork()
        self._check_claims()
        core = self.recipe.network.model(**changed)
        core.set_weights(self.weights)
        return core

    def model(self, *, strings=True, **changed):
        """Build the complete Keras model, from raw features to probabilities or values in the target's unit.

        Parameters
        ----------
        strings : bool, default=True
            Whether the model takes categories as strings, if the backend has strings, and not as codes.
        **changed
            Arguments of the network that differ from those of training; its weights stay the same.
        """
        core = self.core(**self.encoder.complete_arguments, **changed)
        self._check(core, lambda x: keras.ops.convert_to_numpy(core(x, training=False)))
        description = self.encoder.description()
        if "table" in description:
            description["table"]["strings"] = strings
        model = complete_model(
            core,
            **description,
            temperature=self.temperature,
            activation=self.target.output_activation,
            unit=self.target.unit,
        )
        warn_of_rounding(model, *self.encoder.offsets)
        return model

    def see(self, rows, numbers, names, before):
        """Store the extent of the training data, joined with that of an earlier fit."""
        extent = Extent.of(rows, numbers, names)
        self.extent = extent if before is None or before.extent is None else before.extent.joined(extent)

    def _look_for_drift(self, rows):
        """Warn of new rows that lie far outside, the first time."""
        if self.extent is None or self.drift:
            return
        found = self.extent.find_drift(rows)
        if found is not None and vars(self).setdefault("_drift", found) is found:  # one thread of several
            warn_user(str(found))

    def remember(self, program, x):
        """Store the outputs of a program with these weights for a few rows, if they depend on the user's code."""
        if program.keys.hold_code:
            outputs = program.predict(x)
            if np.array_equal(outputs, program.predict(x), equal_nan=True):  # no random numbers in predictions
                self.witness = x, outputs
                self._checked = weakref.ref(program)

    def _check(self, network, predict):
        """Compare the outputs of a program or core with the witness, unless it is the last one that was compared."""
        if self.witness is None or self._checked() is network:
            return
        x, expected = self.witness
        found = predict(x)
        if not np.allclose(found, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max(), equal_nan=True):
            raise RuntimeError(
                "The network has changed since the fit: your function that builds it, or a value that this function "
                "reads, is different now. Restore it, or fit again."
            )
        self._checked = weakref.ref(network)

    def _check_claims(self):
        """Refuse a file whose weights do not fit its network, before the network takes memory."""
        if self._may_claim:
            refuse_in_fork()
            check_claims(self.recipe.network, self.weights, self.sample[0])
            self._may_claim = False

    _may_claim = False

    def __getstate__(self):
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __setstate__(self, state):
        vars(self).update(state)
        self._may_claim = True


def _filled_up(x, multiple):
    missing = -n_rows(x) % multiple
    if not missing:
        return x
    return tree.map_structure(lambda rows: np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)]), x)


def fitted_network(estimator):
    """The fitted network of an estimator; None before a fit.

    Returns
    -------
    FittedNetwork or None
    """
    return vars(estimator).get("_fitted")
