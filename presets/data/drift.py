"""The range of the training values of X, and a check for new values far outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from presets.data.report import Finding, listed
from presets.measured import DRIFT_FAR, DRIFT_ROWS, DRIFT_SHARE
from presets.typing import Array

SMALLER = 10.0
"""New values have another unit if they are fractions, training had whole numbers, and they are smaller by at least this
factor. For example, images from 0 to 1 after training with 0 to 255."""


@dataclass(frozen=True, eq=False)
class Extent:
    """Least and greatest value of each column of numbers, in the user's unit.

    Parameters
    ----------
    names : list
        Names or numbers of the columns of a table. For other X, numbers of features or channels.
    low, high : ndarray of shape (n_columns,)
        Least and greatest values. NaN for a column without values.
    n_rows : int
    are_whole : bool
        Whether all values are whole numbers.
    """

    names: list[Any]
    low: Array
    high: Array
    n_rows: int
    are_whole: bool

    @classmethod
    def of(cls, rows: Any, numbers: Array, names: Any = None) -> Extent:
        """Find the extent of some rows.

        Parameters
        ----------
        rows : presets.data.rows.Rows or presets.data.rows.TableRows
        numbers : ndarray of int
            Numbers of the rows to use.
        names : sequence of str, optional
            Names of the columns.

        Returns
        -------
        Extent
        """
        low, high = rows.extremes(numbers)
        names = list(rows.names if names is None or len(names) != len(low) else names)
        return cls(names, low, high, len(numbers), rows.are_whole(numbers))

    def joined(self, other: Extent) -> Extent:
        """The extent of both sets of rows together."""
        low, high = np.fmin(self.low, other.low), np.fmax(self.high, other.high)
        return Extent(self.names, low, high, self.n_rows + other.n_rows, self.are_whole and other.are_whole)

    def find_drift(self, rows: Any) -> Finding | None:
        """Find columns with values far outside of the extent.

        Parameters
        ----------
        rows : presets.data.rows.Rows or presets.data.rows.TableRows
            New rows.

        Returns
        -------
        Finding or None
        """
        everything = slice(None)
        low, high = rows.extremes(everything)
        with np.errstate(over="ignore"):
            width = np.where(self.high > self.low, self.high - self.low, np.maximum(np.abs(self.low), 1.0))
            farthest = np.fmax(high - self.high, self.low - low) / width
            nearest = np.fmax(low - self.high, self.low - high) / width
            may_be_far = (farthest > DRIFT_FAR) | ((nearest > 1) & (len(rows) >= DRIFT_ROWS))
            columns = [c for c in np.flatnonzero(may_be_far) if self._is_far(rows, c, width[c], nearest[c])]
        if columns:
            return self._outside(columns, rows.unit, low, high, farthest)
        if (
            self.are_whole
            and SMALLER * _size(low, high) <= _size(self.low, self.high)
            and not rows.are_whole(everything)
        ):
            return _of_another_unit(self, low, high)
        return None

    def _is_far(self, rows, column, width, nearest):
        """Whether more rows are far outside than expected by chance, or all rows are outside."""
        values = rows.column(column)
        values = values[~np.isnan(values).all(axis=1)]
        outside = (values > self.high[column] + DRIFT_FAR * width) | (values < self.low[column] - DRIFT_FAR * width)
        is_common = outside.any(axis=1).mean() > DRIFT_SHARE / (self.n_rows + 1)
        return bool(is_common or (nearest > 1 and len(values) >= DRIFT_ROWS))

    def _outside(self, columns, unit, low, high, farthest):
        first, several = columns[0], len(columns) > 1
        named = listed([self.names[c] for c in columns])
        return Finding(
            "drift",
            "warning",
            f"{unit}{'s' * several} {named} of X {'lie' if several else 'lies'} far outside of the training data: "
            f"{f'{unit.lower()} {self.names[first]!r}' if several else 'it'} has values from {low[first]:g} to "
            f"{high[first]:g}, and had {self.low[first]:g} to {self.high[first]:g} in training.",
            "Check the unit. Predictions for such values are not reliable.",
            "A2",
            figure=float(farthest[first]),
            columns=tuple(self.names[c] for c in columns),
        )


def _size(low, high):
    return np.nanmax(np.maximum(np.abs(low), np.abs(high)), initial=0.0)


def _of_another_unit(extent, low, high):
    sizes = _size(low, high), _size(extent.low, extent.high)
    return Finding(
        "drift",
        "warning",
        f"X has fractions of at most {sizes[0]:g}, but training had whole numbers of up to {sizes[1]:g}.",
        "Check whether X was divided by a number, such as 255, but the training data were not.",
        "A2",
        figure=float(sizes[0] / sizes[1]),
    )
