"""Estimators under scikit-learn's contract."""

from presets.estimators._presets import preset_grid
from presets.estimators.dnn import DNNClassifier, DNNRegressor

__all__ = ["DNNClassifier", "DNNRegressor", "preset_grid"]
