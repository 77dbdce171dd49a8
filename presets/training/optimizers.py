"""Keras's optimizers for a program: their constants can change without compiling, and they count clipped steps."""

import functools

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from presets import article
from presets.builders.copies import built_from, missing_state
from presets.training.forks import refuse_in_fork
from presets.training.tunable import Tunable
from presets.warn import warn_user

NORMALISING = frozenset({"adam", "adamw", "adamax", "nadam", "rmsprop", "adafactor", "lamb", "lion", "muon"})
"""Keras's optimizers whose updates are about as large as the learning rate."""

ATTRIBUTES = "attributes"
"""Extra key of a configuration: attributes of the user's own optimizer that its `get_config` does not return."""

TUNABLE = ("momentum", "clipnorm", "global_clipnorm", "weight_decay")

KERNELS_ALONE = "decays_kernels_alone"
"""Extra key of a configuration: whether weight decay skips biases and other variables with one dimension."""


class ClipCounter:
    """Mixin for a Keras optimizer: it clips as Keras does, and counts the steps with clipped gradients (A8)."""

    decays_kernels_alone = False
    """Whether decay leaves out biases, other variables of one dimension, and those that a layer marks by
    ``is_decayed = False``, such as the weights of numeric embeddings, whose rate is a tenth of that of kernels."""

    schedules = ()
    """Each `Schedule` of the learning rate and of other hyperparameters."""

    def build(self, variables):
        """Add the counter, and the constants that are variables, to the state of the optimizer."""
        if not self.built:
            self.n_clipped = self.add_variable((), initializer="zeros", dtype="float32", name="n_clipped")
            for name in TUNABLE:
                if isinstance(getattr(self, name, None), Tunable):
                    self._track_variable(getattr(self, name))
            for schedule in self.schedules:
                self._track_variable(schedule.highest)
                self._track_variable(schedule.n_updates)
        super().build(variables)

    def _apply_weight_decay(self, variables):
        if self.decays_kernels_alone:
            variables = [v for v in variables if len(v.shape) > 1 and getattr(v, "is_decayed", True)]
        super()._apply_weight_decay(variables)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        # read once, not once for each variable
        super()._backend_update_step(grads, trainable_variables, ops.convert_to_tensor(learning_rate))

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # TensorFlow never releases a graph that calls this, some MB each, even if there is only one replica
        if self._distribution_strategy.num_replicas_in_sync == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)

    def _clip_gradients(self, grads):
        if self.clipnorm is None and self.global_clipnorm is None:
            return super()._clip_gradients(grads)
        limit = self.clipnorm if self.global_clipnorm is None else self.global_clipnorm
        squares = ops.stack([ops.sum(ops.square(ops.cast(grad, self.n_clipped.dtype))) for grad in grads])
        if self.global_clipnorm is not None:
            squares = ops.broadcast_to(ops.sum(squares), squares.shape)
        norms = ops.sqrt(squares)
        limit = ops.cast(limit, norms.dtype)
        self.assign_add(self.n_clipped, ops.cast(ops.any(norms > limit), self.n_clipped.dtype))
        factors = limit / ops.maximum(norms, limit)
        factors = [ops.cast(factor, grad.dtype) for grad, factor in zip(grads, ops.unstack(factors), strict=True)]
        if self.global_clipnorm is not None:
            return [grad * factor for grad, factor in zip(grads, factors, strict=True)]
        # sparse gradients of embeddings on TensorFlow stay sparse, as in Keras with `clipnorm` only
        return [ops.multiply(grad, factor) for grad, factor in zip(grads, factors, strict=True)]


@functools.cache
def _counting(optimizer_class):
    bases = ClipCounter, optimizer_class
    if keras.backend.backend() == "tensorflow" and optimizer_class in (keras.optimizers.Adam, keras.optimizers.AdamW):
        from presets.training.tensorflow_adam import OneKernel

        bases = ClipCounter, OneKernel, optimizer_class
    return type(optimizer_class.__name__, bases, {"__module__": __name__})


def make_optimizer(optimizer_class, config, tunables, schedules):
    """Build the optimizer that a program runs.

    Parameters
    ----------
    optimizer_class : subclass of keras.optimizers.Optimizer
    config : dict
        Its configuration, with a plain number at each tunable.
    tunables : dict of str to Tunable
        Variables that replace these numbers.
    schedules : dict of str to Schedule
        By the names of hyperparameters. That of "learning_rate" replaces the learning rate.

    Returns
    -------
    keras.optimizers.Optimizer
    """
    config = dict(config)  # Keras changes this dict
    decays_kernels_alone = config.pop(KERNELS_ALONE, False)
    attributes = config.pop(ATTRIBUTES, {})
    optimizer = _counting(optimizer_class).from_config(config)
    vars(optimizer).update(attributes)
    optimizer.decays_kernels_alone = decays_kernels_alone
    optimizer.schedules = tuple(schedules.values())
    if "learning_rate" in schedules:
        optimizer.learning_rate = schedules["learning_rate"]
    for name in TUNABLE:
        if name in tunables:
            setattr(optimizer, name, tunables[name])
    return optimizer


def optimizer_config(
    optimizer,
    *,
    learning_rate,
    momentum,
    nesterov,
    clipnorm,
    global_clipnorm,
    weight_decay=0.0,
    beta_2=None,
    ema_momentum=None,
):
    """Class and configuration of an optimizer given by name or as an unbuilt Keras optimizer.

    An optimizer object keeps its own rate, momentum, clipping and decay. A name gets them from the parameters.
    `weight_decay` of 0, and `beta_2` and `ema_momentum` of None, mean Keras's defaults.

    Returns
    -------
    optimizer_class : type
    config : dict
        A schedule of the rate is in it as an object.

    Raises
    ------
    ValueError
        If Keras has no optimizer of that name; if `momentum` or `beta_2` is given and the optimizer has none; or if
        `weight_decay`, `beta_2` or `ema_momentum` is given besides an optimizer object.
    TypeError
        If an object cannot be built again from its configuration.
    """
    refuse_in_fork()  # Keras makes variables to tell what an optimizer is
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            f"optimizer cannot be a LossScaleOptimizer: give the {type(optimizer.inner_optimizer).__name__} inside it. "
            "dtype='mixed_float16' scales the loss automatically."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        for name, value in (("weight_decay", weight_decay), ("beta_2", beta_2), ("ema_momentum", ema_momentum)):
            if value:
                raise ValueError(f"{name}={value} cannot be used with an optimizer object; set it in the optimizer.")
        config = optimizer.get_config()
        if isinstance(optimizer._learning_rate, LearningRateSchedule):
            config["learning_rate"] = optimizer._learning_rate  # Keras can build only registered schedules
        made = built_from(optimizer, config, "optimizer")
        missing = missing_state(optimizer, made, "optimizer")
        return type(optimizer), config | ({ATTRIBUTES: missing} if missing else {})
    optimizer_class, defaults = _named(optimizer)
    config = defaults | {
        "learning_rate": learning_rate if isinstance(learning_rate, LearningRateSchedule) else float(learning_rate),
        "clipnorm": clipnorm,
        "global_clipnorm": global_clipnorm,
    }
    if "momentum" in config:
        config["momentum"] = float(momentum)
    elif momentum:
        raise ValueError(
            f"momentum={momentum} cannot be used with optimizer={optimizer!r}; set momentum=0 or use 'sgd'."
        )
    if "nesterov" in config:
        config["nesterov"] = bool(nesterov)
    if weight_decay:
        config |= {"weight_decay": float(weight_decay), KERNELS_ALONE: True}
    if ema_momentum is not None:
        config |= {"use_ema": True, "ema_momentum": float(ema_momentum)}
    if beta_2 is not None:
        if "beta_2" not in config:
            raise ValueError(
                f"beta_2={beta_2} cannot be used with optimizer={optimizer!r}; set beta_2=None or use 'adam'."
            )
        config["beta_2"] = float(beta_2)
    return optimizer_class, config


def warn_of_rate(optimizer, learning_rate):
    """Warn if an adaptive optimizer by name has the default learning rate of SGD.

    The updates of such an optimizer are about as large as the learning rate, whatever the gradients are. Adagrad,
    Adadelta and FTRL divide by growing sums, so higher learning rates suit them.
    """
    if not isinstance(optimizer, str) or optimizer.lower() not in NORMALISING or learning_rate != article.LEARNING_RATE:
        return
    rate = _named(optimizer)[1]["learning_rate"]
    warn_user(
        f"optimizer={optimizer!r} trains at learning_rate={learning_rate}, the article's learning rate for SGD. Set "
        f"learning_rate={rate:g}, Keras's default for this optimizer, or use from_preset('adaptive')."
    )


@functools.cache
def _named(name):
    """Class and default configuration of an optimizer. Keras must build one, with its variables, to read them."""
    try:
        found = keras.optimizers.get(name)
    except ValueError as error:
        raise ValueError(
            f"optimizer={name!r} is not the name of a Keras optimizer, such as 'sgd' or 'adam'."
        ) from error
    return type(found), found.get_config()
