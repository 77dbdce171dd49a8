"""Sample weights. Only their ratios matter."""

import numpy as np

from presets.typing import Array


def relative_weights(weights: Array) -> Array:
    """Divide weights by the mean of the weights above zero.

    A constant factor of all weights changes nothing, not even the last bit. Weights of 1 stay 1.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        In float64, not negative, and not all zero.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    _, exponent = np.frexp(weights.max())
    weights = np.ldexp(weights, -exponent)  # exact, and the sum does not overflow
    return weights / weights[weights > 0].mean()
