"""The internal validation split (A6)."""

import numpy as np


def split_rows(rows, fraction, rng, classes=None):
    """Split row numbers into a training and a validation part.

    Parameters
    ----------
    rows : ndarray of int
    fraction : float
        Share of the rows that validates.
    rng : numpy.random.Generator
    classes : ndarray of shape (n_samples,), optional
        Class of every row of X, for a stratified split. Every class keeps a row in the training part.

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
    # evenly spaced from a random start: from rows in the order of their classes this takes the same share of each class
    places = (np.arange(n_validation) + rng.random()) * len(rows) / n_validation
    taken = np.zeros(len(rows), dtype=bool)
    taken[places.astype(int)] = True
    if classes is not None:
        first_of_class = np.flatnonzero(np.diff(classes[shuffled], prepend=-1))
        whole_class = np.logical_and.reduceat(taken, first_of_class)
        taken[first_of_class[whole_class]] = False
    return np.sort(shuffled[~taken]), np.sort(shuffled[taken])
