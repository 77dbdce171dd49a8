"""Embeddings of categories in front of a network (rows of one table for all columns)."""

import keras
from keras import ops

from presets.builders.numeric_embedding import embed_numbers

UNKNOWN_SHARE = 0.01
"""Share of known levels that training takes for unknown ones, so that their rows are trained in every network."""

COLUMNS, BEHIND_EMBEDDINGS = "columns", "behind_embeddings"
"""Names of the layer that gives all columns, and of a model that is a network behind it."""


def table_inputs(
    input_shape,
    *,
    n_numbers=None,
    numeric_embedding=None,
    embedding_rows=0,
    width=0,
    unknown_share=UNKNOWN_SHARE,
    dtype,
    seed,
):
    """Make the inputs of a network for tables, and the columns that it sees.

    Parameters
    ----------
    input_shape : tuple of int, or dict
        ``(n_columns,)``; with embedded columns ``{"numbers": (n_columns,), "levels": (n_embedded,)}``.
    n_numbers : int, optional
        How many of the dense columns, from the first on, are numbers; all by default. The others are flags.
    numeric_embedding : {"periodic", "pbld"} or None
        Of the numbers, see `embed_numbers`.
    embedding_rows : int
        Rows of the embeddings of all columns; the first ones are for unknown levels, one for each column.
    width : int
        Numbers for each level.
    unknown_share : float
        Share of levels that training takes for unknown; 0 makes a network of Keras's own layers alone.
    dtype : str or keras.DTypePolicy
    seed : int

    Returns
    -------
    inputs : keras.KerasTensor or dict of str to keras.KerasTensor
    columns : keras.KerasTensor of shape (n_rows, n_columns)
        Embedded levels last.
    """
    number = keras.dtype_policies.get(dtype).variable_dtype
    has_levels = isinstance(input_shape, dict)
    if not has_levels:
        dense = keras.Input(input_shape, dtype=number)
        return dense, _with_embedded_numbers(dense, n_numbers, numeric_embedding, dtype, seed)
    inputs = {
        "numbers": keras.Input(input_shape["numbers"], dtype=number, name="numbers"),
        "levels": keras.Input(input_shape["levels"], dtype="int32", name="levels"),
    }
    columns = _with_embedded_numbers(inputs["numbers"], n_numbers, numeric_embedding, dtype, seed)
    levels = inputs["levels"]
    if unknown_share:
        levels = UnknownLevels(unknown_share, seed=seed, name="unknown_levels")(levels)
    # a class of its own for training only: the gradient of Keras's embedding is sparse on TensorFlow, and slow there
    embedding = DenseEmbedding if unknown_share else keras.layers.Embedding
    vectors = embedding(
        embedding_rows,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed),
        dtype=dtype,
        name="embeddings",
    )(levels)
    flat = keras.layers.Flatten(dtype=dtype, name="embedded")(vectors)
    return inputs, keras.layers.Concatenate(dtype=dtype, name=COLUMNS)([columns, flat])


def _with_embedded_numbers(dense, n_numbers, kind, dtype, seed):
    if kind is None or n_numbers == 0:
        return dense
    if n_numbers in (None, dense.shape[1]):
        return embed_numbers(dense, kind, dtype=dtype, seed=seed)
    numbers = embed_numbers(dense[:, :n_numbers], kind, dtype=dtype, seed=seed)
    return keras.layers.Concatenate(dtype=dtype)([numbers, dense[:, n_numbers:]])


def build_behind_embeddings(
    input_shape, n_outputs, *, build, embedding_rows, width, unknown_share=UNKNOWN_SHARE, **own
):
    """Build a network that gets embedded categories among its columns.

    Parameters
    ----------
    input_shape, embedding_rows, width, unknown_share
        See `table_inputs`.
    n_outputs : int
    build : callable
        Builder of the network.
    **own
        Its arguments.

    Returns
    -------
    keras.Model
    """
    inputs, columns = table_inputs(
        input_shape,
        embedding_rows=embedding_rows,
        width=width,
        unknown_share=unknown_share,
        dtype=own["dtype"],
        seed=own["seed"],
    )
    return keras.Model(inputs, build(columns.shape[1:], n_outputs, **own)(columns), name=BEHIND_EMBEDDINGS)


@keras.saving.register_keras_serializable("presets")
class UnknownLevels(keras.layers.Layer):
    """Takes a small share of levels for unknown ones, in training only.

    Parameters
    ----------
    share : float
    seed : int
    """

    def __init__(self, share, *, seed, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.share, self.seed = share, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, levels, training=False):
        """Give the number of each column, which is the row of what is unknown there, in place of a few levels."""
        if not training:
            return levels
        drawn = keras.random.uniform(ops.shape(levels), seed=self.seed_generator)
        return ops.where(drawn < self.share, ops.arange(levels.shape[1], dtype=levels.dtype), levels)

    def compute_output_spec(self, levels, training=False):
        """As the input."""
        return keras.KerasTensor(levels.shape, levels.dtype)

    def get_config(self):
        """Share and seed."""
        return super().get_config() | {"share": self.share, "seed": self.seed}


@keras.saving.register_keras_serializable("presets")
class DenseEmbedding(keras.layers.Embedding):
    """Keras's embedding with a dense gradient, which every optimizer and limit takes as it takes others."""

    def call(self, levels):
        """Rows of the table."""
        table = ops.cast(self.embeddings * 1.0, self.compute_dtype)
        return ops.take(table, levels, axis=0)
