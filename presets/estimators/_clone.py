"""Clones of estimators with Keras's objects among their parameters."""

from typing import Any

import keras
from sklearn.base import BaseEstimator

from presets.training.callbacks import copy_callback


def clone_keeping_keras(estimator: Any) -> Any:
    """Clone an estimator as scikit-learn does, but keep Keras's objects, which fits do not change.

    A deep copy of such an object would only have the values of its `get_config`. Callbacks are copied, because a fit
    changes their records.

    Parameters
    ----------
    estimator : estimator
        Its class calls this in `__sklearn_clone__`.

    Returns
    -------
    estimator
        Not fitted.
    """
    parameters = estimator.get_params(deep=False)
    kept = {name: _copied(value) for name, value in parameters.items() if _holds_keras(value)}
    rest = type(estimator)(**(parameters | dict.fromkeys(kept)))
    if hasattr(estimator, "_metadata_request"):
        rest._metadata_request = estimator._metadata_request
    return BaseEstimator.__sklearn_clone__(rest).set_params(**kept)


def _holds_keras(value):
    parts = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(part, keras.callbacks.Callback) or _is_keras(part) for part in parts)


def _is_keras(value):
    return hasattr(value, "get_config") and not isinstance(value, type)


def _copied(value):
    if isinstance(value, list | tuple):
        return type(value)(map(_copied, value))
    return copy_callback(value) if isinstance(value, keras.callbacks.Callback) else value
