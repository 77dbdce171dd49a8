"""Initial weights that fit the data: each unit has variance 1 on the first rows (Holzmüller et al. 2024)."""

import numpy as np

N_ROWS = 5
"""Number of rows whose random mixture sets the bias of a unit."""


def place_bins(program, weights, x):
    """Set the bins of piecewise-linear embeddings to the quantiles of some training rows.

    Parameters
    ----------
    program : Program
    weights : list of ndarray
    x : array or dict of str to array
        Encoded rows. The embedded columns come first.

    Returns
    -------
    list of ndarray
    """
    weights = list(weights)
    places = {id(variable): place for place, variable in enumerate(program.weight_variables)}
    for layer in program.core._flatten_layers():
        if hasattr(layer, "quantiles"):
            columns = x["numbers"] if isinstance(x, dict) else x
            weights[places[id(layer.edges)]] = layer.quantiles(columns[:, : layer.edges.shape[0]])
    return weights


def fit_to_rows(program, weights, x, seed):
    """Scale each kernel and draw each bias from the layers' outputs for some training rows.

    The layers are fitted in order. The kernel of a unit is divided by the standard deviation of its output. Its bias is
    the negative of a random convex combination of its outputs for five rows, so the kink of its activation lies within
    the data.

    Parameters
    ----------
    program : Program
        Its layers with kernels must have no activation of their own.
    weights : list of ndarray
    x : array or dict of str to array
        Encoded rows.
    seed : int

    Returns
    -------
    list of ndarray
    """
    random = np.random.default_rng(seed)
    weights = list(weights)
    positions = {id(variable): position for position, variable in enumerate(program.weight_variables)}
    for number, layer in enumerate(program.layers_with_kernels):
        program.load_weights(list(weights))
        outputs = program.layer_outputs(x)[number]
        deviation = outputs.std(axis=0)
        factor = 1 / np.where(deviation > 1e-6, deviation, 1.0)
        rows = random.integers(len(outputs), size=(N_ROWS, outputs.shape[1]))
        shares = random.dirichlet(np.ones(N_ROWS), size=outputs.shape[1]).T
        middle = np.sum(shares * np.take_along_axis(outputs, rows, axis=0), axis=0) * factor
        kernel, bias = positions[id(layer.kernel)], positions[id(layer.bias)]
        weights[kernel] = (weights[kernel] * factor).astype(weights[kernel].dtype)
        weights[bias] = (-middle / layer.bias_factor).astype(weights[bias].dtype)
    return weights
