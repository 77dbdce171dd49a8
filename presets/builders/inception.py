"""Parallel convolutions of several lengths, for sequences. Padding stays zero."""

from typing import Any

import keras
from keras import layers, ops

from presets.builders.padding import hide_padding

KERNEL_SIZES = (40, 20, 10)
"""Kernel sizes of the branches, in steps (Ismail Fawaz et al. 2020)."""

BOTTLENECK = 32
"""Greatest number of input features of a convolution (Ismail Fawaz et al. 2020)."""


class _Block(layers.Layer):
    """Base of the blocks: it makes the inner layers by the same rules, and has the common parameters.

    Parameters
    ----------
    filters : int
    momentum : float
        Momentum of the running statistics in batch normalisation.
    kernel_initializer, kernel_regularizer : optional
        Initializer and regularizer of all convolutions.
    **kwargs
        Arguments of `keras.Layer`.
    """

    def __init__(
        self, filters, *, momentum=0.99, kernel_initializer="glorot_uniform", kernel_regularizer=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.filters, self.momentum = filters, momentum
        self._initializer = keras.initializers.get(kernel_initializer)
        self._regularizer = keras.regularizers.get(kernel_regularizer)

    def _convolution(self, filters, size, name, kind=layers.Conv1D, **own):
        prefixes = ("depthwise", "pointwise") if kind is layers.SeparableConv1D else ("kernel",)
        for prefix in prefixes:
            own |= {f"{prefix}_initializer": self._initializer, f"{prefix}_regularizer": self._regularizer}
        return kind(
            filters,
            size,
            padding="same",
            use_bias=False,
            data_format="channels_last",
            dtype=self.dtype_policy,
            name=name,
            **own,
        )

    def _normalization(self, name="normalization"):
        return layers.BatchNormalization(momentum=self.momentum, dtype=self.dtype_policy, name=name)

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "momentum": self.momentum,
            "kernel_initializer": keras.initializers.serialize(self._initializer),
            "kernel_regularizer": keras.regularizers.serialize(self._regularizer),
        }


@keras.saving.register_keras_serializable("presets")
class InceptionBlock(_Block):
    """Convolutions of three lengths and a max pooling in parallel, then batch normalisation and relu.

    Parameters
    ----------
    filters : int
        Number of filters in each of the four branches.
    momentum, kernel_initializer, kernel_regularizer, **kwargs
        See `_Block`.

    References
    ----------
    H. Ismail Fawaz et al., "InceptionTime: Finding AlexNet for Time Series Classification", DMKD 2020.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(filters, **kwargs)
        self.bottleneck = self._convolution(BOTTLENECK, 1, "bottleneck")
        self.branches = [self._convolution(filters, size, f"length_{size}") for size in KERNEL_SIZES]
        self.of_maximum = self._convolution(filters, 1, "of_maximum")
        self.normalization = self._normalization()

    def build(self, sequences_shape: Any, valid_shape: Any = None) -> None:
        """Make the weights. Few features need no bottleneck."""
        self.has_bottleneck = sequences_shape[-1] > BOTTLENECK
        mixed = (*sequences_shape[:-1], BOTTLENECK) if self.has_bottleneck else sequences_shape
        if self.has_bottleneck:
            self.bottleneck.build(sequences_shape)
        for branch in self.branches:
            branch.build(mixed)
        self.of_maximum.build(sequences_shape)
        self.normalization.build(self.compute_output_shape(sequences_shape))

    def call(self, sequences: Any, valid: Any = None, training: bool = False) -> Any:
        """Convolve sequences of shape (n_samples, n_timesteps, n_features)."""
        mixed = self.bottleneck(sequences) if self.has_bottleneck else sequences
        # padding must never be the maximum
        shown = sequences if valid is None else ops.where(ops.expand_dims(valid, -1), sequences, -1e4)
        maximum = ops.max_pool(shown, 3, 1, padding="same", data_format="channels_last")
        maximum = self.of_maximum(hide_padding(maximum, valid))
        joined = ops.concatenate([*(branch(mixed) for branch in self.branches), maximum], axis=-1)
        return hide_padding(ops.relu(self.normalization(joined, training=training, mask=valid)), valid)

    def compute_output_shape(self, sequences_shape: Any, valid_shape: Any = None) -> Any:
        """Return the shape with the features of all branches."""
        return (*sequences_shape[:-1], self.filters * (len(KERNEL_SIZES) + 1))


@keras.saving.register_keras_serializable("presets")
class SeparableBlock(_Block):
    """A separable dilated convolution, batch normalisation and relu.

    Parameters
    ----------
    filters : int
    size : int
        Kernel size in steps.
    dilation : int
        Distance between the steps of the kernel.
    momentum, kernel_initializer, kernel_regularizer, **kwargs
        See `_Block`.

    References
    ----------
    A. Ismail-Fawaz et al., "LITE: Light Inception with boosTing tEchniques for Time Series Classification", DSAA 2023.
    """

    def __init__(self, filters: int, *, size: int, dilation: int, **kwargs: Any) -> None:
        super().__init__(filters, **kwargs)
        self.size, self.dilation = size, dilation
        self.convolution = self._convolution(
            filters, size, "convolution", kind=layers.SeparableConv1D, dilation_rate=dilation
        )
        self.normalization = self._normalization()

    def build(self, sequences_shape: Any, valid_shape: Any = None) -> None:
        """Make the weights."""
        self.convolution.build(sequences_shape)
        self.normalization.build(self.compute_output_shape(sequences_shape))

    def call(self, sequences: Any, valid: Any = None, training: bool = False) -> Any:
        """Convolve sequences of shape (n_samples, n_timesteps, n_features)."""
        normalized = self.normalization(self.convolution(sequences), training=training, mask=valid)
        return hide_padding(ops.relu(normalized), valid)

    def compute_output_shape(self, sequences_shape: Any, valid_shape: Any = None) -> Any:
        """Return the shape with `filters` features."""
        return (*sequences_shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {**super().get_config(), "size": self.size, "dilation": self.dilation}
