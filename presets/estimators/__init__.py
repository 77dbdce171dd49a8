"""Estimators under scikit-learn's contract."""

from presets.estimators._presets import preset_grid
from presets.estimators.base import NetworkEstimator
from presets.estimators.cnn import CNNClassifier, CNNRegressor
from presets.estimators.custom import KerasClassifier, KerasRegressor, NetworkBuilder
from presets.estimators.dnn import DNNClassifier, DNNRegressor
from presets.estimators.lstm import LSTMClassifier, LSTMRegressor

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "DNNClassifier",
    "DNNRegressor",
    "KerasClassifier",
    "KerasRegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "NetworkBuilder",
    "NetworkEstimator",
    "preset_grid",
]
