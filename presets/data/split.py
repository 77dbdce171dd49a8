"""The internal validation split (A6)."""

import numpy as np

from presets.typing import Array


def split_rows(
    rows: Array, fraction: float, rng: np.random.Generator, classes: Array | None = None
) -> tuple[Array, Array]:
    """Split row numbers into a training and a validation part.

    Parameters
    ----------
    rows : ndarray of int
    fraction : float
        Share of the rows in the validation part.
    rng : numpy.random.Generator
    classes : ndarray of shape (n_samples,), optional
        Class of each row of X, for a stratified split. Each class has at least one row in the training part.

    Returns
    -------
    training, validation : ndarray of int
        Sorted. The validation part is empty if `fraction` of the rows is less than one row.
    """
    n_validation = int(fraction * len(rows))
    if n_validation == 0:
        return rows, rows[:0]
    shuffled = rng.permutation(rows)
    if classes is not None:
        shuffled = shuffled[np.argsort(classes[shuffled], kind="stable")]
    # evenly spaced places from a random start: the rows are sorted by class, so each class gives the same share
    places = (np.arange(n_validation) + rng.random()) * len(rows) / n_validation
    taken = np.zeros(len(rows), dtype=bool)
    taken[places.astype(int)] = True
    if classes is not None:
        first_of_class = np.flatnonzero(np.diff(classes[shuffled], prepend=-1))
        whole_class = np.logical_and.reduceat(taken, first_of_class)
        taken[first_of_class[whole_class]] = False
    return np.sort(shuffled[~taken]), np.sort(shuffled[taken])


def split_last(rows: Array, fraction: float) -> tuple[Array, Array]:
    """Split row numbers so that the last rows are the validation part, for samples in the order of time.

    Parameters
    ----------
    rows : ndarray of int
    fraction : float
        Share of the rows in the validation part.

    Returns
    -------
    training, validation : ndarray of int
        The validation part is empty if `fraction` of the rows is less than one row.
    """
    n_training = len(rows) - int(fraction * len(rows))
    return rows[:n_training], rows[n_training:]


def split_groups(
    rows: Array, fraction: float, groups: Array, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Split row numbers so that each group is in one part.

    Parameters
    ----------
    rows : ndarray of int
    fraction : float
        Share of the rows in the validation part, as exactly as whole groups allow. Each part has at least one group.
    groups : ndarray of shape (n_samples,)
        Group of each row of X.
    rng : numpy.random.Generator, optional
        Draws the validation groups. By default they are the groups that appear last.

    Returns
    -------
    training, validation : ndarray of int
        The validation part is empty if `fraction` is 0.

    Raises
    ------
    ValueError
        If there is only one group.
    """
    if not fraction:
        return rows, rows[:0]
    _, last_seen, numbers, sizes = np.unique(
        groups[rows][::-1], return_index=True, return_inverse=True, return_counts=True
    )
    if len(sizes) < 2:
        raise ValueError(
            "groups has only one group, which cannot be split; give more groups, or set validation_fraction=0."
        )
    order = np.argsort(last_seen) if rng is None else rng.permutation(len(sizes))
    n_validation = np.cumsum(sizes[order])[:-1]
    n_groups = np.abs(n_validation - fraction * len(rows)).argmin() + 1
    validates = np.isin(numbers[::-1], order[:n_groups])
    return rows[~validates], rows[validates]
