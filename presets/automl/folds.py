"""Folds for the comparison of candidates."""

import math
import warnings
from collections.abc import Iterable
from numbers import Integral

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

FOLDS = {
    "table": {1_000: 8, 20_000: 5, 100_000: 3},
    "sequences": {20_000: 5, 100_000: 3},
    "images": {20_000: 5, 100_000: 3},
}
"""Number of folds for data with fewer rows than the key. For larger data one part is held out."""

FOLD_SECONDS = {"table": (1.5, 0.0025, 0.0), "sequences": (5.0, 0.05, 0.0018), "images": (2.0, 5e-4, 4.6e-6)}
"""Time for one fold: seconds, seconds for each row, and seconds for each row and step or pixel. It includes the fast
models and the first network. For sequences and images this is a network with half of its epochs. Measured on one core:
eight tables of 600 to 7,500 rows, seven sets of 36 to 500 sequences, and three of images."""

LEAST_IMAGES = 19_200
"""The seconds of fewer images are those of this many, because they are trained for more epochs."""

FEWEST_FOLDS = 3
"""With two folds, each model would be trained on only half of the rows. Then one part is held out instead."""

PARTS = 5
"""Number of parts when one part is held out: for large data, and for `cv="last"`."""


def number_of_folds(y, *, classes=None, groups=None, kind="table", size=1, seconds=math.inf):
    """Choose the number of folds for the number of rows and the time.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    classes : ndarray or None
        Labels of a classification.
    groups : ndarray of shape (n_samples,) or None
    kind : {"table", "sequences", "images"}
    size : int
        Number of steps of a sequence, or of pixels of an image.
    seconds : float
        Time of all workers together.

    Returns
    -------
    int
        1 means that one part is held out.
    """
    n_folds = next((folds for rows, folds in FOLDS[kind].items() if len(y) < rows), 1)
    start, of_row, of_value = FOLD_SECONDS[kind]
    n_rows = max(len(y), LEAST_IMAGES) if kind == "images" else len(y)
    in_time = seconds / (start + n_rows * (of_row + size * of_value))
    if in_time < n_folds and n_folds > 1:
        n_folds = max(int(in_time), FEWEST_FOLDS) if in_time >= FEWEST_FOLDS - 1 else 1
    if groups is not None:
        n_folds = min(n_folds, len(np.unique(groups)))
    if classes is not None:
        most = np.unique(y, return_counts=True)[1].max()
        n_folds = min(n_folds, max(int(most), 2))
    return min(n_folds, len(y))


def make_splits(cv, y, *, classes=None, groups=None, seed=0, n_folds=5):
    """Split row numbers into training rows and test rows.

    Parameters
    ----------
    cv : {"auto", "last"}, int, splitter or iterable
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    classes : ndarray or None
        Labels of a classification.
    groups : ndarray of shape (n_samples,) or None
    seed : int
        Seed of the shuffling, if `cv` is "auto" or a number.
    n_folds : int
        Number of folds if `cv` is "auto"; see `number_of_folds`.

    Returns
    -------
    list of (ndarray, ndarray)

    Raises
    ------
    ValueError
        If the rows cannot be split in this way.
    """
    if isinstance(cv, str) and cv == "last":
        n_train = len(y) - max(len(y) // PARTS, 1)
        return [(np.arange(n_train), np.arange(n_train, len(y)))]
    if isinstance(cv, str | Integral):
        if groups is not None and len(np.unique(groups)) < 2:
            raise ValueError("groups has the same value for every row, so no rows are left for a test.")
        n_folds = n_folds if isinstance(cv, str) else int(cv)
        n_parts = min(PARTS, len(y if groups is None else np.unique(groups))) if n_folds == 1 else n_folds
        splitter = _splitter(n_parts, classes is not None, groups is not None, seed)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The least populated class")
            splits = list(splitter.split(np.zeros((len(y), 1)), y, groups))[:n_folds]
        if classes is None or groups is not None:
            return splits
        return [_with_each_class(split, y, classes) for split in splits]
    if isinstance(cv, Iterable) and not hasattr(cv, "split"):
        return _given(cv, len(y))
    return _given(check_cv(cv).split(np.zeros((len(y), 1)), y, groups), len(y))


def _given(splits, n_rows):
    """Check splits of the user. Masks become row numbers."""
    found = []
    for number, split in enumerate(splits):
        train, test = (np.asarray(part) for part in split)
        if train.dtype == test.dtype == bool and len(train) == len(test) == n_rows:
            train, test = np.flatnonzero(train), np.flatnonzero(test)
        for part, rows in (("training", train), ("test", test)):
            if not len(rows):
                raise ValueError(f"cv: split {number} has no {part} rows.")
            if rows.dtype.kind not in "iu" or rows.max() >= n_rows or rows.min() < 0:
                raise ValueError(f"cv: the {part} rows of split {number} must be numbers from 0 to {n_rows - 1}.")
        found.append((train, test))
    if not found:
        raise ValueError("cv has no splits.")
    return found


def _splitter(n_folds, is_classification, is_grouped, seed):
    if is_grouped:
        kind = StratifiedGroupKFold if is_classification else GroupKFold
    else:
        kind = StratifiedKFold if is_classification else KFold
    return kind(n_folds, shuffle=True, random_state=seed)


def _with_each_class(split, y, classes):
    """Move test rows of classes without training rows to the training rows, so that each model knows each class."""
    train, test = split
    unknown = np.setdiff1d(classes, y[train])
    if not len(unknown):
        return split
    moved = np.isin(y[test], unknown)
    return np.sort(np.concatenate([train, test[moved]])), test[~moved]
