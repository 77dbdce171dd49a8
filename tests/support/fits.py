"""Short fits of every estimator, for the tests of what their parameters do."""

import keras
import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    ESTIMATORS,
    ONE_OF_EACH,
    PLAIN,
    PLAIN_CLASSIFIERS,
    PLAIN_REGRESSORS,
    REGRESSORS,
    X,
    outputs,
    quick,
    target,
)

every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)
one_of_each = pytest.mark.parametrize("estimator", ONE_OF_EACH)
every_classifier = pytest.mark.parametrize("estimator", CLASSIFIERS)
every_regressor = pytest.mark.parametrize("estimator", REGRESSORS)
plain_estimator = pytest.mark.parametrize("estimator", PLAIN)
plain_classifier = pytest.mark.parametrize("estimator", PLAIN_CLASSIFIERS)
plain_regressor = pytest.mark.parametrize("estimator", PLAIN_REGRESSORS)

X_TRAIN, X_VAL = X[:70], X[70:]


def parts(estimator):
    """Arguments of a fit with validation data of its own."""
    y = target(estimator)
    return {"X": X_TRAIN, "y": y[:70], "X_val": X_VAL, "y_val": y[70:]}


def fit(estimator, **parameters):
    return quick(estimator, **parameters).fit(X, target(estimator))


def assert_same(first, second, **tolerance):
    np.testing.assert_allclose(outputs(first), outputs(second), **{"rtol": 1e-6, "atol": 1e-7} | tolerance)


class Collector(keras.callbacks.Callback):
    """Puts what it sees into a list that survives the copy made for a fit."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __deepcopy__(self, memo):
        return type(self)(self.seen)
