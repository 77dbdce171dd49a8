"""Checks of X and y, with scikit-learn's functions and with the rules of their kinds."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length
from sklearn.utils import check_X_y as check_arrays
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from presets.data.arrays import check_container, check_is_one
from presets.data.columns import as_numbers, naming_columns
from presets.data.frames import read_table
from presets.data.weights import relative_weights
from presets.estimators._fitted import fitted_network

NO_Y = "no_validation"
"""scikit-learn's value for a check of X only."""


def check_data(design, X, y, sample_weight=None, *, encoder=None, weighted=False):
    """Check X, y and the weights of the rows.

    Parameters
    ----------
    design : Design
    X, y, sample_weight : array-like
        As the user gave them.
    encoder : Encoder, optional
        Encoder of an earlier fit. X must match it.
    weighted : bool
        Whether to return weights even if none are given.

    Returns
    -------
    samples : Samples
    y : ndarray of shape (n_samples, ...)
    weights : ndarray of shape (n_samples,) or None
    """
    with design.target.checking(y):
        check_container(X, "X")
        if y is not None:
            check_container(y, "y")
            check_is_one(X, y)
        samples, y = _check_X_y(design, encoder, X, y)
        weights = _check_weights(sample_weight, samples) if sample_weight is not None or weighted else None
        return samples, *design.target.read(y, weights)


def check_X(design, X):
    """Check X for predictions of a fitted estimator.

    Returns
    -------
    array, CSR matrix, Table or Sequences
    """
    estimator, kind = design.parameters, design.input
    check_is_fitted(estimator)
    check_container(X, "X")
    encoder = fitted_network(estimator).encoder
    if encoder.takes_tables:
        X, _ = _check_table(estimator, kind, X, NO_Y, reset=False)
    samples = kind.read(X, encoder.takes_tables)
    encoder.check_shape(samples, type(estimator).__name__)
    return samples.values


def _check_X_y(design, encoder, X, y):
    estimator, kind = design.parameters, design.input
    of_y = {"multi_output": True, "y_numeric": design.target.is_numeric}
    reset = encoder is None
    is_table = kind.is_table(X) if reset else encoder.takes_tables
    if is_table:
        X, y = _check_table(estimator, kind, X, y, reset=reset, **of_y)
    samples = kind.read(X, is_table)
    if not reset:
        encoder.check_shape(samples, type(estimator).__name__)
    if not is_table:
        if reset:
            estimator.n_features_in_ = samples.shape[-1]
        y = validate_data(estimator, y=y, reset=reset, **of_y)
        check_consistent_length(samples.values, y)
    return samples, y


def _check_table(estimator, kind, X, y, *, reset, **of_y):
    """Let scikit-learn check a table. If it has more than numbers, it is read, and only its columns are checked."""
    table = read_table(X) if kind.takes_columns else None
    if table is not None:
        is_structured = getattr(getattr(X, "dtype", None), "names", None)
        if is_structured or len(set(table.names)) < len(table.names):
            X = np.empty(table.shape)  # scikit-learn takes no structured arrays and no repeated names
        validate_data(estimator, X, y, skip_check_array=True, reset=reset)
        if of_y:
            rows = np.zeros((len(table), 1))  # in place of X in scikit-learn's check of y
            y = check_arrays(rows, y, estimator=estimator, **of_y)[1]
        return table, y
    gaps = kind.takes_columns and not sparse.issparse(X)
    finite = "allow-nan" if gaps else True
    with naming_columns(X, gaps=gaps):
        checked = validate_data(estimator, X, y, accept_sparse="csr", ensure_all_finite=finite, reset=reset, **of_y)
        X, y = checked if of_y else (checked, y)
        return as_numbers(X), y


def _check_weights(sample_weight, samples):
    weights = _check_sample_weight(sample_weight, samples.values, dtype=np.float64, ensure_non_negative=True)
    if not np.isfinite(weights).all():
        raise ValueError(f"sample_weight must contain finite numbers, but it contains {weights[0]}.")
    if not weights.any():
        raise ValueError("sample_weight is zero for all rows; at least one row needs a positive weight.")
    return relative_weights(weights)
