"""Greedy selection of an ensemble from predictions for rows that the candidates have not seen (Caruana et al. 2004)."""

from collections.abc import Callable, Sequence

import numpy as np

from presets.typing import Array


def greedy_selection(
    predictions: Sequence[Array],
    y: Array,
    loss: Callable[[Array, Array, Array | None], float],
    *,
    sample_weight: Array | None = None,
    n_steps: int = 25,
) -> Array:
    """Find the weights with which the mean of several candidates has the lowest loss.

    Each step adds one candidate: the one that gives the mean of all candidates so far the lowest loss. A candidate may
    be added several times. Among equal candidates, one that is already in the mixture is preferred, so the mixture
    stays small. The result is the mixture after the best step. The first step is the best single candidate, so the
    result is never worse than that.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n_samples, ...)
        One array for each candidate, all for the same rows. No candidate was trained on these rows.
    y : ndarray of shape (n_samples, ...)
    loss : callable
        ``loss(y, predictions, sample_weight)`` returns a float; lower is better. NaN counts as infinite.
    sample_weight : ndarray of shape (n_samples,), optional
    n_steps : int, default=25
        Number of candidates to add.

    Returns
    -------
    ndarray of shape (n_candidates,)
        Weights that are not negative, with the sum 1.

    Raises
    ------
    ValueError
        If there is no candidate, or if the loss of all candidates is infinite or NaN.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble Selection from Libraries of Models", ICML 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from presets.ensembles.selection import greedy_selection
    >>> def squared_error(y, predictions, sample_weight):
    ...     return float(np.average((y - predictions) ** 2, weights=sample_weight))
    >>> y = np.array([1.0, 2.0])
    >>> greedy_selection([y - 1, y + 1, y + 5], y, squared_error)
    array([0.5, 0.5, 0. ])
    """
    if not len(predictions):
        raise ValueError("There is no candidate to select from.")
    counts = np.zeros(len(predictions), dtype=int)
    total = np.zeros_like(predictions[0], dtype=np.float64)
    least, best = np.inf, None
    for step in range(1, n_steps + 1):
        losses = np.array([loss(y, (total + candidate) / step, sample_weight) for candidate in predictions])
        losses[np.isnan(losses)] = np.inf
        equal = np.flatnonzero(losses == losses.min()).tolist()
        chosen = next((i for i in equal if counts[i]), equal[0])
        counts[chosen] += 1
        total += predictions[chosen]
        if losses[chosen] < least:
            least, best = losses[chosen], counts.copy()
    if best is None:
        raise ValueError("The loss of all candidates is infinite or NaN.")
    return best / best.sum()
