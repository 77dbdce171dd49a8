"""How often the tests tried to break something: counted while they run, and printed at the end."""

from collections import Counter

TRIED: Counter = Counter()


def tried(what, times=1):
    """Count one more attempt."""
    TRIED[what] += times
