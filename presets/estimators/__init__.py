"""Estimators under scikit-learn's contract."""

from presets.estimators._presets import preset_grid
from presets.estimators.cnn import CNNClassifier, CNNRegressor
from presets.estimators.dnn import DNNClassifier, DNNRegressor
from presets.estimators.lstm import LSTMClassifier, LSTMRegressor

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "DNNClassifier",
    "DNNRegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "preset_grid",
]
