"""Losses and metrics on the outputs of a core, which are logits or standardised values.

A core ends before its activation, so that losses keep the logits. What a user names
(`loss="binary_focal_crossentropy"`, `metrics=["AUC"]`) is written for probabilities, one-hot classes or values in the
target's unit: the classes here translate.
"""

import inspect

import keras
from keras import ops

DEFAULT_LOSS = {
    "sigmoid": "binary_crossentropy",
    "softmax": "sparse_categorical_crossentropy",
    "linear": "mean_squared_error",
}


def make_loss(loss, activation, dtype):
    """Build a loss on the outputs of a core, reduced to the weighted mean (A4).

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
        "auto" is cross-entropy for classes and the mean squared error for values.
    activation : {"sigmoid", "softmax", "linear"}
        What turns the outputs of the core into what the loss expects.
    dtype : str

    Returns
    -------
    keras.losses.Loss
    """
    return OutputLoss(DEFAULT_LOSS[activation] if loss == "auto" else loss, activation, dtype)


def make_metric(metric, activation, n_outputs, dtype):
    """Build a metric on the outputs of a core, weighted by the sample weights.

    Parameters
    ----------
    metric : str, callable or keras.metrics.Metric
        "accuracy" is the share of right classes for every kind of target.
    activation : {"sigmoid", "softmax", "linear"}
    n_outputs : int
    dtype : str

    Returns
    -------
    keras.metrics.Metric
    """
    return OutputMetric(metric, activation, n_outputs, dtype)


class OutputLoss(keras.losses.Loss):
    """A Keras loss, applied to the outputs of a core."""

    def __init__(self, loss, activation, dtype):
        super().__init__(name="loss", reduction="mean_with_sample_weight", dtype=dtype)
        function = keras.losses.get(loss)
        self._one_hot = _expects_one_hot(function, activation)
        self._activation = keras.activations.get(activation)
        if isinstance(function, keras.losses.Loss):
            config = function.get_config()
            if "from_logits" in config:
                self._activation = keras.activations.linear
                function = type(function).from_config(config | {"from_logits": True})
            self._function, self._arguments = function.call, {}
        else:
            logits = activation != "linear" and "from_logits" in inspect.signature(function).parameters
            self._activation = keras.activations.linear if logits else self._activation
            self._function, self._arguments = function, {"from_logits": True} if logits else {}

    def call(self, y_true, y_pred):
        """Loss of each row."""
        if self._one_hot:
            y_true = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        return self._function(y_true, self._activation(y_pred), **self._arguments)


class Penalty:
    """A Keras regularizer whose value has the type of the loss that Keras adds it to, whatever the weights have."""

    def __init__(self, regularizer):
        self._regularizer = regularizer

    def __call__(self, weights):
        """The penalty of these weights."""
        return ops.cast(self._regularizer(weights), keras.config.floatx())


class OutputMetric(keras.metrics.Metric):
    """A Keras metric, applied to the outputs of a core.

    Probabilities are made from logits; standardised values return to the target's unit by `scale` and `offset`, which
    are variables, so that another target does not compile again.
    """

    def __init__(self, metric, activation, n_outputs, dtype):
        inner = _resolve_metric(metric, activation, dtype)
        super().__init__(name=inner.name, dtype=dtype)
        self.inner = inner
        self._one_hot = _expects_one_hot(inner, activation)
        self._activation = keras.activations.get(activation)
        self.unit = activation == "linear" and {
            name: self.add_variable((n_outputs,), initializer=start, dtype=dtype, name=name)
            for name, start in (("scale", "ones"), ("offset", "zeros"))
        }

    @property
    def _direction(self):
        """What Keras's callbacks ask to tell a score from a loss."""
        return getattr(self.inner, "_direction", "down")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in the outputs of a batch."""
        y_pred = self._activation(y_pred)
        if self._one_hot:
            y_true = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        if self.unit:
            y_true, y_pred = (values * self.unit["scale"] + self.unit["offset"] for values in (y_true, y_pred))
        self.inner.update_state(y_true, y_pred, sample_weight)

    def reset_state(self):
        """Start over; the unit stays."""
        self.inner.reset_state()

    def result(self):
        """The value so far."""
        return self.inner.result()


def _resolve_metric(metric, activation, dtype):
    if metric in ("accuracy", "acc") and activation != "linear":
        kind = keras.metrics.BinaryAccuracy if activation == "sigmoid" else keras.metrics.SparseCategoricalAccuracy
        return kind(name=metric, dtype=dtype)
    found = keras.metrics.get(metric)
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", None)
    if not isinstance(found, keras.metrics.Metric):
        return keras.metrics.MeanMetricWrapper(found, name=name, dtype=dtype)
    return type(found).from_config(found.get_config() | {"dtype": dtype} | ({"name": name} if name else {}))


def _expects_one_hot(objective, activation):
    """Whether an objective of Keras compares class probabilities with one-hot classes instead of integers."""
    name = getattr(objective, "__name__", type(objective).__name__)
    from_keras = (getattr(objective, "__module__", None) or type(objective).__module__).startswith("keras.")
    return activation == "softmax" and from_keras and not name.lower().startswith("sparse")
