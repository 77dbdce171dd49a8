"""Files of fitted estimators that hold data and no code: they can be opened without trusting whoever wrote them."""

from presets.persistence.files import load, save

__all__ = ["load", "save"]
