"""The article's training checklist as scikit-learn estimators around Keras 3, trained by compiled epochs."""

from presets.workers import take_share

take_share()  # before anything starts TensorFlow or JAX

from presets.estimators import DNNClassifier, DNNRegressor, preset_grid  # noqa: E402
from presets.training import clear_programs  # noqa: E402

__version__ = "0.1.0"

__all__ = ["DNNClassifier", "DNNRegressor", "clear_programs", "preset_grid"]
