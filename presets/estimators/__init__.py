"""Estimators under scikit-learn's contract."""

from presets.estimators._presets import preset_grid
from presets.estimators.cnn import CNNClassifier, CNNRegressor
from presets.estimators.custom import KerasClassifier, KerasRegressor, NetworkBuilder
from presets.estimators.dnn import DNNClassifier, DNNRegressor
from presets.estimators.ensemble import EnsembleClassifier, EnsembleRegressor
from presets.estimators.lstm import LSTMClassifier, LSTMRegressor

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "DNNClassifier",
    "DNNRegressor",
    "EnsembleClassifier",
    "EnsembleRegressor",
    "KerasClassifier",
    "KerasRegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "NetworkBuilder",
    "preset_grid",
]
