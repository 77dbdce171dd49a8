"""Numbers for a column: the parts of a date, or the values of a column of numbers."""

import numpy as np

from presets.typing import Array

DATE_PARTS = ("year", "month", "weekday", "hour", "elapsed")


def part_of(values: Array, part: str | None) -> Array:
    """Values as float64; for dates one part."""
    if part is None:
        return values.astype(np.float64)
    missing = np.isnat(values)
    days = values.astype("datetime64[D]").astype(np.int64)
    parts: Array
    match part:
        case "year":
            parts = values.astype("datetime64[Y]").astype(np.int64) + 1970
        case "month":
            parts = values.astype("datetime64[M]").astype(np.int64) % 12 + 1
        case "weekday":
            parts = (days + 3) % 7  # 1 January 1970 was a Thursday; Monday is 0
        case "hour":
            parts = values.astype("datetime64[h]").astype(np.int64) - 24 * days
        case _:
            parts = values.astype(np.int64) / 1e6
    return np.where(missing, np.nan, parts)
