"""Averages of the outputs for an image and its mirror image, in predictions only."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("presets")
class MirrorImages(keras.layers.Layer):
    """Appends the mirror images to a batch, except in training.

    `MirrorAverage` must be the last layer of the same network. All layers between treat rows independently.
    """

    def call(self, images, training=False):
        """Return images of shape (2 * n_samples, height, width, n_channels), or the same images if `training`."""
        return images if training else ops.concatenate([images, ops.flip(images, axis=2)], axis=0)

    def compute_output_shape(self, input_shape):
        """Return the shape, with an unknown number of images."""
        return (None, *input_shape[1:])


@keras.saving.register_keras_serializable("presets")
class MirrorAverage(keras.layers.Layer):
    """Averages the outputs of each image and its mirror image after `MirrorImages`, except in training.

    The outputs are logits or standardised values. For these, the usual losses are convex, so the loss of the mean is at
    most the mean of the two losses. A temperature and the unit of a regression only rescale the mean.
    """

    def call(self, outputs, training=False):
        """Return the means of shape (n_samples, n_outputs), or the same outputs if `training`."""
        return outputs if training else ops.mean(ops.reshape(outputs, (2, -1, outputs.shape[-1])), axis=0)

    def compute_output_shape(self, input_shape):
        """Return the shape, with an unknown number of images."""
        return (None, *input_shape[1:])
