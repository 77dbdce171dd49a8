"""Dense layers whose weights have unit scale, and whose output is divided by the root of the number of inputs."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("presets")
class NTKDense(keras.layers.Layer):
    """A dense layer in the parametrisation of the neural tangent kernel.

    It computes ``x @ kernel / sqrt(n_inputs) + bias_factor * bias``. All kernels have weights of about 1, so one
    learning rate suits layers of all widths. For Adam, the learning rate of `bias` is `bias_factor` times that of the
    kernel.

    Parameters
    ----------
    units : int
        Number of outputs.
    bias_factor : float
    kernel_initializer, bias_initializer : keras.initializers.Initializer or str, optional
        By default a standard normal distribution, and zeros.
    kernel_regularizer : keras.regularizers.Regularizer, optional
        Regularizer of ``kernel / sqrt(n_inputs)``, the weights of other dense layers.
    seed : int, optional
        Seed of the kernel.
    **kwargs
        Arguments of `keras.Layer`.

    References
    ----------
    A. Jacot, F. Gabriel, C. Hongler, "Neural Tangent Kernel", NeurIPS 2018; as used by D. Holzmüller, L. Grinsztajn,
    I. Steinwart, "Better by Default", NeurIPS 2024 (arXiv 2407.04491).
    """

    def __init__(
        self,
        units,
        *,
        bias_factor=1.0,
        kernel_initializer=None,
        bias_initializer="zeros",
        kernel_regularizer=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units, self.bias_factor, self.seed = units, bias_factor, seed
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.RandomNormal(stddev=1.0, seed=seed)
        )
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape):
        """Make kernel and bias."""
        self.fan_in = input_shape[-1]
        self.kernel = self.add_weight((self.fan_in, self.units), initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.units,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs):
        """Map features of shape (n_samples, n_inputs) to (n_samples, units)."""
        kernel = self.kernel / self.fan_in**0.5
        if self.kernel_regularizer is not None:
            self.add_loss(self.kernel_regularizer(kernel))
        return ops.matmul(inputs, ops.cast(kernel, self.compute_dtype)) + self.bias_factor * self.bias

    def compute_output_shape(self, input_shape):
        """Return the shape with `units` features."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """Return the parameters."""
        return {
            **super().get_config(),
            "units": self.units,
            "bias_factor": self.bias_factor,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
