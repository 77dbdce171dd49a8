"""Every public estimator, with settings for quick fits: a family added here is taken by all tests of the contract."""

from dataclasses import dataclass

import keras
import numpy as np
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge

from presets import (
    CNNClassifier,
    CNNRegressor,
    DNNClassifier,
    DNNRegressor,
    EnsembleClassifier,
    EnsembleRegressor,
    KerasClassifier,
    KerasRegressor,
    LSTMClassifier,
    LSTMRegressor,
)


@dataclass(frozen=True)
class Family:
    """A classifier and a regressor with the same network.

    `quick` are parameters of a network that fits quickly, `learning` those with which the article's network learns the
    data of scikit-learn's checks.
    """

    classifier: type
    regressor: type
    quick: dict
    learning: dict


def small_network(input_shape, n_outputs):
    """A network of the user's."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(n_outputs),
        ]
    )


FAMILIES = [
    Family(DNNClassifier, DNNRegressor, quick={"hidden_layer_sizes": (16,)}, learning={"epochs": 80}),
    Family(LSTMClassifier, LSTMRegressor, quick={"units": (16,)}, learning={"epochs": 150, "momentum": 0.9}),
    # rows of tables as small images, which must not be turned
    Family(
        CNNClassifier,
        CNNRegressor,
        quick={"image_shape": (2, 2), "filters": (16,), "dense_units": 16, "dropout": 0.2, "augmentation": None},
        learning={"epochs": 80},
    ),
    Family(KerasClassifier, KerasRegressor, quick={"network": small_network}, learning={"epochs": 80}),
]

CLASSIFIERS = [family.classifier for family in FAMILIES]
REGRESSORS = [family.regressor for family in FAMILIES]
ESTIMATORS = CLASSIFIERS + REGRESSORS
# members that fit at once: the contract of an ensemble is the same whatever its members are
ENSEMBLES = [EnsembleClassifier(LogisticRegression(), n_members=2), EnsembleRegressor(Ridge(), n_members=2)]
PLAIN_CLASSIFIERS, PLAIN_REGRESSORS = CLASSIFIERS[:1], REGRESSORS[:1]  # enough for code that the families share
PLAIN = PLAIN_CLASSIFIERS + PLAIN_REGRESSORS
ONE_OF_EACH = CLASSIFIERS + PLAIN_REGRESSORS  # enough for code that classifier and regressor of a family share
FAMILY = {estimator: family for family in FAMILIES for estimator in (family.classifier, family.regressor)}


def quick(estimator, **parameters):
    """An estimator for a quick fit: few epochs, and enough updates to learn `X` if `epochs` is raised a little."""
    return estimator(**{"epochs": 3, "batch_size": 16, "random_state": 0, **FAMILY[estimator].quick, **parameters})


# Whole numbers, so that every numeric type holds the same values. The columns differ in offset and scale.
X = np.random.default_rng(0).integers(-20, 20, (100, 4)) * np.array([1, 5, 1, 2]) + np.array([0, 300, -7, 0])
_SIGNAL = X[:, 0] / 10 + (X[:, 1] - 300) / 100
LABELS = np.digitize(_SIGNAL, [-0.8, 0.8])
VALUES = _SIGNAL * 3 + 40


def target(estimator):
    """The y of `X` for a classifier or a regressor."""
    return LABELS if is_classifier(estimator() if isinstance(estimator, type) else estimator) else VALUES


def outputs(fitted, rows=X):
    """Everything that an estimator predicts, as one array of numbers."""
    return fitted.predict_proba(rows) if is_classifier(fitted) else fitted.predict(rows)


def label(value):
    """A short name for a test's parameter, the same in every run."""
    if callable(value) or type(value).__module__.startswith("keras."):
        return getattr(value, "__name__", type(value).__name__)
    return str(value)
