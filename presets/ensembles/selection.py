"""Greedy selection of an ensemble from predictions that candidates made for rows unseen (Caruana et al. 2004)."""

import numpy as np


def greedy_selection(predictions, y, loss, *, sample_weight=None, n_steps=25):
    """Find the weights with which candidates predict best together.

    Each step adds the candidate with which the mean of all that were added so far has the least loss; the same one may
    be added again. Of equal candidates one that is in already is taken, so that the mixture stays small. The result is
    the best prefix of the steps. Its first step is the best single candidate, so that no mixture is worse than that.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n_samples, ...)
        Of each candidate, for the same rows, which it was not trained on.
    y : ndarray of shape (n_samples, ...)
    loss : callable
        ``loss(y, predictions, sample_weight)`` gives a float; less is better. NaN counts as infinitely bad.
    sample_weight : ndarray of shape (n_samples,), optional
    n_steps : int, default=25

    Returns
    -------
    ndarray of shape (n_candidates,)
        Not negative; the sum is 1.

    Raises
    ------
    ValueError
        If there is no candidate, or the loss of each is infinite or NaN.

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
        equal = np.flatnonzero(losses == losses.min())
        chosen = next((i for i in equal if counts[i]), equal[0])
        counts[chosen] += 1
        total += predictions[chosen]
        if losses[chosen] < least:
            least, best = losses[chosen], counts.copy()
    if best is None:
        raise ValueError("The loss of each candidate is infinite or NaN.")
    return best / best.sum()
