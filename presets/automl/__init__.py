"""Data and seconds in, a calibrated mixture of models out."""

from presets.automl.auto import AutoClassifier, AutoRegressor
from presets.automl.portfolio import TREES

__all__ = ["TREES", "AutoClassifier", "AutoRegressor"]
