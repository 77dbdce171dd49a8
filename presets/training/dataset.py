"""Encoded rows on their way to the device."""

import numpy as np
from keras import tree

DEVICE_BUDGET = 1 << 30
"""Bytes of X that go to the device once and stay for the whole fit; larger data go through in parts."""

PART_BUDGET = 1 << 27
"""Bytes of X in one part."""

PREDICTION_BUDGET = 1 << 20
"""Bytes of X in one call of a program that predicts or validates: few enough for the caches."""


class Dataset:
    """Rows with targets and weights, on the device at once or part by part.

    Parameters
    ----------
    x : presets.data.rows.Rows
        Gives encoded rows by ``x.take(indices)``.
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
    def fits_device(self):
        """Whether all rows go to the device at once."""
        return len(self) * self.x.row_bytes <= DEVICE_BUDGET

    def on_device(self, put):
        """All rows on the device, put there at the first call; `put` puts arrays there."""
        if self._on_device is None:
            self._on_device = put(self.take(slice(None)))
        return self._on_device

    def targets(self, rows):
        """Encoded targets and weights of these rows; the weights are None if there are none."""
        return self.y[rows], None if self.weights is None else self.weights[rows]

    def parts(self, order, multiple, put):
        """Cut an order of rows into parts that fit on the device.

        Parameters
        ----------
        order : ndarray of int
            Numbers of the rows, in the order in which they are to be seen.
        multiple : int
            Every part but the last has a multiple of this many rows.
        put : callable
            Puts arrays on the device.

        Yields
        ------
        data : tuple of tensors
        order : ndarray of int32
            The order of this part's rows within `data`.
        """
        if self.fits_device:
            yield self.on_device(put), order.astype(np.int32)
            return
        size = max(PART_BUDGET // (self.x.row_bytes * multiple), 1) * multiple
        for start in range(0, len(order), size):
            part = order[start : start + size]
            yield put(self.take(part)), np.arange(len(part), dtype=np.int32)


def prediction_rows(row_bytes, batch_size):
    """Rows of one call of a program that predicts or validates."""
    return max(batch_size, min(PREDICTION_BUDGET // row_bytes, 4096))


def n_rows(data):
    """Number of rows in arrays, nested or not."""
    return len(tree.flatten(data)[0])
