"""Squeeze-and-excitation: a factor for each channel of an image, computed from the means of all its channels."""

from typing import Any

from keras import layers


def squeeze_excitation(images: Any, ratio: float, *, activation: Any, name: str, rules: dict[str, Any]) -> Any:
    """Multiply each channel by a factor between 0 and 1.

    The factors of an image come from the means of its channels, by two dense layers.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n_samples, height, width, n_channels)
    ratio : float
        Width of the first dense layer, as a share of the channels; at least one unit.
    activation : str or callable
        Activation of the first dense layer. The second one has a sigmoid.
    name : str
        Suffix of the names of the layers.
    rules : dict
        `kernel_initializer`, `kernel_regularizer` and `dtype` of the layers.

    Returns
    -------
    keras.KerasTensor of shape (n_samples, height, width, n_channels)

    References
    ----------
    J. Hu, L. Shen, G. Sun, "Squeeze-and-Excitation Networks", CVPR 2018.
    """
    n_channels = images.shape[-1]
    factors = layers.GlobalAveragePooling2D(
        data_format="channels_last", keepdims=True, dtype=rules["dtype"], name=f"means_{name}"
    )(images)
    n_units = max(1, int(n_channels * ratio))
    factors = layers.Dense(n_units, activation=activation, name=f"squeeze_{name}", **rules)(factors)
    factors = layers.Dense(n_channels, activation="sigmoid", name=f"excitation_{name}", **rules)(factors)
    return layers.Multiply(dtype=rules["dtype"], name=f"rescaled_{name}")([images, factors])
