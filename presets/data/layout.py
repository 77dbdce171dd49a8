"""The layout of an array, guessed from its shape and values: padding, token ids, channels in the first axis."""

import numpy as np

from presets.data.report import Finding
from presets.typing import Array

PADDED = 0.1
"""A value is padding if at least this share of the sequences ends in it, for different numbers of steps."""

FEW_CHANNELS = (1, 3, 4)
"""Usual numbers of channels of images."""

FEW_FEATURES, MANY_STEPS = 12, 32
"""Sequences usually have fewer features than steps. At most so many features, and at least so many steps, are clear."""

MANY_TOKENS, LONG_TEXT = 50, 8
"""Least number of ids in a vocabulary, and least number of columns with ids."""


def find_layout_faults(X: Array, *, standardize: bool) -> list[Finding]:
    """Find arrays whose layout is probably not what the user meant.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        As the user gave it.
    standardize : bool
        Whether the estimator will standardise X.

    Returns
    -------
    list of Finding
    """
    if X.dtype.kind not in "buif" or not X.size:
        return []
    looked_for = {2: (_token_ids,), 3: (_padding, _token_ids, _features_first), 4: (_channels_first,)}
    found = [look(X, standardize) for look in looked_for.get(X.ndim, ())]
    return [finding for finding in found if finding is not None]


def _padding(X, standardize):
    """Find sequences that end in one repeated value."""
    value = X[0, -1, 0] if len(X) == 1 else _commonest(X[:, -1, 0])
    if np.isnan(value):
        return None
    is_value = (value == X).all(axis=2)
    n_padded = np.where(is_value.all(axis=1), X.shape[1], is_value[:, ::-1].argmin(axis=1))
    is_padded = n_padded > 0
    if is_padded.mean() < PADDED or len(np.unique(n_padded[is_padded])) < 2:
        return None
    return Finding(
        "padding",
        "warning",
        f"{is_padded.sum()} of {len(X)} sequences end in steps that are {value:g}, up to {n_padded.max()} steps. These "
        "steps are used like all others: only NaN and unequal lengths are masked.",
        "If this is padding, give the sequences as a list of arrays, or replace the padding by NaN.",
        "A1",
        figure=float(is_padded.mean()),
    )


def _token_ids(X, standardize):
    """Find whole numbers of one vocabulary in all columns."""
    if X.dtype.kind not in "iu" or X.dtype == np.uint8 or not standardize or X.shape[1] < LONG_TEXT:
        return None
    if X.ndim == 3 and X.shape[2] > 1:
        return None
    columns = X.reshape(len(X), -1)
    tops = columns.max(axis=0)
    if columns.min() < 0 or tops.max() < MANY_TOKENS or np.median(tops) < tops.max() / 2:
        return None
    return Finding(
        "token_ids",
        "note",
        f"All {columns.shape[1]} columns have whole numbers from {columns.min()} to {tops.max()}. standardize=True "
        "converts them to fractions, and changes the value of padding.",
        "If these are ids for an Embedding layer, set standardize=False.",
        "A2",
        figure=int(tops.max()),
        parameter="standardize",
    )


def _features_first(X, standardize):
    n_first, n_last = X.shape[1:]
    if not (n_first <= FEW_FEATURES and n_last >= max(MANY_STEPS, 4 * n_first)):
        return None
    return Finding(
        "features_first",
        "note",
        f"X has shape {X.shape}. It is read as {n_first} steps of {n_last} features, or as images of {n_first} x "
        f"{n_last} pixels.",
        f"If these are {n_first} features over {n_last} steps, set data_format='channels_first' in an LSTM estimator, "
        "or swap the axes.",
        "A1",
        figure=n_last,
        parameter="data_format",
    )


def _channels_first(X, standardize):
    _, first, middle, last = X.shape
    if first not in FEW_CHANNELS or last in FEW_CHANNELS or min(middle, last) <= max(FEW_CHANNELS):
        return None
    return Finding(
        "channels_first",
        "warning",
        f"X has shape {X.shape}. It is read as images of {first} x {middle} pixels with {last} channels.",
        f"If these are images of {middle} x {last} pixels with {first} channels, set data_format='channels_first', or "
        "move the axis.",
        "A1",
        figure=last,
        parameter="data_format",
    )


def _commonest(values):
    kinds, counts = np.unique(values, return_counts=True)
    return kinds[counts.argmax()]
