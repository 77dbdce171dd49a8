"""The article's training checklist as scikit-learn estimators around Keras 3, trained by compiled epochs."""

import importlib
from typing import TYPE_CHECKING, Any

from presets.workers import take_share

take_share()  # before anything starts TensorFlow or JAX

from presets.data.check import check_data, likely_wrong_labels  # noqa: E402
from presets.data.sequences import make_windows  # noqa: E402
from presets.ensembles import EnsembleClassifier, EnsembleRegressor  # noqa: E402
from presets.estimators import (  # noqa: E402
    CNNClassifier,
    CNNRegressor,
    DNNClassifier,
    DNNRegressor,
    KerasClassifier,
    KerasRegressor,
    LSTMClassifier,
    LSTMRegressor,
    NetworkBuilder,
    preset_grid,
)
from presets.evaluation.repeated_runs import repeated_runs  # noqa: E402
from presets.inspection import (  # noqa: E402
    AugmentationDisplay,
    RepeatedRunsDisplay,
    TrainingCurveDisplay,
    UpdateRatioDisplay,
    check_gradients,
    diagnose,
)
from presets.persistence import load, save  # noqa: E402
from presets.training import clear_programs  # noqa: E402

if TYPE_CHECKING:
    from presets.automl import AutoClassifier, AutoRegressor
    from presets.search import TunerSearchCV

__version__ = "0.1.0"

__all__ = [
    "AugmentationDisplay",
    "AutoClassifier",
    "AutoRegressor",
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
    "RepeatedRunsDisplay",
    "TrainingCurveDisplay",
    "TunerSearchCV",
    "UpdateRatioDisplay",
    "check_data",
    "check_gradients",
    "clear_programs",
    "diagnose",
    "likely_wrong_labels",
    "load",
    "make_windows",
    "preset_grid",
    "repeated_runs",
    "save",
]


_LATER = {
    "AutoClassifier": "presets.automl",
    "AutoRegressor": "presets.automl",
    "TunerSearchCV": "presets.search",
}


def __getattr__(name: str) -> Any:
    """Import searches and AutoML when they are first used: Keras Tuner takes seconds to import, in each worker too."""
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    if f"presets.{name}" in _LATER.values():
        return importlib.import_module(f"presets.{name}")
    raise AttributeError(f"module 'presets' has no attribute {name!r}")
