"""Faults of numbers and their targets (A1, A2). The checks are quick enough for the start of each fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from presets import article
from presets.data.repetitions import find_repeated_rows
from presets.data.report import SHOWN, Finding
from presets.typing import Array


def sample_rows(rows: Array, n_cells: int, budget: int) -> Array:
    """Choose evenly spaced rows whose values do not exceed a budget.

    Parameters
    ----------
    rows : ndarray of int
    n_cells : int
        Number of values in a row.
    budget : int
        Greatest number of values.

    Returns
    -------
    ndarray of int
        All rows if they are within the budget.
    """
    n_rows = min(len(rows), max(budget // max(n_cells, 1), 1))
    return rows[np.arange(n_rows) * len(rows) // n_rows]


def find_faults(
    x: Array,
    y: Array,
    *,
    rows: Array,
    classification: bool,
    standardize: bool,
    names: Sequence[Any] | None = None,
    has_all_columns: bool = True,
) -> list[Finding]:
    """Find faults in rows for training.

    Parameters
    ----------
    x : array of shape (n_rows, ...)
        Finite numbers, except for padding with NaN.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels, indicators or values.
    rows : ndarray of shape (n_rows,)
        Numbers of the rows in y that belong to x.
    classification : bool
    standardize : bool
        Whether x is or will be standardised.
    names : sequence, optional
        Names of the columns, if x is a table.
    has_all_columns : bool, default=True
        Whether x has all columns. If not, equal rows are not reported.

    Returns
    -------
    list of Finding
        Causes before their effects.
    """
    labels = np.unique(y, return_inverse=True) if classification and y.ndim == 1 else None
    values = None if classification else np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    candidates = []
    if values is not None:
        candidates.append(_constant_target(values))
        _, exponent = np.frexp(np.abs(values).max())
        values = np.ldexp(values, -exponent)  # exact, and the squares do not overflow
    if x.size:
        candidates += _faults_of_cells(
            x,
            labels and (labels[0], labels[1][rows]),
            None if values is None else values[rows],
            standardize,
            names,
            has_all_columns,
        )
    if labels is not None:
        candidates.append(_few_rows_per_class(*labels))
    candidates.append(_few_rows(len(y)))
    if labels is not None:
        candidates.append(_imbalance(*labels))
    return [finding for finding in candidates if finding is not None]


def _faults_of_cells(x, labels, values, standardize, names, has_all_columns):
    cells = np.ascontiguousarray(x.reshape(len(x), -1))
    names = range(cells.shape[1]) if names is None else names
    yield _leaked_target(cells, labels, values, names)
    if not standardize:
        yield _unscaled(cells, names)
    if has_all_columns:
        yield from find_repeated_rows(cells, labels, values)
    if x.ndim == 2:
        yield _constant_columns(cells, names)


def _constant_target(values):
    constant = (values == values[:1]).all(axis=0)
    if len(values) < 2 or not constant.any():
        return None
    where = "y" if values.shape[1] == 1 else f"Column {_list(np.flatnonzero(constant))} of y"
    return Finding(
        "constant_target",
        "serious" if constant.all() else "warning",
        f"{where} is {values[0, constant][0]:g} in all {len(values)} rows: there is nothing to learn.",
        "Check how y was computed.",
        "A1",
        figure=int(constant.sum()),
    )


def _leaked_target(cells, labels, values, names):
    """Find columns that contain the target in another form."""
    if labels is not None:
        leaks = _names_classes(cells, *labels)
    elif values is not None and values.shape[1] == 1 and len(values) >= article.FEW_ROWS:
        leaks = np.abs(_correlations(cells, values[:, 0])) > 1 - article.LEAK_NOISE
    else:
        return None
    columns = [names[i] for i in np.flatnonzero(leaks)]
    if not columns:
        return None
    return Finding(
        "leaked_target",
        "warning",
        f"Column {_list(columns)} of X determines y exactly: it has "
        f"{'one constant value for each class' if labels else 'a correlation of 1 with y'}.",
        "Remove this column, unless its values will be known when predictions are made.",
        "A1",
        figure=len(columns),
        columns=tuple(columns),
    )


def _names_classes(cells, classes, codes):
    """Whether each column has one constant value for each class, and different values for different classes."""
    counts = np.bincount(codes)
    if len(classes) < 2 or counts.min() < article.ROWS_PER_VALUE:
        return np.zeros(cells.shape[1], dtype=bool)
    starts = np.r_[0, np.cumsum(counts)[:-1]]
    by_class = cells[np.argsort(codes, kind="stable")]
    low, high = (limit.reduceat(by_class, starts) for limit in (np.minimum, np.maximum))
    return (low == high).all(axis=0) & (np.diff(np.sort(low, axis=0), axis=0) > 0).all(axis=0)


def _correlations(cells, values):
    cells = cells - cells.mean(axis=0, dtype=np.float64)
    values = values - values.mean()
    norms = np.sqrt(np.square(cells).sum(axis=0) * np.square(values).sum())
    return np.divide(values @ cells, norms, out=np.zeros(cells.shape[1]), where=norms > 0)


def _unscaled(cells, names):
    counts = np.maximum(np.isfinite(cells).sum(axis=0), 1)  # padding is NaN
    sizes = np.sqrt(np.nansum(np.square(cells, dtype=np.float64), axis=0) / counts)
    largest = int(sizes.argmax())
    if not sizes[largest] > article.UNSCALED:
        return None
    return Finding(
        "unscaled",
        "serious",
        f"standardize=False, and column {names[largest]!r} has a root mean square of {sizes[largest]:.3g}; networks "
        "need about 1.",
        "Set standardize=True, or scale X before fit.",
        "A2",
        figure=float(sizes[largest]),
        parameter="standardize",
        columns=(names[largest],),
    )


def _few_rows_per_class(classes, codes):
    counts = np.bincount(codes)
    few = counts < article.FEW_PER_CLASS
    if not few.any():
        return None
    smallest = counts.argmin()
    return Finding(
        "few_rows_per_class",
        "warning",
        f"{few.sum()} of {len(classes)} classes have fewer than {article.FEW_PER_CLASS} rows; "
        f"{_plain(classes[smallest])!r} has {counts[smallest]}.",
        "Collect more rows of these classes, merge classes, or use a simpler model than a network.",
        "A1",
        figure=int(counts[smallest]),
    )


def _few_rows(n_rows):
    if n_rows >= article.FEW_ROWS:
        return None
    return Finding(
        "few_rows",
        "warning",
        f"There are {n_rows} rows, fewer than {article.FEW_ROWS}.",
        "Collect more rows, or use a simpler model than a network.",
        "A1",
        figure=n_rows,
    )


def _imbalance(classes, codes):
    counts = np.bincount(codes)
    ratio = counts.max() / counts.min()
    if ratio < article.IMBALANCE:
        return None
    return Finding(
        "imbalance",
        "warning",
        f"Class {_plain(classes[counts.argmax()])!r} has {counts.max()} rows, {ratio:.3g} times as many as class "
        f"{_plain(classes[counts.argmin()])!r} with {counts.min()}.",
        'Set class_weight="balanced" if rare classes are as important as others, and score by balanced accuracy or log '
        "loss.",
        "A1",
        figure=float(ratio),
        parameter="class_weight",
    )


def _constant_columns(cells, names):
    constant = np.flatnonzero((cells == cells[:1]).all(axis=0))
    if len(cells) < 2 or not len(constant):
        return None
    return Finding(
        "constant_columns",
        "note",
        f"{len(constant)} of {cells.shape[1]} columns are constant: {_list([names[i] for i in constant])}.",
        "They contain no information. You can remove them.",
        "A1",
        figure=len(constant),
        columns=tuple(names[i] for i in constant),
    )


def _list(names):
    shown = ", ".join(repr(_plain(name)) for name in names[:SHOWN])
    return f"{shown}, ..." if len(names) > SHOWN else shown


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
