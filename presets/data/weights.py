"""Sample weights, of which only the ratios matter."""

import numpy as np


def relative_weights(weights):
    """Divide weights by the mean of those that are not zero.

    All of them times a constant give the same, up to the last bit, however small or large it is; weights of 1 stay so.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        In float64, none negative, not all zero.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    _, exponent = np.frexp(weights.max())
    weights = np.ldexp(weights, -exponent)  # exact, and of a size whose sum is a number
    return weights / weights[weights > 0].mean()
