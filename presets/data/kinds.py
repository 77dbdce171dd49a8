"""The kind of X: a table, an array with more axes, or samples of unequal shape."""

from typing import Any

import numpy as np
from scipy import sparse


def kind_of(X: Any) -> str:
    """Determine the kind of X.

    Parameters
    ----------
    X : array-like, frame or sparse matrix

    Returns
    -------
    {"table", "array", "ragged"}
        "table": rows and columns, in a frame, a sparse matrix, an array (also a structured one) or nested lists.
        "array": samples of one shape, with more axes. "ragged": one array for each sample, of any length. Anything
        else, such as a single number, counts as an array, and the checks of arrays refuse it.

    Raises
    ------
    TypeError
        If X is a lazy frame, which has no rows yet.
    """
    if is_frame(X) or sparse.issparse(X):
        return "table"
    if isinstance(X, list | tuple) and any(hasattr(sample, "shape") and np.ndim(sample) for sample in X):
        return "ragged"
    try:
        values = np.asarray(X)
    except ValueError:  # lists of different lengths
        return "ragged"
    if values.ndim == 1 and values.dtype == object:
        return "ragged" if len(values) and np.ndim(values[0]) else "array"
    return "table" if values.ndim in (1, 2) else "array"


def is_frame(X: Any) -> bool:
    """Whether X is a frame of pandas or polars, or of a library that looks like one.

    Raises
    ------
    TypeError
        If X is a lazy frame.
    """
    if hasattr(X, "collect") and hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise TypeError("X is a LazyFrame, which has no rows yet; give X.collect().")
    return hasattr(X, "columns") and (hasattr(X, "iloc") or hasattr(X, "get_columns"))
