"""What an estimator's parameters say of a fit: its network, its recipe and its rules."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
from presets.warn import warn_user


@dataclass(frozen=True, kw_only=True)
class Design:
    """What an estimator's parameters say of a fit.

    Parameters
    ----------
    parameters : estimator
    input : Input
        The kind of X.
    target : Classes or Numbers
        The kind of y.
    budget : Budget
        Of the family, for what is "auto".
    check_values, check_network : callable
        Check parameters by scikit-learn's constraints, and those of the network beyond these.
    network : callable
        ``network(input_shape, n_outputs)`` gives the `Network`.
    suited : callable
        ``suited(network, encoder, X, rows, X_val)`` gives the `Network` with the arguments that the data decide on.
    init_rules, draw_rules : callable
        Give the initializers to try, and what `draw_weights` is to know besides.
    fits_rows : bool
        Whether the initial weights are fitted to the first rows, see `fit_to_rows`.
    in_model : mapping
        Arguments of the network that are others in the complete model.
    """

    parameters: object
    input: Input
    target: object
    budget: Budget
    check_values: Callable
    check_network: Callable
    network: Callable
    suited: Callable
    init_rules: Callable
    draw_rules: Callable
    fits_rows: bool
    in_model: Mapping

    def check(self, X_val=None, y_val=None):
        """Check what can be checked without data; give the callbacks as a list."""
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
        if not self.fits_rows:  # whose parametrization takes larger rates
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
                f"lr_schedule={self.parameters.lr_schedule!r} and {others[0]} would both set the rate; set "
                "lr_schedule='plateau', which leaves it to you, or leave the other one out."
            )

    def split(self, y, weights, fraction, seeds, groups=None):
        """Numbers of the rows to train on and to validate on."""
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
        """What a program of this network is made from."""
        given = self.parameters
        return Recipe(
            network=network,
            activation=activation,
            loss=given.loss,
            metrics=with_monitored(given.metrics or (), given.monitor),
            optimizer=self.optimizer(),
            dtype=given.dtype,
            lr_schedule=given.lr_schedule,
            label_smoothing=self.target.label_smoothing,
        )

    def rules(self, n_rows, *, validates, factor=1.0):
        """How training goes on so many rows; `factor` is that of a target whose loss is in the unit of y."""
        given = self.parameters
        batch_size = measured.batch_size(n_rows) if given.batch_size == "auto" else given.batch_size
        batch_size = int(min(batch_size, n_rows))
        n_updates = math.ceil(n_rows / batch_size)
        epochs = self.budget.n_epochs(n_updates) if given.epochs == "auto" else int(given.epochs)
        return Rules(
            epochs=epochs,
            batch_size=batch_size,
            patience=self.budget.patience(n_updates) if given.patience == "auto" else int(given.patience),
            monitor=given.monitor if validates else given.monitor.removeprefix("val_"),
            n_averaged=self.budget.n_averaged(epochs),
            lr_factor=given.lr_factor,
            min_lr_factor=given.min_lr_factor,
            min_delta=given.min_delta / (factor if given.monitor in ("loss", "val_loss") else 1.0),
            restore_best_weights=given.restore_best_weights,
            shuffle=given.shuffle,
            by_steps=given.steps_per_execution == 1,
        )

    def choose_init(self, program, batch, seeds):
        """Draw initial weights, and tell by which rule; see `choose_init`."""
        return choose_init(
            program, batch, self.init_rules(), seeds.integer("init"), fits_rows=self.fits_rows, **self.draw_rules()
        )
