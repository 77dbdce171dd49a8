"""Convolutional networks for images."""

from collections.abc import Callable, Sequence
from numbers import Real
from types import MappingProxyType
from typing import Any

import keras
from sklearn.utils._param_validation import Interval, StrOptions

from presets import article, measured
from presets.builders.augmentation import AUGMENTATIONS, WITHOUT_RANGE
from presets.builders.cnn import BLOCKS, CONVOLUTIONS, backbone_as_data, build_cnn
from presets.builders.network import Network
from presets.data.images import value_range
from presets.data.inputs import ImageInput
from presets.estimators import _parameters as shared
from presets.estimators._classifier import Classifier
from presets.estimators._parameters import (
    BOOLEAN,
    COUNT,
    WIDTHS,
    check_widths,
    network_arguments,
    parameter,
    with_parameters,
)
from presets.estimators._regressor import Regressor
from presets.estimators.base import NetworkEstimator
from presets.warn import warn_user


@with_parameters
class CNN(NetworkEstimator):
    """The family of convolutional networks."""

    filters: Sequence[int] = parameter(
        WIDTHS,
        "sequence of int",
        "Number of filters of each block; powers of two use the hardware well (S2). Not used with a `backbone`.",
        default=article.CNN_FILTERS,
    )
    block: str = parameter(
        [StrOptions(set(BLOCKS))],
        "{'plain', 'residual', 'separable'}",
        "Kind of each block. 'plain': a convolution and 2x2 max pooling. 'residual': a convolution, 2x2 max pooling, "
        "and two convolutions with a residual connection (He et al. 2016), all with batch normalisation. 'separable': "
        "the same with depthwise separable convolutions (Chollet 2017), except for the first one of the network; it "
        "has fewer weights. Not used with a `backbone`.",
        default="plain",
    )
    se_ratio: float | None = parameter(
        [Interval(Real, 0, 1, closed="right"), None],
        "float or None",
        "Squeeze-and-excitation of residual and separable blocks (Hu et al. 2018): each channel is multiplied by a "
        "factor that two dense layers compute from the means of all channels. This is the width of the first one, as a "
        "share of the filters, such as 0.25. None is no squeeze-and-excitation.",
        default=None,
    )
    kernel_size: int = parameter(COUNT, "int", "Height and width of the convolutions.", default=article.CNN_KERNEL_SIZE)
    dense_units: int | None = parameter(
        [*COUNT, None],
        "int or None",
        "Width of the dense layer before the output; None for no such layer.",
        default=article.CNN_DENSE_UNITS,
    )
    activation: str | Callable[..., Any] = parameter(shared.ACTIVATION, default=article.ACTIVATION)
    dropout: float = parameter(shared.DROPOUT, default=article.DROPOUT_COMPLEX)
    dropout_schedule: str | None = parameter(shared.DROPOUT_SCHEDULE, default=None)
    l1: float = parameter(shared.L1, default=article.L1)
    l2: float = parameter(shared.L2, default=article.L2)
    augmentation: str | Sequence[Any] | None = parameter(
        [StrOptions(set(AUGMENTATIONS)), list, tuple, None],
        "{'article', 'flip', 'strong', 'shift', 'shift_flip', 'cutout'}, list of keras.Layer or None",
        "Random changes of the images in training (A10). 'article': rotation, shear, translation and zoom. 'flip': "
        "the same and mirrored images, if mirrored images keep their labels. 'strong': 'article', brightness, contrast "
        "and erased patches. 'shift': translation by whole pixels. 'shift_flip': the same and mirrored images. "
        "'cutout': 'shift' and a covered patch (DeVries and Taylor 2017). Layers of a list are copied and seeded. "
        "MixUp and CutMix are refused, because they would have to change the labels too.",
        default=article.AUGMENTATION,
    )
    average_flips: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether predictions are averages over each image and its mirror image. Use it only if mirrored images keep "
        "their labels, and train with mirrored images too. A classifier averages logits, and a regressor standardised "
        "values. Validation and `model_` average too; training does not. Predictions take twice as long.",
        default=False,
    )
    backbone: keras.Model | None = parameter(
        [keras.Model, None],
        "keras.Model or None",
        "A network for images that replaces the blocks, with its weights (S4), such as one of `keras.applications` "
        "without its top. It is copied, and never changed. It gets images that this estimator has standardised.",
        default=None,
    )
    train_backbone: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether to train the backbone too. To fine-tune it, fit with False first. Then set True, a lower "
        "`learning_rate` and ``warm_start=True``, and fit again.",
        default=False,
    )
    image_shape: Sequence[int] | None = parameter(
        [list, tuple, None],
        "tuple of int or None",
        "Shape of one image, if each row of X is an image: (height, width), or with the channels in the order of "
        "`data_format`.",
        default=None,
        place="input",
    )
    data_format: str = parameter(shared.DATA_FORMAT, default="channels_last")

    _presets = article.CNN_PRESETS
    _budget = article.CNN_BUDGET
    _in_model = MappingProxyType({"augmentation": None})  # it has a layer of this package

    def _check_network(self):
        check_widths("filters", self.filters)
        if self.se_ratio is not None:
            self._check_has_stages()
        if self.image_shape is not None:
            check_widths("image_shape", self.image_shape)

    def _check_has_stages(self):
        if self.backbone is not None:
            raise ValueError(
                f"se_ratio={self.se_ratio} cannot be used with a backbone, which replaces the blocks; set "
                "se_ratio=None."
            )
        if self.block not in CONVOLUTIONS:
            raise ValueError(
                f"se_ratio={self.se_ratio} needs residual blocks, but block is {self.block!r}; set block to one of "
                f"{', '.join(map(repr, CONVOLUTIONS))}, or set se_ratio=None."
            )

    def _input(self):
        return ImageInput(self.standardize, self.data_format, self.image_shape)

    def _suited(self, network, encoder, X, rows, X_val):
        if self.backbone is not None and not (self.warm_start and hasattr(self, "_fitted")):
            self._warn_of_scaling()
        if self.augmentation is None or (isinstance(self.augmentation, str) and self.augmentation in WITHOUT_RANGE):
            return network
        return network.replace(value_range=value_range(X.values, rows, encoder.standardizer))

    def _warn_of_scaling(self):
        rescaling = keras.layers.Rescaling | keras.layers.Normalization
        if any(isinstance(layer, rescaling) for layer in self.backbone._flatten_layers()):
            warn_user(
                f"backbone {self.backbone.name!r} also rescales its images, so they are scaled twice. Build it with "
                "include_preprocessing=False."
            )

    def _network(self, input_shape, n_outputs):
        arguments = {
            "backbone": None if self.backbone is None else backbone_as_data(self.backbone),
            "kernel_initializer": self._initializer(),
            "dtype": self.dtype,
            "seed": 0,
        }
        return Network(build_cnn, input_shape, n_outputs, network_arguments(self) | arguments)


@with_parameters
class CNNClassifier(Classifier, CNN):
    """Classifier of images with a convolutional network, trained by the article's checklist.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from presets import CNNClassifier
    >>> digits = load_digits()
    >>> X, y = digits.images[:200], digits.target[:200]  # (n_samples, height, width)
    >>> network = CNNClassifier(filters=(8, 16), dense_units=16, epochs=2, random_state=0)
    >>> network.fit(X, y).predict_proba(X).shape
    (200, 10)
    """

    _presets = MappingProxyType(CNN._presets | measured.CNN_CLASSIFIER_PRESETS)


@with_parameters
class CNNRegressor(Regressor, CNN):
    """Regressor on images with a convolutional network, trained by the article's checklist.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from presets import CNNRegressor
    >>> X = load_digits().images[:200]
    >>> y = X.mean(axis=(1, 2))
    >>> network = CNNRegressor(filters=(8, 16), dense_units=16, epochs=2, random_state=0)
    >>> network.fit(X, y).predict(X[:3]).shape
    (3,)
    """

    _presets = MappingProxyType(CNN._presets | measured.CNN_REGRESSOR_PRESETS)
