"""A trained factor for each feature."""

import keras


@keras.saving.register_keras_serializable("presets")
class FeatureScaling(keras.layers.Layer):
    """Multiplies each feature by a trained number, 1 at the start.

    With these factors, a network soon learns which columns matter. The factors are ``1 + rate_factor * scale``: for
    Adam, their learning rate is `rate_factor` times that of other weights.

    Parameters
    ----------
    rate_factor : float
    scale_initializer : keras.initializers.Initializer or str
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(self, rate_factor=1.0, *, scale_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.rate_factor = rate_factor
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build(self, input_shape):
        """Make one factor for each feature."""
        self.scale = self.add_weight((input_shape[-1],), initializer=self.scale_initializer, name="scale")

    def call(self, inputs):
        """Scale features along the last axis."""
        return inputs * (1.0 + self.rate_factor * self.scale)

    def compute_output_shape(self, input_shape):
        """Return the same shape."""
        return input_shape

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "rate_factor": self.rate_factor,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }
