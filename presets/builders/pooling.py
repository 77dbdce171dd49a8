"""Images of half the size."""

from keras import layers


def halve(images, *, name, dtype):
    """Take the maximum of each 2x2 pixels, unless a side would fall under 2.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n_samples, height, width, n_channels)
    name : str
        Of the layer.
    dtype : str or keras.DTypePolicy

    Returns
    -------
    keras.KerasTensor of shape (n_samples, height // 2, width // 2, n_channels)
    """
    if min(images.shape[1:3]) < 4:
        return images
    return layers.MaxPooling2D(2, data_format="channels_last", dtype=dtype, name=name)(images)
