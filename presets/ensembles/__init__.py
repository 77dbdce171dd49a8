"""Several models that predict together: averages, and the selection of the best mixture."""

from presets.ensembles.averaging import EnsembleClassifier, EnsembleRegressor

__all__ = ["EnsembleClassifier", "EnsembleRegressor"]
