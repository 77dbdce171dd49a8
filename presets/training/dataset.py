"""Encoded rows, and their transfer to the device."""

from typing import Any

import numpy as np
from keras import tree

DEVICE_BUDGET = 1 << 30
"""X of at most this many bytes is put on the device once, for the whole fit. Larger data are transferred in parts."""

PART_BUDGET = 1 << 27
"""Bytes of X in one part."""

PREDICTION_BUDGET = 1 << 20
"""Bytes of X in one call for prediction or validation: they fit in the caches of a processor."""


class Dataset:
    """Rows with targets and weights, on the device all at once or in parts.

    Parameters
    ----------
    x : presets.data.rows.Rows
        ``x.take(indices)`` returns encoded rows.
    y : ndarray of shape (n_samples, ...)
        Encoded targets.
    weights : ndarray of shape (n_samples,) or None
    """

    def __init__(self, x, y, weights):
        self.x, self.y, self.weights = x, y, weights
        self._on_device = None

    def __len__(self):
        return len(self.x)

    def take(self, rows):
        """Encoded arrays of these rows: ``(x, y)`` or ``(x, y, weights)``."""
        x = self.x.take(rows)
        return (x, self.y[rows]) if self.weights is None else (x, self.y[rows], self.weights[rows])

    @property
    def fits_device(self) -> bool:
        """Whether all rows go to the device at once."""
        return len(self) * self.x.row_bytes <= DEVICE_BUDGET

    def on_device(self, put):
        """All rows on the device. The first call transfers them with `put`."""
        if self._on_device is None:
            self._on_device = put(self.take(slice(None)))
        return self._on_device

    def targets(self, rows):
        """Encoded targets and weights of these rows; the weights are None if there are none."""
        return self.y[rows], None if self.weights is None else self.weights[rows]

    def parts(self, order, multiple, put):
        """Divide the rows into parts that fit on the device.

        Parameters
        ----------
        order : ndarray of int
            Numbers of the rows, in the order of training.
        multiple : int
            The number of rows in each part, except the last one, is a multiple of this.
        put : callable
            Transfers arrays to the device.

        Yields
        ------
        data : tuple of tensors
        order : ndarray of int32
            Numbers of this part's rows within `data`, in the order of training.
        """
        if self.fits_device:
            yield self.on_device(put), order.astype(np.int32)
            return
        size = max(PART_BUDGET // (self.x.row_bytes * multiple), 1) * multiple
        for start in range(0, len(order), size):
            part = order[start : start + size]
            yield put(self.take(part)), np.arange(len(part), dtype=np.int32)


def prediction_rows(row_bytes: int, batch_size: int) -> int:
    """Number of rows in one call for prediction or validation."""
    return max(batch_size, min(PREDICTION_BUDGET // row_bytes, 4096))


def n_rows(data: Any) -> int:
    """Number of rows in arrays, nested or not."""
    return len(tree.flatten(data)[0])
