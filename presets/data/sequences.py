"""Sequences of equal or unequal length: reading and standardisation, and windows of a series."""

from __future__ import annotations  # help() then shows the names of types

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from presets.data.arrays import numbers_of
from presets.data.encoder import Encoder
from presets.data.rows import Rows
from presets.data.standardize import Standardizer
from presets.typing import Array


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences in one array, padded with NaN at their ends.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_timesteps, n_features)
        `n_timesteps` is the length of the longest sequence.
    lengths : ndarray of shape (n_samples,)
        Number of steps of each sequence, at least 1.
    """

    values: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def is_padded(self) -> bool:
        """Whether some sequences are shorter than the longest one. Only then the network needs masks."""
        return bool((self.lengths < self.values.shape[1]).any())


class SequenceEncoder(Encoder):
    """The encoding of sequences. Padding stays NaN."""

    def rows(self, X: Any, dtype: str) -> Rows:
        """Sequences, which are encoded when they are taken."""
        return super().rows(X.values, dtype)

    def network_arguments(self, X: Any) -> dict[str, Any]:
        """Arguments for masks, if there is padding. A network has the same weights with and without masks."""
        return {"masked": True} if X.is_padded else {}

    @property
    def complete_arguments(self) -> dict[str, Any]:
        """Arguments for masks: the complete model takes sequences of any length, unless they are rows of a table."""
        return {"masked": not self.takes_tables}


def read_sequences(X: Any, *, data_format: str = "channels_last") -> Sequences:
    """Read sequences in any supported form, and check them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps), or list of array-likes
        An array of three dimensions may be padded with NaN at the ends of sequences. In two dimensions there is one
        feature for each step, and no padding. A list, a tuple or an array of objects has one array of shape
        ``(n_timesteps_i, n_features)`` or ``(n_timesteps_i,)`` for each sequence.
    data_format : {"channels_last", "channels_first"}
        "channels_first": ``(n_samples, n_features, n_timesteps)`` and ``(n_features, n_timesteps_i)``.

    Returns
    -------
    Sequences
        In float32 if that is enough for the type of X, else in float64.

    Raises
    ------
    ValueError
        If a sequence is empty, has infinite values or NaN before its end, or has another number of features; the
        message names the sequence.
    """
    if not isinstance(X, list | tuple):
        X = np.asarray(X)
    values = _pad(X, data_format) if isinstance(X, list | tuple) or _is_ragged(X) else _read_array(X, data_format)
    if not values.size:
        raise ValueError(
            f"X must hold at least one sequence, one step and one feature, got an array of shape {values.shape}."
        )
    lengths = _find_lengths(values)
    return Sequences(values[:, : lengths.max()], lengths)


def fit_sequence_standardizer(sequences: Sequences, rows: Array, weights: Array | None = None) -> Standardizer:
    """Compute mean and standard deviation of each feature over the steps of some sequences, in float64.

    Parameters
    ----------
    sequences : Sequences
    rows : ndarray of int
    weights : ndarray of shape (n_samples,), optional
        Weight of all steps of each sequence.

    Returns
    -------
    Standardizer
        Its `transform` takes arrays of shape ``(n_samples, n_timesteps, n_features)`` and does not change NaN. A
        constant feature has scale 1.
    """
    lengths = sequences.lengths[rows]
    steps = sequences.values[rows][np.arange(sequences.values.shape[1]) < lengths[:, None]]
    step_weights = None if weights is None else np.repeat(np.asarray(weights)[rows], lengths)
    return Standardizer.fit(steps, np.arange(len(steps)), step_weights)


def make_windows(series: ArrayLike, *, window: int, horizon: int, step: int = 1) -> tuple[Array, Array]:
    """Cut a series into windows and the values that follow each window, to train a forecast.

    Windows are in the order of time, and they overlap. So test a forecast on windows after those of the training, with
    a gap of ``ceil(horizon / step) - 1`` windows between them; then no test value was a target in training. Use
    ``TimeSeriesSplit(gap=...)``, or ``validation_split="last"`` inside an estimator. With a random split, nearly all
    test values are targets in training too.

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        In the order of time, without gaps. The first column is forecast. The other columns are known up to the end of a
        window.
    window : int
        Number of steps in a window.
    horizon : int
        Number of steps to forecast.
    step : int, default=1
        Number of steps between the starts of two windows.

    Returns
    -------
    X : ndarray of shape (n_windows, window, n_features)
    y : ndarray of shape (n_windows, horizon)

    Raises
    ------
    ValueError
        If the series is shorter than `window` and `horizon` together, or has NaN or infinite values.

    Examples
    --------
    >>> from presets import make_windows
    >>> X, y = make_windows([1, 2, 3, 4, 5, 6], window=3, horizon=2)
    >>> X[:, :, 0]
    array([[1., 2., 3.],
           [2., 3., 4.]])
    >>> y
    array([[4., 5.],
           [5., 6.]])
    """
    numbers: dict[str, object] = {"window": window, "horizon": horizon, "step": step}
    for name, number in numbers.items():
        if not isinstance(number, Integral) or number < 1:
            raise ValueError(f"{name} must be at least 1, and a whole number, got {number!r}.")
    values = numbers_of(series, "series")
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(f"series must have shape (n_timesteps,) or (n_timesteps, n_features), got {values.shape}.")
    if len(values) < window + horizon:
        raise ValueError(
            f"series has {len(values)} steps; window={window} and horizon={horizon} need {window + horizon}."
        )
    unknown = ~np.isfinite(values).all(axis=1)
    if unknown.any():
        raise ValueError(f"series contains NaN or infinity at step {unknown.argmax()}; fill it in first.")
    starts = np.arange(0, len(values) - window - horizon + 1, step)[:, None]
    return values[starts + np.arange(window)], values[starts + window + np.arange(horizon), 0]


def _is_ragged(X):
    return X.dtype == object and X.ndim == 1


def _read_array(X, data_format):
    values = numbers_of(X, "X")
    if values.ndim == 2:
        unknown = np.isnan(values).any(axis=1)
        if unknown.any():
            raise ValueError(
                f"X[{unknown.argmax()}] contains NaN. Two-dimensional X has sequences of one length; give unequal "
                "lengths as a list of arrays, or as an array of shape (n_samples, n_timesteps, 1) padded with NaN."
            )
        return values[:, :, None]
    if values.ndim != 3:
        raise ValueError(
            "X must have shape (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps), or be a list of "
            f"arrays of shape (n_timesteps, n_features), got {values.shape}. Reshape your data."
        )
    return values if data_format == "channels_last" else values.swapaxes(1, 2)


def _pad(X, data_format):
    sequences = [_read_one(sequence, number, data_format) for number, sequence in enumerate(X)]
    if not sequences:
        raise ValueError("X must hold at least one sequence, got an empty list.")
    n_features = sequences[0].shape[1]
    for number, sequence in enumerate(sequences):
        if sequence.shape[1] != n_features:
            raise ValueError(f"X[{number}] has {sequence.shape[1]} features per step, X[0] has {n_features}.")
    longest = max(map(len, sequences))
    values = np.full((len(sequences), longest, n_features), np.nan, np.result_type(*{s.dtype for s in sequences}))
    for padded, sequence in zip(values, sequences, strict=True):
        padded[: len(sequence)] = sequence
    return values


def _read_one(sequence, number, data_format):
    values = numbers_of(sequence, f"X[{number}]")
    if values.ndim == 1:
        return values[:, None]
    if values.ndim != 2:
        raise ValueError(
            f"X[{number}] must have shape (n_timesteps, n_features) or (n_timesteps,), got {values.shape}."
        )
    return values if data_format == "channels_last" else values.T


def _find_lengths(values):
    """Number of steps before the padding, for each sequence. An invalid sequence is an error."""
    unknown = np.isnan(values)
    is_step = ~unknown.all(axis=2)
    n_timesteps = values.shape[1]
    lengths = n_timesteps - is_step[:, ::-1].argmax(axis=1)
    empty = ~is_step.any(axis=1)
    if empty.any():
        raise ValueError(f"X[{empty.argmax()}] is an empty sequence; leave it out.")
    gaps = unknown.any(axis=2) & (np.arange(n_timesteps) < lengths[:, None])
    if gaps.any():
        number, step = np.argwhere(gaps)[0]
        raise ValueError(f"X[{number}] contains NaN at step {step}, before the end of the sequence; impute it first.")
    infinite = np.isinf(values).any(axis=2)
    if infinite.any():
        number, step = np.argwhere(infinite)[0]
        raise ValueError(f"X[{number}] contains infinity (inf) at step {step}.")
    return lengths
