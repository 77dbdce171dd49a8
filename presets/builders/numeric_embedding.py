"""Periodic embeddings of numbers: a small network of cosines for each column."""

import math

import keras
from keras import ops

from presets.builders.piecewise_embedding import PiecewiseLinearEmbedding

WIDTH = 4
"""Number of values for each column (Holzmüller et al. 2024)."""

FREQUENCIES = 16
"""Number of cosines for each column (Holzmüller et al. 2024)."""


def embed_numbers(columns, kind, *, dtype, seed):
    """Embed columns of numbers.

    Parameters
    ----------
    columns : keras.KerasTensor of shape (n_samples, n_columns)
    kind : {"periodic", "pbld"} or None
        "pbld": the column itself and three mixtures of cosines. "periodic": four mixtures of cosines with relu.
    dtype, seed
        See `build_dnn`.

    Returns
    -------
    keras.KerasTensor
    """
    if kind is None:
        return columns
    if kind == "piecewise":
        return PiecewiseLinearEmbedding(seed=seed, dtype=dtype, name="numeric_embedding")(columns)
    own = {"keeps_column": True} if kind == "pbld" else {"keeps_column": False, "activation": "relu"}
    return PeriodicEmbedding(**own, seed=seed, dtype=dtype, name="numeric_embedding")(columns)


@keras.saving.register_keras_serializable("presets")
class PeriodicEmbedding(keras.layers.Layer):
    """Embeds each column with cosines, which a small layer for each column mixes.

    A column x becomes ``activation(mix @ cos(2 pi frequency x + phase) + bias)``; with `keeps_column` x itself comes
    first. Dense layers learn smooth functions of their inputs. Cosines make steps and bumps of a single column easy to
    learn.

    Parameters
    ----------
    width : int
        Number of values for each column.
    frequencies : int
        Number of cosines for each column.
    stddev : float
        Scale of the frequencies at the start.
    keeps_column : bool
        Whether the first value is the column itself ("PBLD").
    activation : str or callable
    rate_factor : float
        Factor of the learning rate of all weights here, compared with other layers, for Adam.
    seed : int, optional
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS 2022
    (arXiv 2203.05556); "PBLD": D. Holzmüller, L. Grinsztajn, I. Steinwart, NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(
        self,
        width=WIDTH,
        *,
        frequencies=FREQUENCIES,
        stddev=0.1,
        keeps_column=True,
        activation="linear",
        rate_factor=0.1,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.frequencies, self.stddev, self.keeps_column = width, frequencies, stddev, keeps_column
        self.activation = keras.activations.get(activation)
        self.rate_factor, self.seed = rate_factor, seed
        limit = 1 / math.sqrt(frequencies) / rate_factor
        seeds = [None] * 4 if seed is None else [seed + number for number in range(4)]
        uniform = keras.initializers.RandomUniform
        self.frequency_initializer = keras.initializers.RandomNormal(stddev=stddev / rate_factor, seed=seeds[0])
        self.phase_initializer = uniform(-math.pi / rate_factor, math.pi / rate_factor, seed=seeds[1])
        self.mix_initializer = uniform(-limit, limit, seed=seeds[2])
        self.bias_initializer = uniform(-limit, limit, seed=seeds[3])

    def build(self, input_shape):
        """Make the weights of each column."""
        n_columns, n_mixed = input_shape[-1], self.width - self.keeps_column
        cosines = (n_columns, self.frequencies)
        self.frequency = self.add_weight(cosines, initializer=self.frequency_initializer, name="frequency")
        self.phase = self.add_weight(cosines, initializer=self.phase_initializer, name="phase")
        self.mix = self.add_weight((*cosines, n_mixed), initializer=self.mix_initializer, name="mix")
        self.bias = self.add_weight((n_columns, n_mixed), initializer=self.bias_initializer, name="bias")
        for variable in (self.frequency, self.phase, self.mix, self.bias):
            variable.is_decayed = False

    def call(self, inputs):
        """Embed columns of shape (n_samples, n_columns) as (n_samples, n_columns * width)."""
        frequency, phase, mix, bias = (
            ops.cast(self.rate_factor * weights, self.compute_dtype)
            for weights in (2 * math.pi * self.frequency, self.phase, self.mix, self.bias)
        )
        by_column = ops.expand_dims(ops.transpose(inputs), -1)  # columns first: no large array has to be transposed
        cosines = ops.cos(by_column * ops.expand_dims(frequency, 1) + ops.expand_dims(phase, 1))
        embedded = self.activation(ops.matmul(cosines, mix) + ops.expand_dims(bias, 1))
        if self.keeps_column:
            embedded = ops.concatenate([by_column, embedded], axis=-1)
        return ops.reshape(ops.transpose(embedded, (1, 0, 2)), (-1, inputs.shape[-1] * self.width))

    def compute_output_shape(self, input_shape):
        """Return the shape with `width` values for each column."""
        return (*input_shape[:-1], input_shape[-1] * self.width)

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "width": self.width,
            "frequencies": self.frequencies,
            "stddev": self.stddev,
            "keeps_column": self.keeps_column,
            "activation": keras.activations.serialize(self.activation),
            "rate_factor": self.rate_factor,
            "seed": self.seed,
        }
