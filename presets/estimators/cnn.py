"""Convolutional networks for images."""

import warnings
from dataclasses import dataclass
from numbers import Integral
from types import MappingProxyType

import keras
import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from presets import article, measured
from presets.builders.augmentation import AUGMENTATIONS, WITHOUT_RANGE
from presets.builders.cnn import BLOCKS, backbone_as_data, build_cnn
from presets.builders.network import Network
from presets.data.encoder import Encoder
from presets.data.images import fit_image_standardizer, plain_image_standardizer, read_images, value_range
from presets.estimators._arrays import ArrayInput
from presets.estimators._checks import check_widths
from presets.estimators._documentation import documented
from presets.estimators._heads import ClassifierHead, RegressorHead
from presets.estimators._presets import PresetMixin
from presets.estimators._regularized import Regularized


@dataclass(kw_only=True, eq=False, repr=False)
class CNN(PresetMixin, ArrayInput, Regularized):
    """The family of convolutional networks."""

    filters: tuple = article.CNN_FILTERS
    block: str = "plain"
    kernel_size: int = article.CNN_KERNEL_SIZE
    dense_units: int | None = article.CNN_DENSE_UNITS
    activation: str = article.ACTIVATION
    dropout: float = article.DROPOUT_COMPLEX
    augmentation: str | list | None = article.AUGMENTATION
    backbone: keras.Model | None = None
    train_backbone: bool = False
    image_shape: tuple | None = None
    data_format: str = "channels_last"

    _presets = article.CNN_PRESETS
    _budget = article.CNN_BUDGET
    _parameter_constraints = Regularized._parameter_constraints | {
        "filters": ["array-like"],
        "block": [StrOptions(set(BLOCKS))],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "dense_units": [Interval(Integral, 1, None, closed="left"), None],
        "activation": [str, callable],
        "augmentation": [StrOptions(set(AUGMENTATIONS)), list, tuple, None],
        "backbone": [keras.Model, None],
        "train_backbone": ["boolean"],
        "image_shape": [list, tuple, None],
        "data_format": [StrOptions({"channels_last", "channels_first"})],
    }

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, n_channels)
            Or a table, also a sparse one, with the pixels of an image in each row, if `image_shape` is set.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Images of weight zero are left out before the split.
        X_val, y_val : array-like, optional
            Validation data in the place of the internal split.
        sample_weight_val : array-like, optional
            Weights of the rows of `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not usable; before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part; the training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite; the best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val=sample_weight_val)

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        check_widths("filters", self.filters)
        if self.image_shape is not None:
            check_widths("image_shape", self.image_shape)
        return callbacks

    def _learn_encoding(self, X, y, rows, weights, **known):
        rescaling = keras.layers.Rescaling | keras.layers.Normalization
        if self.backbone is not None and any(isinstance(layer, rescaling) for layer in self.backbone._flatten_layers()):
            warnings.warn(
                f"backbone {self.backbone.name!r} rescales its images by itself, so they are scaled twice. Build it "
                "with include_preprocessing=False.",
                stacklevel=6,
            )
        return super()._learn_encoding(X, y, rows, weights, **known)

    def _read(self, X):
        return read_images(X, data_format=self.data_format, image_shape=self.image_shape)

    def _sample_shape(self, images):
        return images.shape[1:]

    def _raw_shape(self, X, images):
        return np.shape(X[0])

    def _learn_encoder(self, X, rows, weights):
        return Encoder(
            fit_image_standardizer(X, rows, weights) if self.standardize else plain_image_standardizer(X),
            X.shape[1:],
            self._fitted_raw_shape,
            channels_first=self.data_format == "channels_first",
        )

    def _data_arguments(self, encoder, rows, X, X_val=None):
        if self.augmentation is None or (isinstance(self.augmentation, str) and self.augmentation in WITHOUT_RANGE):
            return {}
        return {"value_range": value_range(X, rows, encoder.standardizer)}

    def _network(self, input_shape, n_outputs):
        return Network(
            build_cnn,
            input_shape,
            n_outputs,
            {
                "filters": tuple(int(width) for width in self.filters),
                "block": self.block,
                "kernel_size": int(self.kernel_size),
                "dense_units": None if self.dense_units is None else int(self.dense_units),
                "activation": self.activation,
                "kernel_initializer": self._initializer(),
                "dropout": float(self.dropout),
                "l1": float(self.l1),
                "l2": float(self.l2),
                "augmentation": self.augmentation,
                "backbone": None if self.backbone is None else backbone_as_data(self.backbone),
                "train_backbone": bool(self.train_backbone),
                "dtype": self.dtype,
                "seed": 0,
            },
        )

    def _complete_arguments(self, encoder):
        return {"augmentation": None}  # it acts in training only, and one of its layers is this package's own

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = True
        return tags


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class CNNClassifier(ClassifierHead, CNN):
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
    _parameter_constraints = CNN._parameter_constraints | ClassifierHead._constraints


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class CNNRegressor(RegressorHead, CNN):
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
