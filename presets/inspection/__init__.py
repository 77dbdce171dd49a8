"""Looks at fitted estimators."""

from presets.inspection.diagnosis import diagnose

__all__ = ["diagnose"]
