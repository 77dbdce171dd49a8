"""Losses and metrics on the outputs of a core, which are logits or standardised values.

A core ends before its activation, so that losses get logits. The losses and metrics of a user
(`loss="binary_focal_crossentropy"`, `metrics=["AUC"]`) expect probabilities, one-hot classes or values in the unit of
y. The classes here convert between the two. `presets.training.units` decides which losses need the unit of y.
"""

import inspect

import keras
from keras import ops

from presets.builders.copies import copy_of
from presets.training.units import REGRESSION, DataVariable, Unit, is_scale_free

DEFAULT_LOSS = {
    "sigmoid": "binary_crossentropy",
    "softmax": "sparse_categorical_crossentropy",
    "linear": "mean_squared_error",
}


def make_loss(loss, activation, n_outputs, dtype):
    """Build a loss for the outputs of a core, reduced to the weighted mean (A4).

    Parameters
    ----------
    loss : "auto", str, callable or keras.losses.Loss
        "auto" is cross-entropy for classes and the mean squared error for values.
    activation : {"sigmoid", "softmax", "linear", "softplus", "share"}
        Activation from the outputs of the core to the predictions that the loss expects.
    n_outputs : int
    dtype : str

    Returns
    -------
    OutputLoss
    """
    is_auto = isinstance(loss, str) and loss == "auto"
    return OutputLoss(DEFAULT_LOSS[activation] if is_auto else loss, activation, n_outputs, dtype)


def make_metric(metric, activation, n_outputs, dtype, in_unit=False):
    """Build a metric for the outputs of a core, weighted by the sample weights.

    Parameters
    ----------
    metric : str, callable or keras.metrics.Metric
        "accuracy" is the share of correct classes, for all kinds of targets.
    activation : {"sigmoid", "softmax", "linear", "softplus", "share"}
    n_outputs : int
    dtype : str
    in_unit : bool, default=False
        Whether the metric gets y in its own unit, not standardised.

    Returns
    -------
    keras.metrics.Metric
    """
    return OutputMetric(metric, activation, n_outputs, dtype, in_unit)


def with_monitored(metrics, monitor):
    """The metrics of a fit, and the one that `monitor` names if it is not among them.

    Parameters
    ----------
    metrics : sequence of (str, callable or keras.metrics.Metric)
    monitor : str
        Such as "val_loss", which needs no metric, "val_accuracy" or "val_AUC".

    Returns
    -------
    tuple
        The metrics alone where Keras has none of that name.
    """
    name = monitor.removeprefix("val_")
    known = {metric if isinstance(metric, str) else getattr(metric, "name", None) for metric in metrics}
    known |= {getattr(metric, "__name__", None) for metric in metrics}
    if name == "loss" or name in known:
        return tuple(metrics)
    try:
        keras.metrics.get(name)
    except ValueError:
        return tuple(metrics)
    return (*metrics, name)


class OutputLoss(keras.losses.Loss):
    """A Keras loss, applied to the outputs of a core.

    Attributes
    ----------
    unit : Unit or None
        Unit of y, for a regression loss that gets y in its unit; None for a loss that gets standardised values.
    """

    def __init__(self, loss, activation, n_outputs, dtype):
        super().__init__(name="loss", reduction="mean_with_sample_weight", dtype=dtype)
        function = keras.losses.get(loss)
        self._as_two = _needs_two_columns(function, activation, n_outputs)
        activation = "softmax" if self._as_two else activation
        self._one_hot = _expects_one_hot(function, activation)
        is_regression = activation in REGRESSION
        self.unit = None
        if is_regression and not is_scale_free(loss):
            self.unit = Unit(activation, n_outputs, DataVariable, dtype)
        self._activation = keras.activations.get("linear" if is_regression else activation)
        if isinstance(function, keras.losses.Loss):
            if activation not in ("linear", "softplus") and "from_logits" in function.get_config():
                self._activation = keras.activations.linear
                function = copy_of(function, "loss", from_logits=not is_regression)
            elif not is_regression and getattr(function, "from_logits", False):
                self._activation = keras.activations.linear
            self._function, self._arguments = function.call, {}
        else:
            logits = not is_regression and "from_logits" in inspect.signature(function).parameters
            self._activation = keras.activations.linear if logits else self._activation
            self._function, self._arguments = function, {"from_logits": True} if logits else {}

    def call(self, y_true, y_pred):
        """Loss of each row."""
        if self.unit is not None:
            return self.unit.with_scaled_gradient(self._function(y_true, self.unit.predictions(y_pred)))
        if self._as_two:
            y_true, y_pred = _two_columns(y_true, y_pred)
        if self._one_hot:
            y_true = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        return self._function(y_true, self._activation(y_pred), **self._arguments)


class Penalty:
    """A Keras regularizer whose value has the type of the loss, whatever the type of the weights."""

    def __init__(self, regularizer):
        self._regularizer = regularizer

    def __call__(self, weights):
        """The penalty of these weights."""
        return ops.cast(self._regularizer(weights), keras.config.floatx())


class OutputMetric(keras.metrics.Metric):
    """A Keras metric, applied to the outputs of a core.

    It computes probabilities from logits, or converts standardised values to the unit of y with a `Unit`. The variables
    of this `Unit` belong to the metric, because JAX gives a metric its own variables only.
    """

    def __init__(self, metric, activation, n_outputs, dtype, in_unit=False):
        inner = _resolve_metric(metric, activation, dtype)
        super().__init__(name=inner.name, dtype=dtype)
        self.inner = inner
        self._as_two = _needs_two_columns(getattr(inner, "_fn", inner), activation, n_outputs)
        activation = "softmax" if self._as_two else activation
        self._one_hot = _expects_one_hot(inner, activation)
        is_regression = activation in REGRESSION
        self._activation = keras.activations.get("linear" if is_regression else activation)
        self.unit = Unit(activation, n_outputs, self.add_variable, dtype) if is_regression else None
        self._in_unit = in_unit

    @property
    def _direction(self):
        """Whether larger values are better ("up") or smaller ones ("down"); Keras's callbacks read this."""
        return getattr(self.inner, "_direction", "down")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the outputs of a batch."""
        if self._as_two:
            y_true, y_pred = _two_columns(y_true, y_pred)
        y_pred = self._activation(y_pred)
        if self._one_hot:
            y_true = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        if self.unit is not None:
            y_pred = self.unit.predictions(y_pred)
            y_true = y_true if self._in_unit else self.unit.rescale(y_true)
        self.inner.update_state(y_true, y_pred, sample_weight)

    def reset_state(self):
        """Start again; the unit stays."""
        self.inner.reset_state()

    def result(self):
        """The value so far."""
        return self.inner.result()


def _resolve_metric(metric, activation, dtype):
    if metric in ("accuracy", "acc") and activation in ("sigmoid", "softmax"):
        kind = keras.metrics.BinaryAccuracy if activation == "sigmoid" else keras.metrics.SparseCategoricalAccuracy
        return kind(name=metric, dtype=dtype)
    found = keras.metrics.get(metric)
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", None)
    if not isinstance(found, keras.metrics.Metric):
        return keras.metrics.MeanMetricWrapper(found, name=name, dtype=dtype)
    return copy_of(found, "metrics", dtype=dtype, **({"name": name} if name else {}))


def _needs_two_columns(objective, activation, n_outputs):
    """Whether a Keras objective compares classes, and so needs one column for each of two classes."""
    if activation != "sigmoid" or n_outputs != 1:
        return False
    if isinstance(objective, keras.metrics.FBetaScore):  # with a threshold it accepts one column
        return objective.threshold is None
    name = getattr(objective, "__name__", type(objective).__name__)
    return _is_kerass(objective) and ("categorical" in name.lower() or name in ("kl_divergence", "KLDivergence"))


def _two_columns(y_true, y_pred):
    """Codes and logits of two classes, from the column of the second one."""
    return y_true[:, 0], ops.concatenate([ops.zeros_like(y_pred), y_pred], axis=-1)


def _is_kerass(objective):
    return (getattr(objective, "__module__", None) or type(objective).__module__).startswith("keras.")


def _expects_one_hot(objective, activation):
    """Whether a Keras objective expects one-hot classes instead of integers."""
    name = getattr(objective, "__name__", type(objective).__name__)
    return activation == "softmax" and _is_kerass(objective) and not name.lower().startswith("sparse")
