"""The design of a fit, from the parameters of an estimator: its network, its recipe and its rules."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras.optimizers.schedules import LearningRateSchedule

from presets import measured
from presets.article import Budget
from presets.data.inputs import Input
from presets.training.callbacks import check_callbacks, takes_rate_over
from presets.training.objectives import with_monitored
from presets.training.optimizers import optimizer_config, warn_of_rate
from presets.training.plan import Rules
from presets.training.probe import choose_init
from presets.training.recipe import Recipe
from presets.training.schedules import SCHEDULABLE
from presets.warn import warn_user


@dataclass(frozen=True, kw_only=True)
class Design:
    """The design of a fit, from the parameters of an estimator.

    Parameters
    ----------
    parameters : estimator
    input : Input
        The kind of X.
    target : Classes or Numbers
        The kind of y.
    budget : Budget
        Budget of the family, for parameters that are "auto".
    check_values, check_network : callable
        Check all parameters against scikit-learn's constraints, and those of the network against more rules.
    network : callable
        ``network(input_shape, n_outputs)`` returns the `Network`.
    suited : callable
        ``suited(network, encoder, X, rows, X_val)`` returns the `Network` with the arguments that depend on the data.
    init_rules, draw_rules : callable
        Return the initializers to try, and more arguments of `draw_weights`.
    fits_rows : bool
        Whether the initial weights are fitted to the first rows; see `fit_to_rows`.
    in_model : mapping
        Arguments of the network that have another value in the complete model.
    """

    parameters: object
    input: Input
    target: object
    budget: Budget
    check_values: Callable[..., Any]
    check_network: Callable[..., Any]
    network: Callable[..., Any]
    suited: Callable[..., Any]
    init_rules: Callable[..., Any]
    draw_rules: Callable[..., Any]
    fits_rows: bool
    in_model: Mapping[str, Any]

    def check(self, X_val=None, y_val=None):
        """Check everything that needs no data, and return the callbacks as a list."""
        given = self.parameters
        self.check_values()
        if given.clipnorm is not None and given.global_clipnorm is not None:
            raise ValueError(
                f"clipnorm={given.clipnorm} and global_clipnorm={given.global_clipnorm} exclude each other; "
                "set one to None."
            )
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: give both or neither.")
        _, config = self.optimizer()
        if not self.fits_rows:  # networks with `fits_rows` need higher rates
            warn_of_rate(given.optimizer, given.learning_rate)
        callbacks = check_callbacks(given.callbacks)
        if given.lr_schedule != "plateau":
            self._check_sets_rate_alone(config, callbacks)
        self.check_network()
        self.target.check_parameters(given, X_val)
        return callbacks

    def _check_sets_rate_alone(self, config, callbacks):
        others = [type(callback).__name__ for callback in callbacks if takes_rate_over(callback)]
        if isinstance(config["learning_rate"], LearningRateSchedule):
            others.append("the schedule in the optimizer")
        if others:
            raise ValueError(
                f"lr_schedule={self.parameters.lr_schedule!r} and {others[0]} would both set the learning rate; set "
                f"lr_schedule='plateau', or remove {others[0]}."
            )

    def split(self, y, weights, fraction, seeds, groups=None):
        """Numbers of the rows for training and for validation."""
        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
        training, validation = self.input.split(y, rows, fraction, seeds.generator("split"), self.target.strata, groups)
        if fraction and not len(validation):
            warn_user(
                f"validation_fraction={fraction} of {len(rows)} rows is less than one row, so the training loss is "
                "monitored instead. Give more rows, or X_val and y_val, or set validation_fraction=0."
            )
        return training, validation

    def optimizer(self):
        """Class and configuration of the optimizer."""
        given = self.parameters
        return optimizer_config(
            given.optimizer,
            learning_rate=given.learning_rate,
            momentum=given.momentum,
            nesterov=given.nesterov,
            clipnorm=given.clipnorm,
            global_clipnorm=given.global_clipnorm,
            weight_decay=given.weight_decay,
            beta_2=given.beta_2,
            ema_momentum=given.ema_momentum,
        )

    def recipe(self, network, activation):
        """The recipe of this network."""
        given = self.parameters
        return Recipe(
            network=network,
            activation=activation,
            loss=given.loss,
            metrics=with_monitored(given.metrics or (), given.monitor),
            optimizer=self.optimizer(),
            dtype=given.dtype,
            curves=self._curves(),
            label_smoothing=self.target.label_smoothing,
        )

    def _curves(self):
        """Names of hyperparameters with their curves."""
        chosen = {name: getattr(self.parameters, f"{name}_schedule", None) for name in SCHEDULABLE}
        if self.parameters.lr_schedule != "plateau":
            chosen["learning_rate"] = self.parameters.lr_schedule
        return tuple((name, curve) for name, curve in chosen.items() if curve is not None)

    def rules(self, n_rows, *, validates, factor=1.0):
        """The rules of a training on `n_rows` rows. `factor` comes from a target whose loss is in the unit of y."""
        given = self.parameters
        batch_size = measured.batch_size(n_rows) if given.batch_size == "auto" else given.batch_size
        batch_size = int(min(batch_size, n_rows))
        n_updates = math.ceil(n_rows / batch_size)
        epochs = self.budget.n_epochs(n_updates) if given.epochs == "auto" else int(given.epochs)
        ends_early = given.epochs == "auto" and validates and given.restore_best_weights and not given.warm_start
        min_lr_of_best = min(measured.MIN_LR_OF_BEST, given.lr_factor**2)  # at the third lower rate at the earliest
        return Rules(
            epochs=epochs,
            batch_size=batch_size,
            patience=self.budget.patience(n_updates) if given.patience == "auto" else int(given.patience),
            monitor=given.monitor if validates else given.monitor.removeprefix("val_"),
            n_averaged=self.budget.n_averaged(epochs),
            lr_factor=given.lr_factor,
            min_lr_factor=given.min_lr_factor,
            min_delta=given.min_delta / (factor if given.monitor in ("loss", "val_loss") else 1.0),
            min_lr_of_best=min_lr_of_best if ends_early else 0.0,
            restore_best_weights=given.restore_best_weights,
            shuffle=given.shuffle,
            by_steps=given.steps_per_execution == 1,
        )

    def choose_init(self, program, batch, seeds):
        """Draw initial weights, and return the rule too; see `choose_init`."""
        return choose_init(
            program, batch, self.init_rules(), seeds.integer("init"), fits_rows=self.fits_rows, **self.draw_rules()
        )
