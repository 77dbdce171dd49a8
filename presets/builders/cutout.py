"""Augmentation of images: a covered patch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("presets")
class RandomCutout(keras.layers.Layer):
    """Covers a patch at a random place in each training image with zeros, the mean of standardised images.

    Keras's `RandomErasing` is different: it also draws whether to erase, and the shape of each patch.

    Parameters
    ----------
    share : float
        Height and width of the patch, as a share of height and width of the image, rounded to whole pixels.
    seed : int, optional
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    T. DeVries, G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout" (2017), arXiv
    1708.04552.
    """

    def __init__(self, share, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.share, self.seed = share, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Cover a patch of each image of a batch of shape (n_samples, height, width, n_channels) if `training`."""
        if not training:
            return images
        n_samples, height, width, _ = ops.shape(images)
        rows, columns = self._draw_patch(n_samples, height), self._draw_patch(n_samples, width)
        is_covered = ops.logical_and(ops.expand_dims(rows, 2), ops.expand_dims(columns, 1))
        return ops.where(ops.expand_dims(is_covered, 3), ops.zeros_like(images), images)

    def _draw_patch(self, n_samples, side):
        """Draw which pixels along a side are in the patch, as a mask of shape (n_samples, side)."""
        length = round(self.share * side)
        first = keras.random.randint((n_samples, 1), 0, side - length + 1, seed=self.seed_generator)
        places = ops.arange(side, dtype="int32")
        return ops.logical_and(places >= first, places < first + length)

    def compute_output_shape(self, input_shape):
        """Return the same shape."""
        return input_shape

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "share": self.share, "seed": self.seed}
