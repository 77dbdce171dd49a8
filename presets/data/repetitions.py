"""Rows that occur several times in the data (A1)."""

import math

import numpy as np

from presets import article
from presets.data.report import Finding

FINE = 1000.0
"""Rows that nearly repeat another one differ by less than a standard deviation divided by this, in each column."""

VARIED, COLUMNS = 20, 4
"""With at least this many columns of at least so many different values, rows are not nearly equal by chance."""


def find_repeated_rows(cells, labels, values):
    """Find rows that occur several times in x, with different targets or with the same target.

    Parameters
    ----------
    cells : ndarray of shape (n_rows, n_cells)
    labels : tuple of (ndarray, ndarray) or None
        The classes, and the number of the class of each row.
    values : ndarray of shape (n_rows, n_outputs) or None

    Yields
    ------
    Finding
    """
    groups = _groups(cells)
    n_repeated = len(cells) - (groups.max() + 1)
    if n_repeated == 0:
        return
    if labels is not None:
        pairs, sizes = np.unique(np.stack([groups, labels[1]]), axis=1, return_counts=True)
        kept = np.zeros(groups.max() + 1, dtype=int)
        np.maximum.at(kept, pairs[0], sizes)
        floor = 1 - kept.sum() / len(cells)
        limit = f"no model can predict more than {_below_all(floor)} of the labels correctly"
        n_same = len(cells) - pairs.shape[1]
    elif values is not None:
        means = np.stack([np.bincount(groups, column) / np.bincount(groups) for column in values.T], axis=1)
        spread = np.square(values - values.mean(axis=0)).sum()
        floor = np.square(values - means[groups]).sum() / spread if spread else 0.0
        limit = f"no model can explain more than {_below_all(floor)} of the variance of y"
        n_same = n_repeated
    else:
        return
    if floor > article.CONFLICTS_NOISE:
        yield Finding(
            "conflicting_labels",
            _severity_of_conflicts(floor),
            f"{n_repeated} of {len(cells)} rows repeat another row, some with a different y: {limit}.",
            "Find out which y is right, or add columns that distinguish these rows.",
            "A1",
            figure=float(floor),
        )
    if n_same >= article.DUPLICATES * len(cells):
        yield Finding(
            "duplicate_rows",
            "note",
            f"{n_same} of {len(cells)} rows ({n_same / len(cells):.1%}) repeat another row with the same y.",
            "Remove repeated rows, or keep them in the same part of each split. Otherwise validation and test scores "
            "are too good.",
            "A1",
            figure=n_same / len(cells),
        )


def find_near_repetitions(cells, is_id):
    """Find rows that differ only in ids, or by less than a thousandth of a standard deviation in each column.

    Parameters
    ----------
    cells : ndarray of shape (n_rows, n_cells)
    is_id : ndarray of bool of shape (n_cells,)
        Columns that are not compared.

    Yields
    ------
    Finding
    """
    cells = cells[:, ~is_id].astype(np.float64)
    spread = cells.std(axis=0)
    cells = cells[:, spread > 0] / spread[spread > 0]
    rounded = np.round(cells * FINE)
    is_varied = sum(len(np.unique(column)) > VARIED for column in rounded.T) >= COLUMNS
    n_near = _n_repeated(rounded if is_varied else cells) if cells.size else 0
    if not is_id.any():
        n_near -= _n_repeated(cells) if cells.size else 0
    if n_near >= article.DUPLICATES * len(cells):
        how = "except for ids" if is_id.any() else "nearly exactly"
        yield Finding(
            "near_duplicate_rows",
            "note",
            f"{n_near} of {len(cells)} rows ({n_near / len(cells):.1%}) repeat another row {how}.",
            "Keep such rows in the same part of each split. Otherwise validation and test scores are too good.",
            "A1",
            figure=float(n_near / len(cells)),
        )


def _n_repeated(cells):
    return len(cells) - (_groups(np.ascontiguousarray(cells)).max(initial=-1) + 1)


def _below_all(missing):
    """The remaining share as text, with enough digits to be below 100%."""
    digits = max(1, -math.floor(math.log10(missing)) - 2) if missing else 1
    return f"{1 - missing:.{digits}%}"


def _severity_of_conflicts(floor):
    if floor < article.CONFLICTS:
        return "note"
    return "serious" if floor >= article.CONFLICTS_SERIOUS else "warning"


def _groups(cells):
    """A number for each row; equal rows have equal numbers."""
    numbers = cells if cells.dtype.kind == "f" else cells.astype(np.float64)
    bits = (numbers + 0.0).view(np.uint8 if numbers.dtype.itemsize == 2 else np.uint32).astype(np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=bits.shape[1], dtype=np.uint64) * 2 + 1
    return np.unique(bits @ factors, return_inverse=True)[1]
