"""Sequences of unequal length: zeros in the place of what is padding."""

from keras import ops


def hide_padding(sequences, valid):
    """Zeros in the place of steps that are not valid.

    Parameters
    ----------
    sequences : tensor of shape (n_samples, n_timesteps, n_features)
    valid : bool tensor of shape (n_samples, n_timesteps), or None for no padding
    """
    if valid is None:
        return sequences
    return ops.where(ops.expand_dims(valid, -1), sequences, ops.zeros_like(sequences))
