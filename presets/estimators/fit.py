"""One fit, from the user's data to the fitted state of an estimator."""

import contextlib
import dataclasses

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from presets.estimators._fitted import FittedNetwork, fitted_network
from presets.estimators._health import Health, check_rows, constant_loss
from presets.estimators.seeds import Seeds
from presets.estimators.summary import divergence
from presets.estimators.validation import check_data
from presets.training.dataset import Dataset
from presets.training.loop import train
from presets.training.plan import Plan
from presets.training.pool import POOL
from presets.training.probe import measure_dead_units
from presets.training.recipe import numbers
from presets.warn import warn_user

WITNESSES = 8
"""Number of rows whose outputs identify a network."""


class Fit:
    """A fit of all epochs. The constructor checks, splits and encodes the data; `run` trains and keeps the result.

    Parameters
    ----------
    design : Design
        Design of the estimator.
    X, y, sample_weight, X_val, y_val, groups, sample_weight_val : array-like
        As the user gave them to `fit`.
    **known
        Further facts about y, such as its classes.

    Attributes
    ----------
    recipe : Recipe
    plan : Plan
    sample : tuple of ndarray
        One encoded row, to build a program.
    """

    def __init__(
        self,
        design,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        groups=None,
        sample_weight_val=None,
        **known,
    ):
        self.design, self.estimator = design, design.parameters
        self.callbacks = design.check(X_val, y_val)
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val has the weights of X_val: give X_val and y_val too.")
        self.start = self._start()
        self.seeds = self._seeds()
        samples, y, weights = self._check(X, y, sample_weight, weighted=sample_weight_val is not None)
        rows, validation_rows = self._split(y, weights, X_val is not None, groups)
        self.encoder, self.target = self._encoding(samples, y, rows, weights, known)
        training = self._dataset(samples, y, weights)
        if X_val is None:
            others, validation = None, training
        else:
            others, validation, validation_rows = self._read_validation(
                X_val, y_val, sample_weight_val, weighted=weights is not None
            )
        self.plan = Plan(
            training=training,
            rows=rows,
            validation=validation,
            validation_rows=validation_rows,
            rules=self._rules(len(rows), validates=len(validation_rows) > 0),
            rng=self.seeds.generator("shuffle"),
        )
        network = design.network(self.encoder.input_shape, self.target.n_outputs)
        self.recipe = self._recipe(design.suited(network, self.encoder, samples, rows, others))
        self.report = self._report(y)

    # ---------------------------------------------------------------- before the training

    def _start(self):
        """The network from which the fit continues."""
        return fitted_network(self.estimator) if self.estimator.warm_start else None

    def _seeds(self):
        return Seeds(self.estimator.random_state)

    def _check(self, X, y, sample_weight, *, weighted):
        encoder = None if self.start is None else self.start.encoder
        return check_data(self.design, X, y, sample_weight, encoder=encoder, weighted=weighted)

    def _split(self, y, weights, has_validation, groups):
        fraction = 0 if has_validation else self.estimator.validation_fraction
        return self.design.split(y, weights, fraction, self.seeds, groups)

    def _encoding(self, samples, y, rows, weights, known):
        """The encodings of X and y: those of the network from which the fit continues, or new ones."""
        design, start = self.design, self.start
        if start is not None:
            return start.encoder, design.target.keep(start, y, rows, weights)
        encoder = design.input.learn(samples, rows, weights, self._names)
        return encoder, design.target.learn(encoder, y, rows, weights, **known)

    def _dataset(self, samples, y, weights):
        dtype = numbers(self.estimator.dtype)
        weights = None if weights is None else weights.astype(dtype)
        return Dataset(self.encoder.rows(samples.values, dtype), self.target.encode(y, dtype), weights)

    def _read_validation(self, X, y, sample_weight, *, weighted):
        with _about("X_val, y_val"):
            samples, y, weights = check_data(self.design, X, y, sample_weight, encoder=self.encoder, weighted=weighted)
            dataset = self._dataset(samples, y, weights)
        return samples, dataset, np.arange(len(dataset)) if weights is None else np.flatnonzero(weights)

    def _rules(self, n_rows, *, validates):
        return self.design.rules(n_rows, validates=validates, factor=self.target.factor)

    def _recipe(self, network):
        return self.design.recipe(network, self.target.activation)

    def _report(self, y):
        """The data check (A1) of the network's inputs."""
        return check_rows(
            self.plan,
            y,
            classification=not self.design.target.is_numeric,
            standardize=self.estimator.standardize,
            names=self._names,
        )

    # ---------------------------------------------------------------- the training

    def run(self):
        """Train a program from the pool, and keep the result."""
        verbose = 1 if self.estimator.verbose == "auto" else int(self.estimator.verbose)
        with POOL.borrow(self.recipe, self.sample) as program:
            self.load(program)
            outcome = train(
                program,
                self.plan,
                callbacks=self.callbacks,
                verbose=verbose,
                complete=lambda: self._fitted(program.weights()).model(**self.design.in_model),
            )
            self.keep(program, outcome)

    def load(self, program):
        """Set all variables of a program to the start of this fit."""
        program.load_unit(self.target.unit)  # before the probe, which measures gradients
        if self.start is None:
            weights, self.init = self.design.choose_init(program, self._batch, self.seeds)
        else:
            weights, self.init = self.start.weights, self.estimator.init_
            program.check_weights(weights)
        self._load(program, weights)

    def _load(self, program, weights, optimizer_state=None):
        program.load(
            weights,
            self.recipe,
            seed=self.seeds.integer("dropout"),
            unit=self.target.unit,
            optimizer_state=optimizer_state,
            n_updates=self.plan.n_updates * self.plan.rules.epochs,
        )

    def keep(self, program, outcome):
        """Store the result of a training on the estimator."""
        state = self._optimizer_state(program)
        program.load_weights(outcome.weights)
        fitted = self._fitted(outcome.weights, state, self.design.target.temperature(program, self.plan))
        history = self._history(outcome)
        n_epochs = len(history["loss"])
        attributes = vars(self.estimator)
        attributes.pop("_model", None)
        attributes |= {
            "_fitted": fitted,
            "health_": self._health(program),
            "init_": self.init,
            "history_": history,
            "n_epochs_": n_epochs,
            "best_epoch_": outcome.best_epoch + n_epochs - len(outcome.history["loss"]),
            "stopped_by_": outcome.stopped_by,
            "rate_rule_": outcome.rate_rule,
        }
        fitted.remember(program, self.plan.training.take(self.plan.rows[:WITNESSES])[0])
        fitted.see(self.plan.training.x, self.plan.seen_rows, self._names, self.start)
        if outcome.stopped_by == "non_finite_loss":
            what, to_do = divergence(self.estimator)
            message = f"{what} Training stopped, and the best finite weights are kept. {to_do}"
            warn_user(message, ConvergenceWarning)

    def _optimizer_state(self, program):
        return None

    def _history(self, outcome):
        return outcome.history

    def _health(self, program):
        plan = self.plan
        return Health(
            data=self.report,
            signal=self.init.signal,
            dead_units=measure_dead_units(program, self._batch[0]),
            constant_loss=constant_loss(
                self.recipe, plan.training.targets(plan.rows), plan.validation.targets(plan.validation_rows)
            ),
            n_training=len(plan.rows),
            n_validation=len(plan.validation_rows),
            batch_size=plan.rules.batch_size,
        )

    def _fitted(self, weights, optimizer_state=None, temperature=1.0):
        """The network of this fit with these weights."""
        recipe = self.recipe.without_weights()
        return FittedNetwork(recipe, weights, self.encoder, self.target, self.sample, optimizer_state, temperature)

    @property
    def _names(self):
        """Names of the columns of X, if it has names."""
        return getattr(self.estimator, "feature_names_in_", None)

    @property
    def sample(self):
        """One encoded row."""
        return self.plan.training.take(self.plan.rows[:1])

    @property
    def _batch(self):
        """The encoded rows on which the network is measured."""
        return self.plan.training.take(self.plan.rows[: self.plan.rules.batch_size])


class Epoch(Fit):
    """A fit of one more epoch. It has no split and no plateau rule, and it uses the statistics of the first call."""

    def _start(self):
        return fitted_network(self.estimator)

    def _seeds(self):
        return Seeds(self.estimator.random_state, stream=getattr(self.estimator, "n_epochs_", 0))

    def _split(self, y, weights, has_validation, groups):
        return self.design.split(y, weights, 0, self.seeds)

    def _encoding(self, samples, y, rows, weights, known):
        if self.start is None and len(rows) == 1 and self.estimator.standardize:
            warn_user(
                "The first call of partial_fit has one row, so all columns of X, and y of a regressor, keep the scale "
                "1. Give more rows in the first call, or standardise the data first."
            )
        return super()._encoding(samples, y, rows, weights, known)

    def _rules(self, n_rows, *, validates):
        return dataclasses.replace(super()._rules(n_rows, validates=False), epochs=1, restore_best_weights=False)

    def _recipe(self, network):
        # the number of epochs is unknown
        return dataclasses.replace(super()._recipe(network), curves=())

    def _report(self, y):
        return super()._report(y) if self.start is None else self.estimator.health_.data

    def _load(self, program, weights, optimizer_state=None):
        start = self.start
        super()._load(program, weights, None if start is None else start.optimizer_state)
        if start is not None and start.optimizer_state is None and self.estimator.lr_schedule == "plateau":
            program.learning_rate = self.estimator.history_["learning_rate"][-1]

    def _optimizer_state(self, program):
        return program.optimizer_state()

    def _history(self, outcome):
        before = getattr(self.estimator, "history_", {})
        return {name: before.get(name, []) + values for name, values in outcome.history.items()}


@contextlib.contextmanager
def _about(arguments):
    """Add the names of the arguments of `fit` to the message of an error."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"In {arguments}: {error}") from error
