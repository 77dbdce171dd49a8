"""Arrays of numbers with any number of axes: reading and checks."""

import numpy as np


def read_array(X):
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


def numeric(X):
    """Make an array of numbers, as exact as its type needs; uint8 stays so."""
    try:
        values = np.asarray(X)
        if values.dtype == object and values.ndim == 1:
            values = np.asarray(list(X))
        if values.dtype.kind == "c":
            raise ValueError("Complex data not supported")
        if values.dtype.kind not in "buif":
            values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        _check_shapes(X)
        raise ValueError(f"X must hold numbers: {error}") from error
    return values if values.dtype == np.uint8 else values.astype(np.result_type(values.dtype, np.float32), copy=False)


def check_finite(values, advice):
    """Raise a ValueError that names the first sample with NaN or infinity, and says what to do."""
    if values.dtype == np.uint8:
        return
    for what, is_such in {"NaN": np.isnan, "infinity (inf)": np.isinf}.items():
        affected = is_such(values).any(axis=tuple(range(1, values.ndim)))
        if affected.any():
            raise ValueError(f"X[{affected.argmax()}] contains {what}; {advice}.")


def _check_shapes(X):
    """Samples of different shapes make no array; say which."""
    shapes = [np.shape(sample) for sample in X] if isinstance(X, list | tuple | np.ndarray) else []
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"X[{number}] has shape {shape}, X[0] has {shapes[0]}. Give all samples one shape.")
