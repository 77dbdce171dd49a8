"""Piecewise-linear embeddings of numbers: ramps between the quantiles of each column, and a small layer for each."""

import math

import keras
import numpy as np
from keras import ops

WIDTH = 4
"""Numbers that a column becomes."""

BINS = 16
"""Ramps of a column. Gorishniy et al. take 48, TabM too. The first minibatch, which decides on them, has 64 to 256
rows."""

NARROWEST = 1e-3
"""Least width of a bin, in standardised values. A level that fills several bins becomes a step."""


def _even(shape, dtype=None):
    return ops.convert_to_tensor(np.tile(np.linspace(-2.0, 2.0, shape[1]), (shape[0], 1)), dtype)


@keras.saving.register_keras_serializable("presets")
class PiecewiseLinearEmbedding(keras.layers.Layer):
    """Embeds each column by ramps and a small dense layer for each column.

    A ramp is 0 below a bin of the column, 1 above it, and rises within it. The limits of the bins are quantiles of the
    training rows; `quantiles` computes them. A column x becomes x itself and ``mix @ ramps(x) + bias``. Because x
    itself is kept, values outside of all bins still differ.

    Parameters
    ----------
    width : int
        Number of outputs for each column, including x itself.
    bins : int
        Number of ramps for each column.
    rate_factor : float
        Factor of the learning rate of mix and bias with Adam, compared with other layers.
    seed : int, optional
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS 2022
    (arXiv 2203.05556).
    """

    def __init__(self, width=WIDTH, *, bins=BINS, rate_factor=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.width, self.bins, self.rate_factor, self.seed = width, bins, rate_factor, seed
        limit = 1 / math.sqrt(bins) / rate_factor
        seeds = [None] * 2 if seed is None else [seed, seed + 1]
        self.mix_initializer, self.bias_initializer = (
            keras.initializers.RandomUniform(-limit, limit, seed=number) for number in seeds
        )

    def build(self, input_shape):
        """Make the weights of each column; its bins are even until they are set."""
        n_columns = input_shape[-1]
        self.edges = self.add_weight((n_columns, self.bins + 1), initializer=_even, trainable=False, name="edges")
        mix = n_columns, self.bins, self.width - 1
        self.mix = self.add_weight(mix, initializer=self.mix_initializer, name="mix")
        self.bias = self.add_weight((n_columns, self.width - 1), initializer=self.bias_initializer, name="bias")
        self.mix.is_decayed = self.bias.is_decayed = False

    def quantiles(self, columns):
        """The edges of the bins for rows of shape (n_samples, n_columns)."""
        return np.quantile(columns, np.linspace(0, 1, self.bins + 1), axis=0).T.astype(self.edges.dtype)

    def call(self, inputs):
        """Embed columns of shape (n_samples, n_columns) as (n_samples, n_columns * width)."""
        edges, mix, bias = (
            ops.cast(weights, self.compute_dtype)
            for weights in (self.edges, self.rate_factor * self.mix, self.rate_factor * self.bias)
        )
        by_column = ops.expand_dims(ops.transpose(inputs), -1)
        widths = ops.maximum(edges[:, 1:] - edges[:, :-1], NARROWEST)
        ramps = ops.clip((by_column - ops.expand_dims(edges[:, :-1], 1)) / ops.expand_dims(widths, 1), 0.0, 1.0)
        embedded = ops.concatenate([by_column, ops.matmul(ramps, mix) + ops.expand_dims(bias, 1)], axis=-1)
        return ops.reshape(ops.transpose(embedded, (1, 0, 2)), (-1, inputs.shape[-1] * self.width))

    def compute_output_shape(self, input_shape):
        """`width` numbers for each column."""
        return (*input_shape[:-1], input_shape[-1] * self.width)

    def get_config(self):
        """Return the parameters."""
        own = {"width": self.width, "bins": self.bins, "rate_factor": self.rate_factor, "seed": self.seed}
        return {**super().get_config(), **own}
