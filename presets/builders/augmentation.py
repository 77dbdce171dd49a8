"""Random changes of training images that do not change their labels (A10)."""

import inspect
import itertools

import keras
from keras import ops

from presets import article, measured
from presets.builders.cutout import RandomCutout
from presets.builders.seeding import seeded
from presets.builders.shift import RandomShift

BLENDING = {"MixUp", "CutMix"}
"""Keras layers that blend the images of a batch. They blend the labels only if they get images and labels."""

UNSEEDED = 0
"""Seed of a layer that is only copied: Keras would draw a missing seed from Python's global generator."""


def augmentation_layers(augmentation, *, value_range, seed, dtype="float32"):
    """Build the layers that augment standardised images, channels last, while a network trains.

    Parameters
    ----------
    augmentation : {"article", "flip", "strong", "shift", "shift_flip", "cutout"}, sequence of keras.Layer, or None
        "article": rotation and shear, and crops by translation and zoom (A10), in a single interpolation. "flip": also
        a horizontal flip of half of the images; not for letters, digits or other images with a different meaning when
        mirrored. "strong": "article" with brightness, contrast, and an erased patch in half of the images. "shift":
        moved by whole pixels. "shift_flip": also a horizontal flip of half of the images. "cutout": "shift", with a
        covered patch in each image.

        Layers in a list are copied. Each copy gets its own seed and the value range of the data. The layers must act in
        training only. MixUp and CutMix are refused: as layers of a network they blend images, but not the labels.
    value_range : tuple of float
        Smallest and largest value of the standardised images, for layers that depend on it.
    seed : int
    dtype : str
        Floating-point type of the images.

    Returns
    -------
    list of keras.Layer
        New layers at each call. Some are layers of this package. So a network for use elsewhere is built again without
        augmentation, with the same weights.

    Raises
    ------
    ValueError
        If `augmentation` has another value.
    """
    if augmentation is None:
        return []
    if isinstance(augmentation, str):
        if augmentation not in AUGMENTATIONS:
            raise ValueError(
                f"augmentation={augmentation!r} is not known. Use one of {sorted(AUGMENTATIONS)}, "
                "a list of Keras layers, or None."
            )
        layers = AUGMENTATIONS[augmentation]()
    else:
        layers = list(augmentation)
        for layer in layers:
            _check(layer)
    return [_copy(layer, number, value_range, seed + number, dtype) for number, layer in enumerate(layers)]


@keras.saving.register_keras_serializable("presets")
class RandomAffine(keras.layers.Layer):
    """Rotation, shear, zoom, translation and mirroring of each training image, in one transformation.

    Each of Keras's own layers makes one of these changes. Together they interpolate four times, which blurs small
    images and is about twenty times slower with XLA on a CPU. Pixels from outside an image get the value of the nearest
    border, so all values stay in the range of the image.

    Parameters
    ----------
    rotation : float
        Greatest angle in both directions, as a share of a full turn.
    shear : float
        Greatest tangent of the angle between the vertical axis and its new direction.
    translation : float
        Greatest distance in each direction, as a share of height and width.
    zoom : float
        Greatest relative change of the size.
    horizontal_flip : bool
        Whether to mirror images, each with probability one half.
    seed : int, optional
    **kwargs
        Arguments of `keras.Layer`.
    """

    def __init__(self, rotation=0.0, shear=0.0, translation=0.0, zoom=0.0, horizontal_flip=False, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rotation, self.shear, self.translation, self.zoom = rotation, shear, translation, zoom
        self.horizontal_flip = horizontal_flip
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        if keras.backend.backend() == "tensorflow":  # as Keras's own: XLA does not know the operation
            self.supports_jit = False

    def call(self, images, training=False):
        """Transform a batch of images of shape (n_samples, height, width, n_channels) if `training`."""
        if not training:
            return images
        n_samples, height, width, _ = ops.shape(images)
        transform = self._draw_transforms(n_samples, height, width)
        return ops.image.affine_transform(images, transform, fill_mode="nearest", data_format="channels_last")

    def _draw_transforms(self, n_samples, height, width):
        """Draw, for each image, the map from new pixels to their origin, in the form of `affine_transform`."""
        drawn = keras.random.uniform((6, n_samples), -1.0, 1.0, seed=self.seed_generator)
        angle, shear = 2 * ops.arccos(-1.0) * self.rotation * drawn[0], self.shear * drawn[1]
        right, down = self.translation * width * drawn[2], self.translation * height * drawn[3]
        size = 1.0 + self.zoom * drawn[4]
        side = ops.where(drawn[5] < 0, -1.0, 1.0) if self.horizontal_flip else 1.0
        cos, sin = size * ops.cos(angle), size * ops.sin(angle)
        x_from_x, x_from_y = side * cos, side * (shear * cos - sin)
        y_from_x, y_from_y = sin, shear * sin + cos
        x, y = (width - 1) / 2, (height - 1) / 2
        x_offset = x + right - x * x_from_x - y * x_from_y
        y_offset = y + down - x * y_from_x - y * y_from_y
        none = ops.zeros_like(angle)
        return ops.stack([x_from_x, x_from_y, x_offset, y_from_x, y_from_y, y_offset, none, none], axis=1)

    def compute_output_shape(self, input_shape):
        """Return the same shape."""
        return input_shape

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "rotation": self.rotation,
            "shear": self.shear,
            "translation": self.translation,
            "zoom": self.zoom,
            "horizontal_flip": self.horizontal_flip,
            "seed": self.seed,
        }


def _article(horizontal_flip=False):
    return [
        RandomAffine(
            rotation=article.AUGMENT_ROTATION,
            shear=article.AUGMENT_SHEAR,
            translation=article.AUGMENT_TRANSLATION,
            zoom=article.AUGMENT_ZOOM,
            horizontal_flip=horizontal_flip,
            seed=UNSEEDED,
        )
    ]


def _strong():
    share = article.AUGMENT_ERASED
    return [
        *_article(),
        keras.layers.RandomBrightness(article.AUGMENT_BRIGHTNESS, seed=UNSEEDED),
        keras.layers.RandomContrast(article.AUGMENT_CONTRAST, seed=UNSEEDED),
        # a single factor is the greatest probability that Keras draws, so it would erase half as many images
        keras.layers.RandomErasing((share, share), fill_value=0.0, seed=UNSEEDED),
    ]


def _shift(horizontal_flip=False):
    return [RandomShift(measured.SHIFT, horizontal_flip=horizontal_flip, seed=UNSEEDED)]


def _cutout():
    return [*_shift(), RandomCutout(measured.CUTOUT, seed=UNSEEDED)]


AUGMENTATIONS = {
    "article": _article,
    "flip": lambda: _article(horizontal_flip=True),
    "strong": _strong,
    "shift": _shift,
    "shift_flip": lambda: _shift(horizontal_flip=True),
    "cutout": _cutout,
}

WITHOUT_RANGE = {None, "article", "flip", "shift", "shift_flip", "cutout"}
"""Augmentations that do not depend on the range of the values."""


def _check(layer):
    if not isinstance(layer, keras.Layer):
        raise ValueError(f"augmentation must contain Keras layers, got {layer!r}.")
    for part in layer._flatten_layers():
        if BLENDING & {kind.__name__ for kind in type(part).__mro__}:
            raise ValueError(
                f"augmentation cannot take {type(part).__name__}: inside a network it blends images but not labels, so "
                "the network learns wrong labels. Remove it, or blend images and labels before `fit`."
            )
    if "training" not in inspect.signature(layer.call).parameters:
        raise ValueError(
            f"augmentation cannot take {type(layer).__name__}: it also changes images in predictions. Apply it to X "
            "instead."
        )


def _copy(layer, number, value_range, seed, dtype):
    config = layer.get_config()
    own = {
        "name": f"augmentation_{number + 1}",
        "seed": seed,
        "dtype": dtype,
        "value_range": tuple(value_range),
        "data_format": "channels_last",
    }
    config |= {name: value for name, value in own.items() if name in config}
    try:
        return type(layer).from_config(seeded(config, itertools.count(seed)))
    except (TypeError, ValueError) as error:  # Keras 3.15's RandomShear(0.1) does not take the factors that it reports
        raise ValueError(
            f"augmentation cannot copy {type(layer).__name__}: Keras cannot build it from its configuration. Give its "
            "factors as pairs, such as (0.0, 0.1)."
        ) from error
