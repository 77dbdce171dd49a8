"""Sequences of unequal length: padding is replaced by zeros."""

from typing import Any

from keras import ops


def hide_padding(sequences: Any, valid: Any) -> Any:
    """Replace the steps that are not valid by zeros.

    Parameters
    ----------
    sequences : tensor of shape (n_samples, n_timesteps, n_features)
    valid : bool tensor of shape (n_samples, n_timesteps), or None for no padding
    """
    if valid is None:
        return sequences
    return ops.where(ops.expand_dims(valid, -1), sequences, ops.zeros_like(sequences))
