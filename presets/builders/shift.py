"""Fast augmentation of images: moves by whole pixels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("presets")
class RandomShift(keras.layers.Layer):
    """Moves each training image by whole pixels, and mirrors half of the images if `horizontal_flip`.

    New pixels get the value of the nearest border. There is no interpolation, so small images stay sharp, and a batch
    only needs one gather operation.

    Parameters
    ----------
    share : float
        Greatest distance in each direction, as a share of height and width, rounded to whole pixels.
    horizontal_flip : bool
        Whether to mirror images, each with probability one half.
    seed : int, optional
    **kwargs
        Arguments of `keras.Layer`.
    """

    def __init__(self, share, *, horizontal_flip=False, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.share, self.horizontal_flip, self.seed = share, horizontal_flip, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Move a batch of images of shape (n_samples, height, width, n_channels) if `training`."""
        if not training:
            return images
        n_samples, height, width, n_channels = ops.shape(images)
        rows, columns = self._draw_origins(n_samples, height), self._draw_origins(n_samples, width)
        if self.horizontal_flip:
            is_mirrored = keras.random.uniform((n_samples, 1), seed=self.seed_generator) < 0.5
            columns = ops.where(is_mirrored, width - 1 - columns, columns)
        first_row = ops.reshape(ops.arange(n_samples, dtype="int32") * height, (-1, 1))
        pixels = ops.expand_dims((first_row + rows) * width, 2) + ops.expand_dims(columns, 1)
        moved = ops.take(ops.reshape(images, (-1, n_channels)), ops.reshape(pixels, (-1,)), axis=0)
        return ops.reshape(moved, ops.shape(images))

    def _draw_origins(self, n_samples, side):
        """Draw the source position of each new pixel along a side, of shape (n_samples, side)."""
        most = round(self.share * side)
        ways = keras.random.randint((n_samples, 1), -most, most + 1, seed=self.seed_generator)
        return ops.clip(ops.arange(side, dtype="int32") + ways, 0, side - 1)

    def compute_output_shape(self, input_shape):
        """Return the same shape."""
        return input_shape

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "share": self.share,
            "horizontal_flip": self.horizontal_flip,
            "seed": self.seed,
        }
