"""Activations of which each unit learns how far it follows them."""

import keras


@keras.saving.register_keras_serializable("presets")
class ParametricActivation(keras.layers.Layer):
    """Gives ``x + share * (activation(x) - x)``, with a trained share for each unit, 1 at the start.

    Parameters
    ----------
    activation : str or callable
        A Keras name or a function.
    rate_factor : float
        Adam's steps of the share are this times those of other weights.
    share_initializer : keras.initializers.Initializer or str
        Of the share's distance from 1, divided by `rate_factor`.
    **kwargs
        Of `keras.Layer`.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(self, activation, *, rate_factor=1.0, share_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.rate_factor = rate_factor
        self.share_initializer = keras.initializers.get(share_initializer)

    def build(self, input_shape):
        """Make a number for each unit."""
        self.share = self.add_weight((input_shape[-1],), initializer=self.share_initializer, name="share")

    def call(self, inputs):
        """Apply the activation along the last axis."""
        return inputs + (1.0 + self.rate_factor * self.share) * (self.activation(inputs) - inputs)

    def compute_output_shape(self, input_shape):
        """Return the shape as it is."""
        return input_shape

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "rate_factor": self.rate_factor,
            "share_initializer": keras.initializers.serialize(self.share_initializer),
        }
