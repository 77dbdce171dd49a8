"""Dense networks for tables in the parametrisation of RealMLP (Holzmüller et al. 2024)."""

import keras

from presets.builders.embeddings import table_inputs
from presets.builders.ntk import NTKDense
from presets.builders.parametric import ParametricActivation
from presets.builders.scaling import FeatureScaling

SCALE_RATE = 6.0
"""Factor of the learning rate of the columns' factors, compared with other weights."""

SLOW_RATE = 0.1
"""Factor of the learning rate of biases and activations."""


def build_dnn_ntk(
    input_shape,
    n_outputs,
    *,
    hidden_layer_sizes,
    activation,
    numeric_embedding,
    dropout,
    l1,
    l2,
    dtype,
    seed,
    **embeddings,
):
    """Build a dense network whose kernels have unit scale, with trained factors of columns and activations.

    Parameters
    ----------
    input_shape : tuple of int, or dict
        See `table_inputs`.
    n_outputs : int
        Number of logits or values.
    hidden_layer_sizes : sequence of int
        Width of each hidden layer.
    activation : str or callable
        Activation of the hidden layers, with a trained strength for each unit.
    numeric_embedding : {"periodic", "pbld", "piecewise"} or None
        See `embed_numbers`.
    dropout, l1, l2, dtype, seed, **embeddings
        See `build_dnn`.

    Returns
    -------
    keras.Model
        From ``(n_samples, n_features)`` to ``(n_samples, n_outputs)``.
    """
    dense = {
        "bias_factor": SLOW_RATE,
        "kernel_regularizer": keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
        "dtype": dtype,
    }
    inputs, outputs = table_inputs(
        input_shape, numeric_embedding=numeric_embedding, dtype=dtype, seed=seed, **embeddings
    )
    outputs = FeatureScaling(SCALE_RATE, dtype=dtype, name="scaling")(outputs)
    for number, width in enumerate(hidden_layer_sizes):
        outputs = NTKDense(int(width), seed=seed + number, name=f"hidden_{number + 1}", **dense)(outputs)
        outputs = ParametricActivation(activation, rate_factor=SLOW_RATE, dtype=dtype, name=f"activation_{number + 1}")(
            outputs
        )
        if dropout:
            outputs = keras.layers.Dropout(dropout, seed=seed + number, dtype=dtype, name=f"dropout_{number + 1}")(
                outputs
            )
    outputs = NTKDense(int(n_outputs), seed=seed + len(hidden_layer_sizes), name="outputs", **dense)(outputs)
    return keras.Model(inputs, outputs, name="dnn")
