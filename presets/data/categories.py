"""Search for columns of a table that are useless, contain the target, or differ between its parts."""

import numpy as np

from presets import article
from presets.data.frames import Table
from presets.data.report import Finding, listed
from presets.typing import Array

NEW_LEVELS = 0.01
"""A note is given if at least this share of the validation rows has levels that no training row has."""

SPARSE_IDS = 2
"""Whole numbers that differ in all rows are ids or row numbers, if their range is smaller than this times the rows."""


def find_empty_columns(table: Table, rows: Array) -> list[Finding]:
    """Find columns in which all values are missing.

    Parameters
    ----------
    table : presets.data.frames.Table
    rows : ndarray of int

    Returns
    -------
    list of Finding
    """
    names = [column.name for column in table.columns if column.is_missing[rows].all()]
    if not names:
        return []
    return [
        Finding(
            "empty_columns",
            "warning",
            f"{_columns(names)} {'have' if len(names) > 1 else 'has'} no value in {len(rows)} rows, so the network "
            "cannot use this.",
            "Find out where the values are, or remove such columns.",
            "A1",
            figure=len(names),
            columns=tuple(names),
        )
    ]


def find_number_ids(table: Table) -> list[Finding]:
    """Find columns of whole numbers that differ in all rows and are close together.

    Parameters
    ----------
    table : presets.data.frames.Table

    Returns
    -------
    list of Finding
    """
    names = [column.name for column in table.columns if column.kind == "number" and is_id(column.values)]
    if not names:
        return []
    return [
        Finding(
            "number_ids",
            "note",
            f"{_columns(names)} {'have' if len(names) > 1 else 'has'} whole numbers that differ in all rows, like ids "
            "or row numbers.",
            "Remove ids: they say nothing about new rows.",
            "A1",
            figure=len(names),
            columns=tuple(names),
        )
    ]


def is_id(values: Array) -> bool:
    """Whether numbers are whole, all different, and close together."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) < article.FEW_ROWS or not np.isfinite(values).all() or (values != np.rint(values)).any():
        return False
    return np.ptp(values) < SPARSE_IDS * len(values) and len(np.unique(values)) == len(values)


def find_telling_levels(table: Table, y: Array, *, classification: bool) -> list[Finding]:
    """Find categories in which each level has one class, or one value of y.

    `presets.data.faults.find_faults` finds categories with one level for each class.

    Parameters
    ----------
    table : presets.data.frames.Table
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    classification : bool

    Returns
    -------
    list of Finding
    """
    if y.ndim != 1 or len(y) < article.FEW_ROWS:
        return []
    codes = np.unique(y, return_inverse=True)[1] if classification else y.astype(np.float64)
    tell = _tell_class if classification else _tell_value
    names = [column.name for column in table.columns if column.kind == "category" and tell(column.values, codes)]
    if not names:
        return []
    return [
        Finding(
            "leaked_target",
            "warning",
            f"{_columns(names)} of X {'determine' if len(names) > 1 else 'determines'} y exactly: each level has one "
            f"{'class' if classification else 'value'}.",
            "Remove such a column, unless its values will be known when predictions are made.",
            "A1",
            figure=len(names),
            columns=tuple(names),
        )
    ]


def _tell_class(levels, classes):
    n_levels, n_classes = len(np.unique(levels)), classes.max() + 1
    if n_classes < 2 or n_levels <= n_classes or len(levels) < article.ROWS_PER_VALUE * n_levels:
        return False
    return len(np.unique((levels + 1) * n_classes + classes)) == n_levels


def _tell_value(levels, values):
    groups = np.unique(levels, return_inverse=True)[1]
    counts = np.bincount(groups)
    total = np.square(values - values.mean()).sum()
    if len(counts) < 2 or len(levels) < article.ROWS_PER_VALUE * len(counts) or not total > 0:
        return False
    means = np.bincount(groups, values) / counts
    return bool(np.square(values - means[groups]).sum() <= article.CONFLICTS_NOISE * total)


def find_new_levels(table: Table, rows: Array, validation: Table, validation_rows: Array) -> list[Finding]:
    """Find categories with levels that only the validation part has.

    Parameters
    ----------
    table, validation : presets.data.frames.Table
        The same object if the validation rows are part of X.
    rows, validation_rows : ndarray of int

    Returns
    -------
    list of Finding
    """
    shares = {}
    for column, other in zip(table.columns, validation.columns, strict=True):
        if column.kind == "category" and len(validation_rows):
            known = {column.levels[code] for code in np.unique(column.values[rows]) if code >= 0}
            is_new = np.array([level not in known for level in other.levels] + [False])  # a gap is no level
            shares[column.name] = is_new[other.values[validation_rows]].mean()
    new = [name for name, share in shares.items() if share >= NEW_LEVELS]
    if not new:
        return []
    most = max(new, key=shares.__getitem__)
    return [
        Finding(
            "new_levels",
            "note",
            f"{_columns(new)} {'have' if len(new) > 1 else 'has'} levels in the validation part that the training part "
            f"lacks, in {shares[most]:.1%} of its rows for {most!r}. They count as unknown.",
            "Merge rare levels, or split the rows so that both parts have all levels.",
            "A1",
            figure=float(shares[most]),
            columns=tuple(new),
        )
    ]


def _columns(names):
    return f"Column{'s' if len(names) > 1 else ''} {listed(names)}"
