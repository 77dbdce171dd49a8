"""The data check (A1): it checks whether there are enough rows, and whether they are clean and correctly labelled."""

from __future__ import annotations  # help() then shows the names of types

import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import type_of_target

from presets import article
from presets.data.arrays import check_container
from presets.data.categorical_features import categorical_columns
from presets.data.categories import find_empty_columns, find_number_ids, find_telling_levels, is_id
from presets.data.columns import as_table
from presets.data.faults import find_faults, sample_rows
from presets.data.frames import Table, read_usable
from presets.data.gaps import find_telling_gaps
from presets.data.kinds import kind_of
from presets.data.layout import find_layout_faults
from presets.data.repetitions import find_near_repetitions
from presets.data.report import SHOWN, Finding, Report, listed
from presets.data.sequences import read_sequences
from presets.data.standardize import dense
from presets.data.strings import find_misread_strings
from presets.data.table import MAX_ONEHOT, TableEncoder
from presets.data.targets import is_missing
from presets.typing import Estimator, Features, Values

CELLS = 1 << 26
"""Greatest number of values that are checked. For larger data, evenly spaced rows are checked."""


def check_data(
    X: Features,
    y: Values,
    *,
    classification: bool | str = "auto",
    standardize: bool = True,
    classifier: Estimator | None = None,
    cv: int = 5,
    random_state: int = 0,
) -> Report:
    """Check data before a network is trained on them (A1).

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features) or (n_samples, ...)
        In any form that an estimator of this package takes. Columns that no network can use are findings, not errors.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    classification : bool or "auto", default="auto"
        Whether y has classes. "auto": if y has strings, or whole numbers with at least four rows for each different
        value on average.
    standardize : bool, default=True
        Whether the estimator will standardise X (A2).
    classifier : estimator with predict_proba, optional
        Finds labels that are likely wrong: labels that the classifier contradicts with confidence, on rows that it was
        not trained on (Northcutt et al. 2021). Without a classifier, nothing is fitted and labels are not checked.
    cv : int, default=5
        Number of folds for the classifier.
    random_state : int, default=0
        Seed for shuffling the folds.

    Returns
    -------
    Report
        Findings with their figures. The figure of "likely_wrong_labels" is the share of such labels; the function
        `likely_wrong_labels` returns the rows.

    Raises
    ------
    ValueError
        If X and y differ in length, or X is a container without data, such as a LazyFrame.

    References
    ----------
    Northcutt, Jiang, Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import check_data
    >>> X, y = load_iris(return_X_y=True)
    >>> X[:, 3] = y  # a column with the class itself
    >>> [finding.code for finding in check_data(X, y).alarms]
    ['leaked_target']
    """
    check_container(X, "X")
    check_consistent_length(X, y)
    target = _as_target(y)
    findings = []
    missing = np.array([is_missing(label) for label in target.ravel()]).reshape(target.shape)
    if missing.any():
        findings.append(_missing_targets(missing))
        return Report("Data check", findings)  # the other checks need all targets
    has_classes = _holds_classes(target) if isinstance(classification, str) else classification
    kind = kind_of(X)
    mixed, faulty = read_usable(X) if kind == "table" else (None, [])
    if mixed is not None:
        findings += find_empty_columns(mixed, np.arange(len(target)))
        findings += find_misread_strings(mixed) + find_number_ids(mixed)
        findings += find_telling_levels(mixed, target, classification=has_classes)
        findings += find_telling_gaps(mixed, target, classification=has_classes)
        rows = sample_rows(np.arange(len(target)), mixed.shape[1], CELLS)
        cells, names = _encoder(mixed, standardize).inspect(mixed, rows)
        n_columns = mixed.shape[1] + len(faulty)
    else:
        table, names, faulty = (read_sequences(X).values, None, []) if kind == "ragged" else as_table(X)
        rows = sample_rows(np.arange(len(target)), math.prod(table.shape[1:]), CELLS)
        cells, n_columns = dense(table, rows), len(names or ()) + len(faulty)
        if not faulty and kind != "ragged" and not sparse.issparse(X) and not hasattr(X, "columns"):
            findings += find_layout_faults(table, standardize=standardize)
        if table.ndim == 2 and names and not sparse.issparse(table):
            findings += find_number_ids(Table.of_numbers(table, names))
    if faulty:
        findings.append(_unusable_columns(faulty, n_columns))
    findings += find_faults(
        cells,
        target,
        rows=rows,
        classification=has_classes,
        standardize=standardize,
        names=names,
        has_all_columns=not faulty,
    )
    if cells.ndim == 2 and cells.size and not faulty:
        findings += find_near_repetitions(cells, _ids(mixed, cells, names))
    if classifier is not None:
        rows = likely_wrong_labels(classifier, X, target, cv=cv, random_state=random_state)
        if len(rows):
            findings.append(_wrong_labels(rows, target))
    return Report("Data check", findings)


def likely_wrong_labels(
    classifier: Estimator, X: Features, y: Values, *, cv: int = 5, random_state: int = 0
) -> NDArray[np.intp]:
    """Find rows whose labels a classifier contradicts with confidence, on folds that it was not trained on (A1).

    A label is likely wrong if another class is more probable, and also more probable than it is on average for the rows
    with that other label.

    Parameters
    ----------
    classifier : estimator with predict_proba
        Cloned for each fold.
    X : array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,)
    cv : int, default=5
        Number of folds.
    random_state : int, default=0
        Seed for shuffling the folds.

    Returns
    -------
    ndarray of int
        Numbers of the rows, the most doubtful first.

    References
    ----------
    Northcutt, Jiang, Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from presets import likely_wrong_labels
    >>> X, y = load_iris(return_X_y=True)
    >>> y[7] = 2  # label a setosa as a virginica
    >>> int(likely_wrong_labels(LogisticRegression(max_iter=500), X, y)[0])
    7
    """
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    folds = StratifiedKFold(cv, shuffle=True, random_state=random_state)
    probabilities = cross_val_predict(clone(classifier), X, y, cv=folds, method="predict_proba")
    confident = np.array([probabilities[codes == code, code].mean() for code in range(len(classes))])
    rows = np.arange(len(codes))
    own = probabilities[rows, codes]
    others = np.where(probabilities >= confident, probabilities, 0.0)
    others[rows, codes] = 0.0
    margin = others.max(axis=1) - own
    doubtful = np.flatnonzero(margin > 0)
    return doubtful[np.argsort(-margin[doubtful], kind="stable")]


def _as_target(y):
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _encoder(table, standardize):
    """The encoder that an estimator would learn from all rows, but with all levels kept."""
    return TableEncoder.learn(
        table,
        np.arange(len(table)),
        None,
        standardize=standardize,
        categorical=categorical_columns(table, "from_dtype"),
        max_onehot=MAX_ONEHOT,
        min_frequency=1,
    )


def _ids(mixed, cells, names):
    """Which columns that are looked at hold another value in every row, of those that could be ids."""
    if mixed is None:
        return np.array([is_id(column) for column in cells.T])
    ids = {str(column.name) for column in mixed.columns if _is_id(column)}
    return np.array([name in ids for name in names])


def _is_id(column):
    if column.kind == "category":
        return len(np.unique(column.values)) == len(column.values)
    return column.kind == "number" and is_id(column.values)


def _holds_classes(y):
    kind = type_of_target(y)
    if kind in ("continuous", "continuous-multioutput"):
        return False
    if kind == "multilabel-indicator" or not np.issubdtype(y.dtype, np.number):
        return True
    return y.ndim == 1 and len(np.unique(y)) * article.ROWS_PER_VALUE <= len(y)


def _missing_targets(missing):
    rows = np.flatnonzero(missing.reshape(len(missing), -1).any(axis=1))
    return Finding(
        "missing_targets",
        "serious",
        f"y is missing in {len(rows)} of {len(missing)} rows, first in row {rows[0]}.",
        "Remove these rows, and check again: nothing else was checked.",
        "A1",
        figure=len(rows) / len(missing),
    )


def _unusable_columns(faulty, n_columns):
    return Finding(
        "unusable_columns",
        "serious",
        f"{len(faulty)} of {n_columns} columns have infinite values, or values that no network can use: "
        f"{listed(faulty)}.",
        "Replace or encode these values in a Pipeline, before the network.",
        "A1",
        figure=len(faulty),
    )


def _wrong_labels(rows, y):
    share = len(rows) / len(y)
    return Finding(
        "likely_wrong_labels",
        "warning" if share >= article.WRONG_LABELS else "note",
        f"The classifier contradicts {len(rows)} of {len(y)} labels ({share:.1%}) with confidence, on "
        f"rows that it was not trained on: {', '.join(map(str, rows[:SHOWN]))}{', ...' if len(rows) > SHOWN else ''}.",
        "Check these rows first; likely_wrong_labels returns all of them.",
        "A1",
        figure=share,
    )
