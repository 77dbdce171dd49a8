"""Missing values that depend on the target."""

import numpy as np

from presets.data.frames import Table
from presets.data.report import Finding
from presets.typing import Array

SIGNIFICANT = 5.0
"""The target must differ between rows with and without a gap by this many standard errors, far more than by chance."""

DIFFERENCE = 0.1
"""Smaller differences are not reported. The unit is the share of a class, or the standard deviation of values."""


def find_telling_gaps(table: Table, y: Array, *, classification: bool) -> list[Finding]:
    """Find columns whose gaps depend on the target.

    Parameters
    ----------
    table : presets.data.frames.Table
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    classification : bool

    Returns
    -------
    list of Finding
        At most one.
    """
    if y.ndim != 1:
        return []
    if classification:
        signs = np.unique(y)[:, np.newaxis] == y
    else:
        signs = np.asarray(y, dtype=np.float64)[np.newaxis] / (np.std(y.astype(np.float64)) or 1.0)
    differences = {column.name: _difference(signs, column.is_missing) for column in table.columns}
    found = {name: difference for name, difference in differences.items() if difference >= DIFFERENCE}
    if not found:
        return []
    largest = max(found, key=found.__getitem__)
    unit = "in the share of a class" if classification else "standard deviations of y"
    return [
        Finding(
            "telling_gaps",
            "note",
            f"In {len(found)} columns, y differs between rows with and without a missing value, most for column "
            f"{largest!r}: a difference of {found[largest]:.2g} {unit}.",
            "Find out why values are missing, and whether they will be missing in the same way at prediction time.",
            "A1",
            figure=found[largest],
        )
    ]


def _difference(signs, missing):
    """Greatest difference of means between rows with and without a gap; 0 if it may be chance."""
    n_missing, n_present = missing.sum(), (~missing).sum()
    if min(n_missing, n_present) < 2:
        return 0.0
    differences = np.abs(signs[:, missing].mean(axis=1) - signs[:, ~missing].mean(axis=1))
    errors = signs.std(axis=1) * np.sqrt(1 / n_missing + 1 / n_present)
    return float(np.max(differences * (differences > SIGNIFICANT * errors)))
