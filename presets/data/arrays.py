"""Reading and checks of arrays of numbers with any number of axes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import _num_samples

from presets.typing import Array


def read_array(X: Any) -> Array:
    """Read samples of any shape and check them.

    Parameters
    ----------
    X : array-like of shape (n_samples, ..., n_features)
        In numbers of any type.

    Returns
    -------
    ndarray of shape (n_samples, ..., n_features)
        In uint8 if X is, else in float32 if that is enough for the type of X, else in float64.

    Raises
    ------
    ValueError
        If X is not numeric, is empty, or holds NaN or infinity; the message names the sample.
    """
    values = numeric(X)
    if values.ndim < 2:
        raise ValueError(f"X must have shape (n_samples, ..., n_features), got {values.shape}.")
    if not values.size:
        raise ValueError(f"X must hold at least one sample and one feature, got an array of shape {values.shape}.")
    check_finite(values, "leave the sample out or fill the values in")
    return values


def check_container(data: Any, name: str) -> None:
    """Raise an error if data come in a container that this package cannot use directly.

    Parameters
    ----------
    data : object
        As the user gave it.
    name : str
        Name of the argument.

    Raises
    ------
    TypeError
        If the container has no data.
    ValueError
        If some data are masked, or have gradients.
    """
    if data is None:
        raise TypeError(f"{name} is None; it must hold data.")
    if hasattr(data, "collect") and not hasattr(data, "__array__"):
        raise TypeError(f"{name} is a {type(data).__name__}, which has no data yet: give {name}.collect().")
    if isinstance(data, Mapping) and not sparse.issparse(data):  # a dok_array is a dict too
        raise TypeError(
            f"{name} is a {type(data).__name__}. Give one table or array. For a network with several inputs, set the "
            "columns of each input with `inputs` of KerasClassifier or KerasRegressor."
        )
    if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
        raise ValueError(
            f"{name} is a masked array with {np.ma.count_masked(data)} masked values. Give {name}.filled(value); "
            "padding at the end of sequences is NaN."
        )
    if getattr(data, "requires_grad", False):
        raise ValueError(f"{name} is a tensor with gradients: give {name}.detach().")


def check_is_one(X: Any, y: Any) -> None:
    """Raise a ValueError if X is a list of inputs, each with as many rows as y."""
    if not isinstance(X, list | tuple) or len(X) < 2:
        return
    n_rows = _num_samples(y)
    if len(X) != n_rows and all(len(getattr(part, "shape", ())) > 1 and part.shape[0] == n_rows for part in X):
        raise ValueError(
            f"X is a list of {len(X)} inputs with {n_rows} rows each. Join them to one table, for example with "
            "np.hstack(X), and set the columns of each input with `inputs` of KerasClassifier or KerasRegressor."
        )


def check_no_times(values: Any, name: str) -> None:
    """Raise a ValueError if an array holds datetimes or time spans, whose numbers depend on their unit."""
    if values.dtype.kind in "mM":
        kind = "datetimes" if values.dtype.kind == "M" else "time spans"
        raise ValueError(
            f"{name} holds {kind}. Give numbers, such as the seconds since a date: "
            "(X - np.datetime64('2000-01-01')) / np.timedelta64(1, 's')."
        )


def numeric(X: Any) -> Array:
    """Make one array of the samples, with a type that loses no digits. uint8 stays uint8."""
    try:
        values = np.asarray(X)
        if values.dtype == object and values.ndim == 1:
            values = np.asarray(list(X))
    except (TypeError, ValueError) as error:
        _check_shapes(X)
        raise ValueError(f"X must hold numbers: {error}") from error
    return values if values.dtype == np.uint8 else numbers_of(values, "X")


def numbers_of(values: Any, name: str) -> Array:
    """Make an array of floating-point numbers, with a type that loses no digits.

    Raises
    ------
    ValueError
        If the values are not numbers; the message begins with `name`.
    """
    try:
        values = np.asarray(values)
        if values.dtype.kind == "c":
            raise ValueError("Complex data not supported")
        check_no_times(values, name)
        if values.dtype.kind not in "buif":
            values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error
    return values.astype(np.result_type(values.dtype, np.float32), copy=False)


def check_finite(values: Array, advice: str) -> None:
    """Raise a ValueError that names the first sample with NaN or infinity, and says what to do."""
    if values.dtype == np.uint8:
        return
    for what, is_such in {"NaN": np.isnan, "infinity (inf)": np.isinf}.items():
        affected = is_such(values).any(axis=tuple(range(1, values.ndim)))
        if affected.any():
            raise ValueError(f"X[{affected.argmax()}] contains {what}; {advice}.")


def _check_shapes(X):
    """Raise a ValueError that names the first sample with another shape."""
    shapes = [np.shape(sample) for sample in X] if isinstance(X, list | tuple | np.ndarray) else []
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"X[{number}] has shape {shape}, X[0] has {shapes[0]}. Give all samples one shape.")
