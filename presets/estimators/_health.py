"""Records of a fit beside its history (A1, A7, S4), for `diagnose`."""

from dataclasses import dataclass

import numpy as np

from presets.data.faults import find_faults, sample_rows
from presets.data.report import Report
from presets.training.probe import Signal
from presets.warn import warn_user

CELLS = 1 << 20
"""Greatest number of values of X in the data check of a fit, which takes a few milliseconds."""

_LEAST = 1e-7  # least probability, as in Keras's losses


@dataclass(frozen=True)
class Health:
    """Records of a fit about its data and its network.

    Parameters
    ----------
    data : Report
        Findings of the data check at the start (A1, A2).
    signal : Signal
        Size of outputs and gradients in each layer before the first update (A7).
    dead_units : dict of str to float
        Share of dead units in each hidden layer at the end: their output is zero for all rows of a batch.
    constant_loss : tuple of float or None
        Loss of the best constant prediction for the training part, on that part and on the validation part (NaN if
        there is none). None for losses other than "auto", and with penalties or smoothed labels.
    n_training, n_validation : int
        Number of rows in each part.
    batch_size : int
    """

    data: Report
    signal: Signal
    dead_units: dict[str, float]
    constant_loss: tuple[float, ...] | None
    n_training: int
    n_validation: int
    batch_size: int


def check_rows(plan, y, *, classification, standardize, names):
    """Check the encoded data of a fit, and warn of serious findings.

    Parameters
    ----------
    plan : Plan
    y : ndarray of shape (n_samples, ...)
        Before encoding.
    classification, standardize : bool
    names : sequence or None
        Names of the columns.

    Returns
    -------
    Report
    """
    dataset, rows = plan.training, np.sort(plan.seen_rows)
    one, of_cells = dataset.x.inspect(rows[:1])
    seen = sample_rows(np.arange(len(rows)), one.size, CELLS)
    findings = find_faults(
        dataset.x.inspect(rows[seen])[0],
        y[rows],
        rows=seen,
        classification=classification,
        standardize=standardize,
        names=names if of_cells is None else of_cells,
    )
    misread = dataset.x.find_misread(rows)
    told = dataset.x.find_telling(rows[seen], y[rows[seen]], classification=classification)
    told += dataset.x.find_new_levels(plan.rows, plan.validation.x, plan.validation_rows)
    if misread:
        warn_user(" ".join(f"{finding.what} {finding.to_do}" for finding in misread))
    report = Report("Data check", [*findings, *misread, *told])
    for finding in report:
        if finding.severity == "serious":
            warn_user(str(finding))
    return report


def constant_loss(recipe, training, validation):
    """Loss of the best constant prediction for the training part, on that part and on the validation part.

    Parameters
    ----------
    recipe : Recipe
    training, validation : tuple of (ndarray, ndarray or None)
        Encoded targets and weights.

    Returns
    -------
    tuple of float or None
    """
    if recipe.loss != "auto" or any(name in recipe.tunables for name in ("l1", "l2", "label_smoothing")):
        return None
    losses = {"softmax": _cross_entropies, "sigmoid": _binary_cross_entropies, "linear": _squared_errors}
    per_row = losses[recipe.activation](*training, validation[0])
    return tuple(
        float(np.average(values, weights=weights)) if len(values) else np.nan
        for values, (_, weights) in zip(per_row, (training, validation), strict=True)
    )


def _cross_entropies(codes, weights, others):
    shares = np.bincount(codes, weights, minlength=others.max(initial=0) + 1)
    logarithms = np.log(np.maximum(shares / shares.sum(), _LEAST))
    return -logarithms[codes], -logarithms[others]


def _binary_cross_entropies(indicators, weights, others):
    shares = np.clip(np.average(indicators, axis=0, weights=weights), _LEAST, 1 - _LEAST)
    return tuple(
        -np.where(values > 0, np.log(shares), np.log1p(-shares)).mean(axis=1) for values in (indicators, others)
    )


def _squared_errors(values, weights, others):
    mean = np.average(values.astype(np.float64), axis=0, weights=weights)
    return tuple(np.square(part - mean).mean(axis=1) for part in (values, others))
