"""Kinds of X and y, and their checks before the clock starts."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y, validate_data

from presets.data import targets
from presets.data.columns import naming_columns
from presets.data.frames import read_table
from presets.data.images import read_images
from presets.data.kinds import is_frame, kind_of
from presets.data.sequences import read_sequences
from presets.data.targets import class_target, naming_missing_labels

LARGEST = 1e150
"""Largest absolute value of a target. Errors are squared, so larger ones would become infinite."""


def kind_of_task(X):
    """Find the kind of X, which decides which models can be used.

    Parameters
    ----------
    X : array-like, frame or sparse matrix

    Returns
    -------
    {"table", "sequences", "images"}
        An array of three axes holds images if its type is uint8, and sequences otherwise.
    """
    kind = kind_of(X)
    if kind != "array":
        return {"table": "table", "ragged": "sequences"}[kind]
    values = np.asarray(X)
    if values.ndim == 3:
        return "images" if values.dtype == np.uint8 else "sequences"
    return "images" if values.ndim == 4 else "table"


def check_X(X, kind):
    """Check X, and return it in a form that allows the selection of rows.

    Parameters
    ----------
    X : array-like, frame or sparse matrix
    kind : {"table", "sequences", "images"}

    Returns
    -------
    array, CSR matrix, frame or list of arrays
        A frame stays as it is.

    Raises
    ------
    ValueError, TypeError
        If no model can take X.
    """
    if kind == "sequences":
        return read_sequences(X).values
    if kind == "images":
        return read_images(X)
    is_sparse = sparse.issparse(X)
    if is_frame(X) and len(names := list(X.columns)) > len(set(names)):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Column {twice!r} is {names.count(twice)} times in X; give each column its own name.")
    if not is_sparse and read_table(X) is not None:
        return X if is_frame(X) or hasattr(X, "dtype") else np.array(X, dtype=object)
    with naming_columns(X, gaps=not is_sparse):
        checked = check_array(X, accept_sparse="csr", ensure_all_finite=True if is_sparse else "allow-nan")
    return X if is_frame(X) else checked


def check_labels(y):
    """Check labels.

    Returns
    -------
    y : ndarray of shape (n_samples,)
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If labels are missing, if y has values that are not labels, or if all labels are the same.
    """
    with naming_missing_labels(y):
        y = _check_y(y)
        check_classification_targets(y)
        classes = class_target(y).classes
    return y, classes


def check_values(y):
    """Check the values of a regression.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Values in float64.

    Raises
    ------
    ValueError
        If y has values that are not finite numbers.
    """
    targets.check_values(y)
    y = _check_y(y, multi_output=True, y_numeric=True)
    try:
        y = np.asarray(y.toarray() if sparse.issparse(y) else y, dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"y must contain numbers, but {error}.") from error
    if np.abs(y).max() > LARGEST:
        raise ValueError(
            f"y contains {np.abs(y).max():.3g}, and its square is too large for a float; divide y by a power of ten."
        )
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def check_target(y, *, is_classification):
    """Check the target of a classification or a regression.

    Returns
    -------
    y : ndarray
        Target for the models.
    target : ndarray
        Target for a `Metric`: codes of classes, or y.
    classes : ndarray or None
    """
    if is_classification:
        y, classes = check_labels(y)
        return y, np.searchsorted(classes, y), classes
    y = check_values(y)
    return y, y, None


def check_columns(estimator, X, *, reset):
    """Let scikit-learn check names and number of the columns of a table. `reset` stores them instead."""
    is_structured = getattr(getattr(X, "dtype", None), "names", None)
    shape = np.empty((len(X), len(X.dtype.names))) if is_structured else X
    validate_data(estimator, shape, skip_check_array=True, reset=reset)
