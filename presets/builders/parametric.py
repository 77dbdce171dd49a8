"""Activations with a trained strength for each unit."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("presets")
class ParametricActivation(keras.layers.Layer):
    """Computes ``x + share * (activation(x) - x)``, with a trained share for each unit that starts at 1.

    Parameters
    ----------
    activation : str or callable
        A Keras name or a function.
    rate_factor : float
        Factor of the learning rate of the share, compared with other weights, for Adam.
    share_initializer : keras.initializers.Initializer or str
        Initializer of the distance between share and 1, divided by `rate_factor`.
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(
        self, activation: Any, *, rate_factor: float = 1.0, share_initializer: Any = "zeros", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.rate_factor = rate_factor
        self.share_initializer = keras.initializers.get(share_initializer)

    def build(self, input_shape: Any) -> None:
        """Make one share for each unit."""
        self.share = self.add_weight((input_shape[-1],), initializer=self.share_initializer, name="share")

    def call(self, inputs: Any) -> Any:
        """Apply the activation along the last axis."""
        return inputs + (1.0 + self.rate_factor * self.share) * (self.activation(inputs) - inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the same shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "rate_factor": self.rate_factor,
            "share_initializer": keras.initializers.serialize(self.share_initializer),
        }
