"""Search for the columns of a table that are not numbers, or not finite."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite

from presets.data.report import listed


@contextlib.contextmanager
def naming_columns(X: Any, *, gaps: bool = False) -> Iterator[None]:
    """Add the faulty columns to the error message of a check of X. Nothing is done unless the check fails.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        As the user gave it.
    gaps : bool, default=False
        Whether NaN is allowed.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        faulty = faulty_columns(X, gaps=gaps)
        if not faulty:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        counted = ""
        if not hasattr(X, "columns"):
            counted = (
                " (counted in the array that this estimator gets; a pipeline with set_output(transform='pandas') names "
                "them)"
            )
        advice = (
            "Replace such values." if gaps else "Impute missing values and encode categories before this estimator."
        )
        raise kind(f"{str(error).splitlines()[0]} Faulty columns: {listed(faulty)}{counted}. {advice}") from error


def as_numbers(X: Any) -> Any:
    """Convert objects in validated X to float64.

    scikit-learn accepts lists of objects, polars frames with columns of several types, and None in them.
    """
    if X.dtype == object:
        X = X.astype(np.float64)
        assert_all_finite(X, input_name="X")
    return X


def faulty_columns(X: Any, *, gaps: bool = False) -> list[Any]:
    """Names or numbers of the columns with NaN, infinite values, or values that are not numbers.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features)
    gaps : bool, default=False
        Whether NaN is allowed.

    Returns
    -------
    list of str or int
    """
    names = getattr(X, "columns", None)
    columns = _columns(X, as_objects=names is not None)
    names = range(len(columns)) if names is None else list(names)
    if len(names) != len(columns):  # no table
        return []
    return [name for name, column in zip(names, columns, strict=True) if not _is_finite(column, gaps)]


def as_table(X: Any) -> tuple[Any, list[Any] | None, list[Any]]:
    """The usable columns of X.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features), or array of shape (n_samples, ...)

    Returns
    -------
    table : ndarray or CSC matrix
        X without the faulty columns. If X is no table, X itself.
    names : list or None
        Names or numbers of these columns.
    faulty : list
        Names or numbers of the other columns.
    """
    names = getattr(X, "columns", None)
    if not sparse.issparse(X) and names is None:
        X = np.asarray(X)
    if len(X.shape) != 2:
        return X, None, []
    names = list(range(X.shape[1]) if names is None else names)
    faulty = faulty_columns(X)
    usable = [i for i, name in enumerate(names) if name not in faulty]
    if sparse.issparse(X):
        table = X.tocsc()[:, usable]
    elif faulty or hasattr(X, "columns"):
        columns = _columns(X, as_objects=True)
        table = (
            np.stack([np.asarray(columns[i], dtype=np.float64) for i in usable], axis=1)
            if usable
            else np.empty((len(X), 0))
        )
    else:
        table = X
    return table, [names[i] for i in usable], faulty


def _columns(X, as_objects):
    """The columns of X as a list; empty if X is no table."""
    if sparse.issparse(X):
        X = X.tocsc()
        return np.split(X.data, X.indptr[1:-1])
    try:
        X = np.asarray(X, dtype=object if as_objects else None)
    except ValueError:  # rows of different lengths
        return []
    return list(X.T) if X.ndim == 2 else []


def _is_finite(values, gaps):
    try:
        values = values if np.iscomplexobj(values) else np.asarray(values, dtype=np.float64)
        return bool((np.isfinite(values) | (np.isnan(values) if gaps else False)).all())
    except (TypeError, ValueError):
        return False
