"""Looks at fitted estimators."""

from presets.inspection.diagnosis import diagnose
from presets.inspection.gradients import check_gradients
from presets.inspection.repeated_runs import repeated_runs

__all__ = ["check_gradients", "diagnose", "repeated_runs"]
