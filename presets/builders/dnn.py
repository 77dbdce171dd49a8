"""Dense networks for tables."""

import keras

from presets.builders.embeddings import table_inputs


def build_dnn(
    input_shape,
    n_outputs,
    *,
    hidden_layer_sizes,
    activation,
    kernel_initializer,
    dropout,
    l1,
    l2,
    dtype,
    seed,
    numeric_embedding=None,
    **embeddings,
):
    """Build a dense network from standardised columns to logits or standardised values.

    Parameters
    ----------
    input_shape : tuple of int, or dict
        ``(n_features,)``, or of numbers and levels, see `table_inputs`.
    n_outputs : int
        Number of logits or values.
    hidden_layer_sizes : sequence of int
        Width of each hidden layer; powers of two use the hardware well (S2).
    activation : str or callable
        Activation of the hidden layers.
    kernel_initializer : keras.initializers.Initializer
        Initializer of all kernels (A7). Biases start at zero.
    dropout : float
        Share of each hidden layer's outputs that training drops (S3).
    l1, l2 : float
        Factors of the kernels' absolute and squared values in the loss (A11).
    dtype : str or keras.DTypePolicy
    seed : int
        Seed of the dropout layers and of the embedding.
    numeric_embedding : {"periodic", "pbld", "piecewise"} or None
        See `embed_numbers`.
    **embeddings
        Further arguments of `table_inputs`.

    Returns
    -------
    keras.Model
        From ``(n_samples, n_features)`` to ``(n_samples, n_outputs)``.
    """
    inputs, outputs = table_inputs(
        input_shape, numeric_embedding=numeric_embedding, dtype=dtype, seed=seed, **embeddings
    )
    for number, width in enumerate(hidden_layer_sizes):
        outputs = keras.layers.Dense(
            int(width),
            activation=activation,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
            dtype=dtype,
            name=f"hidden_{number + 1}",
        )(outputs)
        if dropout:
            outputs = keras.layers.Dropout(dropout, seed=seed + number, dtype=dtype, name=f"dropout_{number + 1}")(
                outputs
            )
    outputs = keras.layers.Dense(
        int(n_outputs),
        kernel_initializer=kernel_initializer,
        kernel_regularizer=keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
        dtype=dtype,
        name="outputs",
    )(outputs)
    return keras.Model(inputs, outputs, name="dnn")
