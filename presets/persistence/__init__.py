"""Files of fitted estimators. They hold data and no code, so it is safe to open a file of unknown origin."""

from presets.persistence.files import load, save

__all__ = ["load", "save"]
