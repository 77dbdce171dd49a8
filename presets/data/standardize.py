"""Zero mean and unit variance (A2), with statistics in float64."""

import numpy as np
from scipy import sparse

BLOCK = 1 << 20
"""Numbers handled at a time, so that a memory-mapped array is never copied whole."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of a column, for robust standardisation."""

TINY = 1e-280
"""Variances below may have lost digits, since squares of numbers under 1e-154 vanish."""

LIMIT = 3.0
"""What robustly standardised values stay under."""


class Standardizer:
    """Weighted mean and standard deviation of columns, computed in float64 in two passes.

    The work is done on the host and in float64, so that an offset of 1e9 does not swallow the signal.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        A constant column has scale 1.
    """

    limit: float | None = None
    """What the size of standardised values stays under, if anything."""

    def __init__(self, mean, scale):
        self.mean, self.scale = mean, scale

    @classmethod
    def identity(cls, n_features):
        """A standardizer that leaves values as they are."""
        return cls(np.zeros(n_features), np.ones(n_features))

    @classmethod
    def fit(cls, X, rows, weights=None):
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
        if extreme.any():  # squares of such values are no numbers: compute in a unit in which they are
            X = X[:, extreme]
            units = sizes(X, rows)
            mean[extreme], variance = _moments(X, rows, weights, units)
            scale[extreme] = deviations(mean[extreme], variance, len(rows))
            is_constant = scale[extreme] == 1.0
            mean[extreme] *= units
            scale[extreme] = np.where(is_constant, 1.0, scale[extreme] * units)
        return cls(mean, scale)

    def transform(self, block, dtype, name="X"):
        """Standardise dense rows.

        Parameters
        ----------
        block : ndarray of shape (n_rows, ..., n_features)
        dtype : str or numpy.dtype
        name : str, default="X"
            What the rows are, for the message of an error.

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        ValueError
            If a standardised value is larger than `dtype` holds.
        """
        with np.errstate(over="raise"):
            try:
                return self._standardized(block - self.mean).astype(dtype)
            except FloatingPointError:
                return self._in_parts(block, dtype, name)

    def _standardized(self, differences):
        return differences / self.scale

    def _in_parts(self, block, dtype, name):
        """Standardise rows whose differences from the mean are no numbers, or say that the result is none."""
        try:
            return (block / self.scale - self.mean / self.scale).astype(dtype)
        except FloatingPointError as error:
            with np.errstate(over="ignore", invalid="ignore"):
                sizes = np.abs(block / self.scale - self.mean / self.scale)
            place = np.unravel_index(np.nanargmax(sizes), sizes.shape)
            raise ValueError(
                f"{name} holds {block[place]:g} in column {place[-1]}, where {self.mean[place[-1]]:g} is the mean and "
                f"{self.scale[place[-1]]:g} the standard deviation: {np.dtype(dtype)} cannot hold such a distance. "
                "Check the unit of this column, or leave the row out."
            ) from error

    def inverse_transform(self, block):
        """Return to the original unit, in float64."""
        return np.asarray(block, dtype=np.float64) * self.scale + self.mean


class RobustStandardizer(Standardizer):
    """Median and range of the middle half of each column, and far values drawn in smoothly.

    A column becomes ``f((x - median) / (q75 - q25))`` with ``f(z) = z / sqrt(1 + (z / 3)**2)``, which lies between -3
    and 3. Where the quartiles are equal, half of the whole range takes their place.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    limit = LIMIT

    @classmethod
    def fit(cls, X, rows, weights=None):
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
    """Weighted mean and variance of columns, divided by their units first."""
    mean, shift, variance = np.zeros(X.shape[1]), np.zeros(X.shape[1]), np.zeros(X.shape[1])
    is_plain = np.ndim(units) == 0
    for part, block in blocks(X, rows):
        mean += weights[part] @ (block if is_plain else block / units)
    for part, block in blocks(X, rows):
        residuals = (block if is_plain else block / units) - mean
        shift += weights[part] @ residuals  # what rounding took from the mean of values far from zero
        variance += weights[part] @ np.square(residuals)
    return mean + shift, np.maximum(variance - np.square(shift), 0.0)


def deviations(mean, variance, n_rows):
    """Standard deviations; 1 where rounding explains them. scikit-learn's StandardScaler draws the same line."""
    noise = n_rows * np.finfo(np.float64).eps
    with np.errstate(over="ignore", invalid="ignore"):
        constant = variance <= noise * variance + (noise * mean) ** 2
    return np.where(constant, 1.0, np.sqrt(variance))


def lost_digits(mean, variance):
    """Which columns hold numbers whose squares are none, or too small to be exact."""
    return ~np.isfinite(variance) | ((variance < TINY) & (np.abs(mean) < np.sqrt(TINY)))


def sizes(X, rows):
    """A power of two of the size of each column; 1 for zeros."""
    largest = np.zeros(X.shape[1])
    for _, block in blocks(X, rows):
        largest = np.maximum(largest, np.abs(block).max(axis=0))
    _, exponents = np.frexp(largest)
    return np.ldexp(1.0, np.where(largest > 0, np.minimum(exponents, 1023), 0))


def _quantiles(block, weights):
    """The least values of each column that have at least these shares of the weights at or below them."""
    order = np.argsort(block, axis=0)
    shares = np.cumsum(weights[order], axis=0) / weights.sum()
    positions = [np.argmax(shares >= level * (1 - 1e-9), axis=0) for level in QUANTILES]
    return np.take_along_axis(np.take_along_axis(block, order, axis=0), np.array(positions), axis=0)


def blocks(X, rows):
    """Yield slices of `rows` with those rows of X, dense and in float64."""
    size = max(BLOCK // max(X.shape[1], 1), 1)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        yield part, dense(X, rows[part]).astype(np.float64, copy=False)


def has_gaps(X, rows):
    """Whether a number is missing in some rows of an array; no copy of all of it is made."""
    if X.dtype.kind != "f" or not np.isnan(X.min()):
        return False
    return any(np.isnan(block).any() for _, block in blocks(X, rows))


def dense(X, rows):
    """Some rows of an array or a sparse matrix, as an array."""
    return X[rows].toarray() if sparse.issparse(X) else np.asarray(X[rows])
