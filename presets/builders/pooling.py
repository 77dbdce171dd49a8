"""Pooling of images to half of their height and width."""

from typing import Any

from keras import layers


def halve(images: Any, *, name: str, dtype: Any) -> Any:
    """Apply 2x2 max pooling, unless a side would become shorter than 2.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n_samples, height, width, n_channels)
    name : str
        Name of the layer.
    dtype : str or keras.DTypePolicy

    Returns
    -------
    keras.KerasTensor of shape (n_samples, height // 2, width // 2, n_channels)
    """
    if min(images.shape[1:3]) < 4:
        return images
    return layers.MaxPooling2D(2, data_format="channels_last", dtype=dtype, name=name)(images)
