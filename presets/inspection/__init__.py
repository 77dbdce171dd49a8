"""Inspection of fitted estimators: diagnosis, plots and the gradient check."""

from presets.evaluation.repeated_runs import repeated_runs
from presets.inspection.diagnosis import diagnose
from presets.inspection.displays import (
    AugmentationDisplay,
    RepeatedRunsDisplay,
    TrainingCurveDisplay,
    UpdateRatioDisplay,
)
from presets.inspection.gradients import check_gradients

__all__ = [
    "AugmentationDisplay",
    "RepeatedRunsDisplay",
    "TrainingCurveDisplay",
    "UpdateRatioDisplay",
    "check_gradients",
    "diagnose",
    "repeated_runs",
]
