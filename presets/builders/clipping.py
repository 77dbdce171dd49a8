"""A smooth limit for extreme values, as in robust standardisation."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("presets")
class SmoothClip(keras.layers.Layer):
    """Computes ``x / sqrt(1 + (x / limit)**2)``: about x for small values, and never beyond the limit.

    Parameters
    ----------
    limit : float
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(self, limit: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limit = limit

    def call(self, inputs: Any) -> Any:
        """Clip every number."""
        return inputs / ops.sqrt(1.0 + ops.square(inputs / self.limit))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the same shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the limit."""
        return {**super().get_config(), "limit": self.limit}
