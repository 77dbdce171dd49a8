"""Convolutions of images without bias, to be followed by batch normalisation: full, or depthwise separable."""

from typing import Any

from keras import layers


def full_convolution(n_filters: int, kernel_size: int, *, name: str, rules: dict[str, Any]) -> layers.Layer:
    """Make a convolution in which each filter reads all channels.

    Parameters
    ----------
    n_filters : int
    kernel_size : int
    name : str
    rules : dict
        `kernel_initializer`, `kernel_regularizer` and `dtype` of the layer.

    Returns
    -------
    keras.layers.Conv2D
        It keeps height and width.
    """
    return layers.Conv2D(
        n_filters,
        kernel_size,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        name=name,
        **rules,
    )


def separable_convolution(n_filters: int, kernel_size: int, *, name: str, rules: dict[str, Any]) -> layers.Layer:
    """Make a depthwise separable convolution: one filter for each channel, then a mixture of the channels.

    It has about ``1 / n_filters + 1 / kernel_size**2`` of the weights and products of a full convolution. There is
    nothing between its two parts, as in Xception.

    Parameters
    ----------
    n_filters, kernel_size, name, rules
        See `full_convolution`. The rules hold for both kernels.

    Returns
    -------
    keras.layers.SeparableConv2D
        It keeps height and width.

    References
    ----------
    F. Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017. A. Howard et al.,
    "MobileNets" (2017), arXiv 1704.04861.
    """
    kernels = {
        f"{part}_{rule}": rules[f"kernel_{rule}"]
        for part in ("depthwise", "pointwise")
        for rule in ("initializer", "regularizer")
    }
    return layers.SeparableConv2D(
        n_filters,
        kernel_size,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        name=name,
        dtype=rules["dtype"],
        **kernels,
    )
