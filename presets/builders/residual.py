"""Stages of a residual network: normalised convolutions of images, and a shortcut around two of them."""

from keras import layers

from presets import measured
from presets.builders.pooling import halve


def residual_stage(images, n_filters, kernel_size, *, activation, name, rules):
    """Put a stage on images: a convolution, a 2x2 maximum, and two convolutions with a shortcut around them.

    All three are normalised over the batch. All but the first convolution works on a quarter of the pixels.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n_samples, height, width, n_channels)
    n_filters : int
        Of all three convolutions.
    kernel_size : int
    activation : str or callable
        Behind each normalisation.
    name : str
        What the names of the layers end with.
    rules : dict
        `kernel_initializer`, `kernel_regularizer` and `dtype` of the layers.

    Returns
    -------
    keras.KerasTensor of shape (n_samples, height // 2, width // 2, n_filters)
        The maximum is left out where a side would fall under 2.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. D. Page, "How to Train
    Your ResNet" (2018), has these stages, and K. Jordan, "94% on CIFAR-10 in 3.29 Seconds" (2024), arXiv 2404.00498,
    the maximum before the normalisation.
    """

    def convolve(inputs, part):
        return layers.Conv2D(
            n_filters,
            kernel_size,
            padding="same",
            use_bias=False,
            data_format="channels_last",
            name=f"convolution_{part}",
            **rules,
        )(inputs)

    def normalize(inputs, part):
        outputs = layers.BatchNormalization(
            momentum=measured.CNN_MOMENTUM, dtype=rules["dtype"], name=f"normalization_{part}"
        )(inputs)
        return layers.Activation(activation, dtype=rules["dtype"], name=f"activation_{part}")(outputs)

    halved = halve(convolve(images, name), name=f"pooling_{name}", dtype=rules["dtype"])
    outputs = branch = normalize(halved, name)
    for part in (f"{name}_first", f"{name}_second"):
        branch = normalize(convolve(branch, part), part)
    return layers.Add(dtype=rules["dtype"], name=f"residual_{name}")([outputs, branch])
