"""Embeddings of categories before a network (one table holds the rows of all columns)."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from presets.builders.numeric_embedding import embed_numbers

UNKNOWN_SHARE = 0.01
"""Share of the levels that training replaces by the unknown level, so that the rows of unknown levels are trained."""

COLUMNS, BEHIND_EMBEDDINGS = "columns", "behind_embeddings"
"""Names of the layer that joins all columns, and of a model with a network after it."""


def table_inputs(
    input_shape: Any,
    *,
    n_numbers: int | None = None,
    numeric_embedding: str | None = None,
    embedding_rows: int = 0,
    width: int = 0,
    unknown_share: float = UNKNOWN_SHARE,
    dtype: Any,
    seed: int,
) -> tuple[Any, Any]:
    """Make the inputs of a network for tables, and join their columns.

    Parameters
    ----------
    input_shape : tuple of int, or dict
        ``(n_columns,)``; with embedded columns ``{"numbers": (n_columns,), "levels": (n_embedded,)}``.
    n_numbers : int, optional
        The first `n_numbers` of the dense columns are numbers, the others are flags. By default all are numbers.
    numeric_embedding : {"periodic", "pbld", "piecewise"} or None
        Embedding of the numbers, see `embed_numbers`.
    embedding_rows : int
        Number of rows of the embeddings of all columns. The first rows are for unknown levels, one for each column.
    width : int
        Number of values in each row.
    unknown_share : float
        Share of the levels that training replaces by the unknown level. With 0 the network has Keras's own layers only.
    dtype : str or keras.DTypePolicy
    seed : int

    Returns
    -------
    inputs : keras.KerasTensor or dict of str to keras.KerasTensor
    columns : keras.KerasTensor of shape (n_rows, n_columns)
        Dense columns first, embedded levels last.
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
    # training uses its own class: on TensorFlow, the gradient of Keras's embedding is sparse and slow
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
    input_shape: dict[str, tuple[int, ...]],
    n_outputs: int,
    *,
    build: Callable[..., keras.Model],
    embedding_rows: int,
    width: int,
    unknown_share: float = UNKNOWN_SHARE,
    **own: Any,
) -> keras.Model:
    """Build a network with embedded categories among its columns.

    Parameters
    ----------
    input_shape, embedding_rows, width, unknown_share
        See `table_inputs`.
    n_outputs : int
    build : callable
        Builder of the network.
    **own
        Arguments of the builder.

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
    """Replaces a small share of the levels by the unknown level, in training only.

    Parameters
    ----------
    share : float
        Between 0 and 1.
    seed : int
    """

    def __init__(self, share: float, *, seed: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.share, self.seed = share, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, levels: Any, training: bool = False) -> Any:
        """Replace some levels by the number of their column, which is the row of its unknown level."""
        if not training:
            return levels
        drawn = keras.random.uniform(ops.shape(levels), seed=self.seed_generator)
        return ops.where(drawn < self.share, ops.arange(levels.shape[1], dtype=levels.dtype), levels)

    def compute_output_spec(self, levels: Any, training: bool = False) -> keras.KerasTensor:
        """Return the spec of the input."""
        return keras.KerasTensor(levels.shape, levels.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return share and seed."""
        return super().get_config() | {"share": self.share, "seed": self.seed}


@keras.saving.register_keras_serializable("presets")
class DenseEmbedding(keras.layers.Embedding):
    """Keras's embedding with a dense gradient, which all optimizers and limits handle like other gradients."""

    def call(self, levels: Any) -> Any:
        """Look up the rows of the table."""
        table = ops.cast(self.embeddings * 1.0, self.compute_dtype)
        return ops.take(table, levels, axis=0)
