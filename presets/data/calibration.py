"""Calibration of probabilities by one temperature (Guo et al. 2017)."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

BOUNDS = (0.05, 20.0)
"""Range of the search for the temperature."""

PRIOR = 0.1
"""Default weight of the prior."""


def temperature(
    logits: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None, *, prior: float = PRIOR
) -> float:
    """Find the best divisor of the logits.

    It minimises the log loss of ``softmax(logits / temperature)``. If each column is a separate label, it minimises
    that of ``expit(logits / temperature)``. The order of the classes stays, so predicted labels do not change.

    A weak prior around 1 prevents extreme results when there are few rows and all are classified correctly.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes), (n_samples, n_labels) or (n_samples,)
        Logits for rows that the model was not trained on. Logarithms of probabilities are logits too. With two classes,
        ``log(p / (1 - p))`` is one logit.
    targets : ndarray of shape (n_samples,) or that of `logits`
        If `logits` has a column for each class: codes of the classes from 0, of shape (n_samples,). Otherwise 0 or 1
        for each logit.
    weights : ndarray of shape (n_samples,), optional
    prior : float, default=0.1
        Weight of the squared logarithm of the temperature; each row has weight 1.

    Returns
    -------
    float
        Between 0.05 and 20. Above 1 for an overconfident model; 1.0 if there are no rows.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from presets.data.calibration import temperature
    >>> sure, targets = np.array([4.0] * 3 + [-4.0] * 3).repeat(50), np.array([1, 1, 0, 0, 0, 1]).repeat(50)
    >>> round(temperature(sure, targets), 1)  # two of three are right, so the logit should be log(2)
    5.7
    """
    logits, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if not len(logits):
        return 1.0
    losses = _class_losses if logits.ndim == 2 and targets.ndim == 1 and logits.shape[1] > 1 else _label_losses
    targets = targets if losses is _class_losses else targets.reshape(logits.shape)
    weights = np.ones(len(logits)) if weights is None else np.asarray(weights, dtype=np.float64)

    def cost(logarithm):
        mean = np.average(losses(logits / np.exp(logarithm), targets), weights=weights)
        return mean + prior * logarithm**2 / len(logits)

    return float(np.exp(minimize_scalar(cost, bounds=np.log(BOUNDS), method="bounded").x))


def _class_losses(logits, codes):
    return logsumexp(logits, axis=1) - logits[np.arange(len(codes)), codes]


def _label_losses(logits, indicators):
    losses = np.logaddexp(0.0, logits) - logits * indicators
    return losses if losses.ndim == 1 else losses.mean(axis=1)
