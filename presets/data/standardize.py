"""Zero mean and unit variance (A2), with statistics in float64."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from scipy import sparse

from presets.typing import Array

BLOCK = 1 << 20
"""Number of values that are processed at a time, so that a memory-mapped array is never copied as a whole."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Quantiles of a column for robust standardisation."""

TINY = 1e-280
"""Smaller variances may have lost digits, because squares of numbers below 1e-154 are zero."""

LIMIT = 3.0
"""Limit of robustly standardised values."""


class Standardizer:
    """Weighted mean and standard deviation of columns, computed in float64 in two passes.

    The computation is in float64 on the host, so that an offset of 1e9 loses no digits of the signal.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        A constant column has scale 1.
    """

    limit: float | None = None
    """Limit of the absolute standardised values, if there is one."""

    def __init__(self, mean: Array, scale: Array) -> None:
        self.mean, self.scale = mean, scale

    @classmethod
    def identity(cls, n_features: int) -> Self:
        """A standardizer that changes no values."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @classmethod
    def fit(cls, X: Any, rows: Array, weights: Array | None = None) -> Self:
        """Compute the statistics of some rows.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        rows : ndarray of int
        weights : ndarray of shape (n_samples,), optional

        Returns
        -------
        Standardizer
        """
        weights = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
        weights = weights / weights.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            mean, variance = _moments(X, rows, weights)
        scale = deviations(mean, variance, len(rows))
        extreme = lost_digits(mean, variance)
        if extreme.any():  # squares of such values overflow or vanish: compute them in another unit
            X = X[:, extreme]
            units = sizes(X, rows)
            mean[extreme], variance = _moments(X, rows, weights, units)
            scale[extreme] = deviations(mean[extreme], variance, len(rows))
            is_constant = scale[extreme] == 1.0
            mean[extreme] *= units
            scale[extreme] = np.where(is_constant, 1.0, scale[extreme] * units)
        return cls(mean, scale)

    def transform(self, block: Array, dtype: DTypeLike, name: str = "X") -> Array:
        """Standardise dense rows.

        Parameters
        ----------
        block : ndarray of shape (n_rows, ..., n_features)
        dtype : str or numpy.dtype
        name : str, default="X"
            Name of the rows, for errors.

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        ValueError
            If a standardised value is too large for `dtype`.
        """
        with np.errstate(over="raise"):
            try:
                return self._standardized(block - self.mean).astype(dtype)
            except FloatingPointError:
                return self._in_parts(block, dtype, name)

    def _standardized(self, differences):
        return differences / self.scale

    def _in_parts(self, block, dtype, name):
        """Standardise rows whose differences from the mean overflow; raise an error if the result overflows too."""
        try:
            return (block / self.scale - self.mean / self.scale).astype(dtype)
        except FloatingPointError as error:
            with np.errstate(over="ignore", invalid="ignore"):
                sizes = np.abs(block / self.scale - self.mean / self.scale)
            place = np.unravel_index(np.nanargmax(sizes), sizes.shape)
            raise ValueError(
                f"{name} holds {block[place]:g} in column {place[-1]}, but the mean is {self.mean[place[-1]]:g} and "
                f"the standard deviation {self.scale[place[-1]]:g}: {np.dtype(dtype)} cannot hold such a distance. "
                "Check the unit of this column, or remove the row."
            ) from error

    def inverse_transform(self, block: ArrayLike) -> Array:
        """Convert values back to the original unit, in float64."""
        return np.asarray(block, dtype=np.float64) * self.scale + self.mean


class RobustStandardizer(Standardizer):
    """Median and interquartile range of each column, with a smooth limit for extreme values.

    A column becomes ``f((x - median) / (q75 - q25))`` with ``f(z) = z / sqrt(1 + (z / 3)**2)``, which is between -3 and
    3. If the quartiles are equal, half of the whole range replaces ``q75 - q25``.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    limit = LIMIT

    @classmethod
    def fit(cls, X: Any, rows: Array, weights: Array | None = None) -> Self:
        """Compute the statistics of some rows; see `Standardizer.fit`."""
        weights = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
        n_features = X.shape[1]
        levels = np.empty((len(QUANTILES), n_features))
        size = max(BLOCK // max(len(rows), 1), 1)
        for start in range(0, n_features, size):
            part = slice(start, start + size)
            levels[:, part] = _quantiles(dense(X[:, part], rows).astype(np.float64, copy=False), weights)
        least, low, median, high, most = levels
        scale = np.where(high > low, high - low, (most - least) / 2)
        return cls(median, np.where(scale > 0, scale, 1.0))

    def _standardized(self, differences):
        values = differences / self.scale
        return values / np.sqrt(1 + np.square(values / self.limit))


def _moments(X, rows, weights, units=1.0):
    """Weighted mean and variance of columns, after division by their units."""
    mean, shift, variance = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.zeros(X.shape[1])
    is_plain = np.ndim(units) == 0
    for part, block in blocks(X, rows):
        mean += weights[part] @ (block if is_plain else block / units)
    for part, block in blocks(X, rows):
        residuals = (block if is_plain else block / units) - mean
        shift += weights[part] @ residuals  # the rounding error of the mean, for values far from zero
        variance += weights[part] @ np.square(residuals)
    return mean + shift, np.maximum(variance - np.square(shift), 0.0)


def deviations(mean: Array, variance: Array, n_rows: int) -> Array:
    """Standard deviations; 1 if they may be rounding errors, by the rule of scikit-learn's StandardScaler."""
    noise = n_rows * np.finfo(np.float64).eps
    with np.errstate(over="ignore", invalid="ignore"):
        constant = variance <= noise * variance + (noise * mean) ** 2
    return np.where(constant, 1.0, np.sqrt(variance))


def lost_digits(mean: Array, variance: Array) -> Array:
    """Which columns have numbers whose squares overflow, or are too small to be exact."""
    return ~np.isfinite(variance) | ((variance < TINY) & (np.abs(mean) < np.sqrt(TINY)))


def sizes(X: Any, rows: Array) -> Array:
    """A power of two with the size of each column; 1 for columns of zeros."""
    largest = np.zeros(X.shape[1])
    for _, block in blocks(X, rows):
        largest = np.maximum(largest, np.abs(block).max(axis=0))
    _, exponents = np.frexp(largest)
    return np.ldexp(1.0, np.where(largest > 0, np.minimum(exponents, 1023), 0))


def _quantiles(block, weights):
    """Weighted quantiles of each column."""
    order = np.argsort(block, axis=0)
    shares = np.cumsum(weights[order], axis=0) / weights.sum()
    positions = [np.argmax(shares >= level * (1 - 1e-9), axis=0) for level in QUANTILES]
    return np.take_along_axis(np.take_along_axis(block, order, axis=0), np.array(positions), axis=0)


def blocks(X: Any, rows: Array) -> Iterator[tuple[slice, Array]]:
    """Yield slices of `rows`, and these rows of X as dense float64 arrays."""
    size = max(BLOCK // max(X.shape[1], 1), 1)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        yield part, dense(X, rows[part]).astype(np.float64, copy=False)


def has_gaps(X: Array, rows: Array) -> bool:
    """Whether some rows of an array have missing numbers. The array is not copied as a whole."""
    if X.dtype.kind != "f" or not np.isnan(X.min()):
        return False
    return any(np.isnan(block).any() for _, block in blocks(X, rows))


def dense(X: Any, rows: Array) -> Array:
    """Some rows of an array or a sparse matrix, as an array."""
    return X[rows].toarray() if sparse.issparse(X) else np.asarray(X[rows])
