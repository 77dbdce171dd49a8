"""What X and y are, and the checks that come before the clock starts."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y

from presets.automl.tables import read_columns
from presets.data.columns import naming_columns
from presets.data.images import read_images
from presets.data.sequences import read_sequences
from presets.data.targets import class_target, naming_missing_labels


def kind_of_task(X):
    """Say which models suit X.

    Parameters
    ----------
    X : array-like, frame or sparse matrix

    Returns
    -------
    {"table", "sequences", "images"}
        An array of three axes holds images if its type is uint8, and sequences otherwise.
    """
    if sparse.issparse(X) or hasattr(X, "columns"):
        return "table"
    try:
        values = np.asarray(X)
    except ValueError:
        return "sequences"  # of unequal length
    if values.ndim == 1 and values.dtype == object and len(values) and np.ndim(values[0]):
        return "sequences"
    if values.ndim == 3:
        return "images" if values.dtype == np.uint8 else "sequences"
    return "images" if values.ndim == 4 else "table"


def check_X(X, kind):
    """Check X, and give it in a form of which rows can be taken.

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
    if hasattr(X, "columns") and not sparse.issparse(X):
        _check_frame(X)
        return X
    with naming_columns(X):
        gaps = "allow-nan" if not sparse.issparse(X) else True
        return check_array(X, accept_sparse="csr", ensure_all_finite=gaps)


def check_labels(y):
    """Check labels.

    Returns
    -------
    y : ndarray of shape (n_samples,)
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If labels are missing, are no labels, or are all the same.
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
        In float64.

    Raises
    ------
    ValueError
        If y holds what is no finite number.
    """
    y = _check_y(y, multi_output=True, y_numeric=True)
    try:
        y = np.asarray(y.toarray() if sparse.issparse(y) else y, dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"y must hold numbers, but {error}.") from error
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def categories_of(X):
    """Which columns of a table hold categories.

    Returns
    -------
    ndarray of shape (n_features,)
        Of bool.
    """
    return np.array([kind == "category" for kind, _ in read_columns(X)], dtype=bool)


def _check_frame(X):
    if not X.shape[0] or not X.shape[1]:
        raise ValueError(f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s): X is empty.")
    for name, (kind, values) in zip(X.columns, read_columns(X), strict=True):
        if kind == "number" and np.isinf(values).any():
            raise ValueError(f"Column {name!r} contains infinity; replace it.")
