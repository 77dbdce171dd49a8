"""Stages of a residual network for images: convolutions with batch normalisation, and a residual connection."""

from collections.abc import Callable
from typing import Any

from keras import layers

from presets import measured
from presets.builders.pooling import halve
from presets.builders.squeeze_excitation import squeeze_excitation


def residual_stage(
    images: Any,
    n_filters: int,
    kernel_size: int,
    *,
    entry: Callable[..., layers.Layer],
    branch: Callable[..., layers.Layer],
    se_ratio: float | None,
    activation: Any,
    name: str,
    rules: dict[str, Any],
) -> Any:
    """Add a stage: a convolution, 2x2 max pooling, and two convolutions with a residual connection.

    All three convolutions have batch normalisation. The second and the third one work on a quarter of the pixels.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n_samples, height, width, n_channels)
    n_filters : int
        Number of filters of all three convolutions.
    kernel_size : int
    entry, branch : callable
        Makers of the first convolution and of the other two: `full_convolution` or `separable_convolution`.
    se_ratio : float or None
        Squeeze-and-excitation of the two convolutions' result, before it is added; see `squeeze_excitation`.
    activation : str or callable
        Activation after each normalisation.
    name : str
        Suffix of the names of the layers.
    rules : dict
        `kernel_initializer`, `kernel_regularizer` and `dtype` of the layers.

    Returns
    -------
    keras.KerasTensor of shape (n_samples, height // 2, width // 2, n_filters)
        There is no pooling if a side would become shorter than 2.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. D. Page, "How to Train
    Your ResNet" (2018), has these stages. K. Jordan, "94% on CIFAR-10 in 3.29 Seconds" (2024), arXiv 2404.00498, has
    the pooling before the normalisation.
    """

    def convolve(inputs: Any, convolution: Callable[..., layers.Layer], part: str) -> Any:
        return convolution(n_filters, kernel_size, name=f"convolution_{part}", rules=rules)(inputs)

    def normalize(inputs: Any, part: str) -> Any:
        outputs = layers.BatchNormalization(
            momentum=measured.CNN_MOMENTUM, dtype=rules["dtype"], name=f"normalization_{part}"
        )(inputs)
        return layers.Activation(activation, dtype=rules["dtype"], name=f"activation_{part}")(outputs)

    halved = halve(convolve(images, entry, name), name=f"pooling_{name}", dtype=rules["dtype"])
    shortcut = outputs = normalize(halved, name)
    for part in (f"{name}_first", f"{name}_second"):
        outputs = normalize(convolve(outputs, branch, part), part)
    if se_ratio is not None:
        outputs = squeeze_excitation(outputs, se_ratio, activation=activation, name=name, rules=rules)
    return layers.Add(dtype=rules["dtype"], name=f"residual_{name}")([shortcut, outputs])
