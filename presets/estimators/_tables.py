"""Methods of all families for tables with categories, dates and gaps."""

from __future__ import annotations  # help() then shows the names of types

import keras
from sklearn.utils.validation import check_is_fitted

from presets.data.table import LevelVectors
from presets.estimators._fitted import fitted_network
from presets.estimators.base import NetworkEstimator, design_of
from presets.estimators.validation import check_X
from presets.typing import Array, Features


def model_inputs(self: NetworkEstimator, X: Features, *, strings: bool = True) -> Array | dict[str, Array]:
    """Convert rows to the inputs of `model_`. With categories, dates or gaps, these are the raw columns by name.

    Parameters
    ----------
    X : array-like or frame of shape (n_samples, n_features)
        In any form that `fit` takes.
    strings : bool, default=True
        Whether the model takes categories as strings. `coded_model` does not.

    Returns
    -------
    ndarray of shape (n_samples, n_features), or dict of str to ndarray of shape (n_samples, 1)
        Numbers, with NaN for missing values. Dates are split into their parts. On TensorFlow, categories are strings,
        with "" for missing values. On other backends, and without strings, they are the numbers of `level_codes_`.
    """
    values = check_X(design_of(self), X)
    return fitted_network(self).encoder.raw_inputs(values, strings=strings and keras.backend.backend() == "tensorflow")


def coded_model(self: NetworkEstimator) -> keras.Model:
    """Build the complete model with numbers for categories, for ONNX and other formats without strings.

    Returns
    -------
    keras.Model
        Like `model_`, but it takes the numbers of `level_codes_` for levels.
    """
    check_is_fitted(self)
    return fitted_network(self).model(strings=False)


def level_codes(self: NetworkEstimator) -> dict[str, dict[str, int]]:
    """Numbers of the levels of each category, by the name of its column. Any other level is 0, a missing one 1.

    Returns
    -------
    dict of str to dict of str to int
    """
    check_is_fitted(self)
    return fitted_network(self).encoder.level_codes


def input_names(self: NetworkEstimator) -> list[str]:
    """Names of the columns that the network gets, in their order.

    Returns
    -------
    list of str
    """
    check_is_fitted(self)
    names = fitted_network(self).encoder.input_names
    if names is None:
        names = getattr(self, "feature_names_in_", range(self.n_features_in_))
    return [str(name) for name in names]


def embeddings(self: NetworkEstimator) -> dict[str, LevelVectors]:
    """The learnt embeddings of the levels, for each embedded column by name.

    Returns
    -------
    dict of str to LevelVectors
        ``pandas.DataFrame(e.vectors, index=e.levels)`` makes a frame of an entry ``e``.
    """
    check_is_fitted(self)
    fitted = fitted_network(self)
    return fitted.encoder.level_vectors(fitted.core()) if fitted.encoder.embedding_arguments else {}
