"""Checks of parameters beyond scikit-learn's constraints."""

from numbers import Integral


def check_widths(name, widths, *, may_be_empty=False):
    """Raise a ValueError if the widths of a network's layers are not positive integers."""
    if not (may_be_empty or len(widths)) or not all(isinstance(width, Integral) and width > 0 for width in widths):
        raise ValueError(f"{name} must contain positive integers, but it is {widths!r}.")
