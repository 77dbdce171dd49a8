"""A compiled network that many fits use one after the other."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import tree

from presets.builders.embeddings import BEHIND_EMBEDDINGS, COLUMNS
from presets.builders.initializers import draw_weights
from presets.training.objectives import OutputLoss, OutputMetric, Penalty, make_loss, make_metric
from presets.training.optimizers import make_optimizer
from presets.training.recipe import NETWORK_TUNABLES, loss_numbers
from presets.training.schedules import make_schedules
from presets.training.smoothing import smooth_labels
from presets.training.tunable import Tunable
from presets.training.units import DataVariable
from presets.typing import Array


@dataclass
class EpochResult:
    """The result of one epoch.

    Parameters
    ----------
    logs : dict of str to float
        The result of Keras's ``train_step`` for the last batch: running means over the epoch.
    update_squares, weight_squares : ndarray of shape (n_variables,)
        For each trainable variable: squared norm of its update by the last full batch, and of its value before (A5.4).
    n_clipped : float
        Number of clipped steps since the program was loaded (A8).
    weights : callable
        Copies the weights after this epoch to the host. Call it before the next epoch.
    """

    logs: dict[str, float]
    update_squares: Array
    weight_squares: Array
    n_clipped: float
    weights: Callable[[], list[Array]]


class Program:
    """A core with optimizer, loss and metrics, and the compiled functions that train it.

    Everything that a fit changes is a variable. `load` sets all of them, so a borrowed program gives the numbers of a
    new one. Each backend has a subclass, which compiles `train_epoch`, `train_step`, `test_epoch` and `predict`. If its
    `epochs_together` is above 1, it also compiles `train_epochs`; if its `members_epochs` is above 0, also `state`,
    `stack` and `train_many`.

    Parameters
    ----------
    recipe : Recipe
    sample : tuple of arrays
        A few encoded rows ``(x, y)`` or ``(x, y, weights)``, to build what Keras would build at the first batch.
    """

    epochs_together = 1
    members_epochs = 0

    def __init__(self, recipe, sample):
        dtype = keras.dtype_policies.get(recipe.dtype)
        self.recipe, self.keys = recipe, recipe.keys()
        self.n_traces = 0
        self._types = _types(sample)
        self.tunables = {name: Tunable(value, name, dtype.variable_dtype) for name, value in recipe.tunables.items()}
        self.core = self._build_core(recipe)
        self.schedules = make_schedules(recipe.scheduled, dtype.variable_dtype)
        self.optimizer = make_optimizer(*recipe.optimizer, self.tunables, self.schedules)
        outputs = recipe.activation, recipe.network.n_outputs, loss_numbers(recipe.dtype)
        self.loss = make_loss(recipe.loss, *outputs)
        sees_unit = self.loss.unit is not None
        if sees_unit:  # JAX passes a core its own variables, and treats others as constants
            self.core._unit_variables = list(self.loss.unit.variables.values())
        self.core.compile(
            optimizer=self.optimizer,
            loss=self.loss,
            weighted_metrics=[make_metric(metric, *outputs, in_unit=sees_unit) for metric in recipe.metrics],
            jit_compile=False,
        )
        if "label_smoothing" in self.tunables:
            smooth_labels(self.core, self.tunables["label_smoothing"], recipe.activation)
        self.optimizer = self.core.optimizer  # mixed precision wraps it
        self._build_state(sample)
        self.weight_variables = [v for v in self.core.weights if not isinstance(v, Tunable | DataVariable)]
        self._seed_variables = [v for v in self.core.variables if v.name == "seed_generator_state"]
        self._built_weights = self.weights()
        self._built_optimizer = self.optimizer_state()
        self.loaded = None

    def serves(self, keys, sample, trains):
        """Whether this program can run a fit of a recipe with these keys, or only its predictions."""
        if self.keys.core != keys.core:
            return False
        types = _types(sample)
        return (self.keys.training, self._types) == (keys.training, types) if trains else self._types[0] == types[0]

    def is_as_built(self, trains):
        """Whether the user's code for training, or only that for predictions, reads the same values as at first."""
        if not trains and not self.keys.hold_code:
            return True  # nothing that the network was built from can change
        now = self.recipe.keys()
        return now.core == self.keys.core and (not trains or now.training == self.keys.training)

    @staticmethod
    def scope(recipe):
        """Context in which a program of this recipe is built and used."""
        return contextlib.nullcontext()

    @staticmethod
    def release_memory():
        """Release the memory that the backend keeps for dropped programs."""

    def _build_core(self, recipe):
        in_network = {name: self.tunables[name] for name in NETWORK_TUNABLES if name in self.tunables}
        core = recipe.network.model(**{"dropout": in_network["dropout"]} if "dropout" in in_network else {})
        for layer in core._flatten_layers():
            regularizer = getattr(layer, "kernel_regularizer", None)
            for name in ("l1", "l2"):
                if regularizer is not None and name in in_network:
                    setattr(regularizer, name, in_network[name])
        for variable in core.trainable_variables:
            if variable.regularizer is not None:
                variable.regularizer = Penalty(variable.regularizer)
        core.regularization = [in_network[name] for name in ("l1", "l2") if name in in_network]
        return core

    def _build_state(self, sample):
        x, y, *weights = tree.map_structure(keras.ops.convert_to_tensor, sample)
        outputs = self.core(x, training=False)
        self.core.compute_loss(x, y, outputs, *weights)
        self._check_metrics(self.core.compute_metrics(x, y, outputs, *weights or [None]))
        self.optimizer.build(self.core.trainable_variables)

    @staticmethod
    def _check_metrics(results):
        for name, values in results.items():
            if getattr(values, "shape", ()) != ():
                raise ValueError(
                    f"metrics: {name!r} returns an array of shape {tuple(values.shape)}, but it must return one "
                    "number. Average it, as keras.metrics.F1Score(average='macro') does."
                )

    def draw(self, seed, **rules):
        """Draw initial weights; `rules` are arguments of `draw_weights`."""
        drawn = draw_weights(self.core, seed, **rules)
        return [drawn.get(id(v), built) for v, built in zip(self.weight_variables, self._built_weights, strict=True)]

    def load(self, weights, recipe, *, seed, unit=None, optimizer_state=None, n_updates=1):
        """Set all variables, so that nothing of an earlier fit is left.

        Parameters
        ----------
        weights : list of ndarray
        recipe : Recipe
            A recipe with this program's keys. Its tunables and its learning rate are used.
        seed : int
            Seed of dropout and augmentation.
        unit : dict of str to array, optional
            The unit of y, from the target of a regression.
        optimizer_state : list of ndarray, optional
            From `optimizer_state` of an earlier fit. By default the optimizer starts again.
        n_updates : int
            Number of updates in the whole training, for each `Schedule`.
        """
        self.load_weights(weights)
        self.loaded = None  # training changes these weights
        seeds = np.random.default_rng(seed)
        for variable in self._seed_variables:
            variable.assign(np.array([seeds.integers(2**31), 0]))
        for variable, value in zip(self.optimizer.variables, optimizer_state or self._built_optimizer, strict=True):
            variable.assign(value)
        if optimizer_state is None and not self.has_schedule:
            self.learning_rate = recipe.optimizer[1]["learning_rate"]
        for name, value in recipe.tunables.items():
            self.tunables[name].assign(value)
        highest = recipe.tunables | {"learning_rate": recipe.optimizer[1]["learning_rate"]}
        for name, schedule in self.schedules.items():
            schedule.set(highest[name], n_updates)
        self.core.stop_training = False
        self.core.reset_metrics()
        self.load_unit(unit or {})

    def load_unit(self, unit):
        """Set the unit of y in the loss and the metrics that use it."""
        metrics = [inner for metric in self.core.metrics for inner in getattr(metric, "metrics", [metric])]
        for objective in (self.loss, *metrics):
            if isinstance(objective, OutputLoss | OutputMetric) and objective.unit is not None:
                objective.unit.load(unit)

    def check_weights(self, weights):
        """Raise a ValueError if the weights of the last fit do not fit this network."""
        if [np.shape(w) for w in weights] != [tuple(v.shape) for v in self.weight_variables]:
            raise ValueError(
                "The network's architecture has changed since the last fit, so its weights cannot be reused; set "
                "warm_start=False, or restore the parameters of the network."
            )

    def load_weights(self, weights):
        """Set only the weights, for predictions. If the same list was loaded last, nothing is copied."""
        if self.loaded is not weights:
            self.loaded = None
            for variable, value in zip(self.weight_variables, weights, strict=True):
                variable.assign(value)
            self.loaded = weights

    def weights(self):
        """Copy the weights to the host."""
        return [self.to_host(v) for v in self.weight_variables]

    @property
    def inner_optimizer(self):
        """The optimizer, without the one that mixed precision wraps around it."""
        return getattr(self.optimizer, "inner_optimizer", self.optimizer)

    @functools.cached_property
    def kept_variables(self):
        """The variables whose values an epoch returns: with `use_ema` the averages in place of the variables."""
        if not self.inner_optimizer.use_ema:
            return self.weight_variables
        averages = self.inner_optimizer._model_variables_moving_average
        average_of = dict(zip(map(id, self.core.trainable_variables), averages, strict=True))
        return [average_of.get(id(variable), variable) for variable in self.weight_variables]

    def kept_weights(self):
        """Copy the weights that an epoch returns to the host."""
        return [self.to_host(v) for v in self.kept_variables]

    @contextlib.contextmanager
    def averaged(self):
        """A context in which the variables have the averaged values, to validate these; it also works in a graph."""
        pairs = [(v, kept) for v, kept in zip(self.weight_variables, self.kept_variables, strict=True) if v is not kept]
        before = [self._value(variable) for variable, _ in pairs]
        for variable, kept in pairs:
            variable.assign(self._value(kept))
        yield
        for (variable, _), value in zip(pairs, before, strict=True):
            variable.assign(value)

    @staticmethod
    def _value(variable):
        return keras.ops.copy(keras.ops.convert_to_tensor(variable))

    def finish(self):
        """Replace the variables by their averages, as Keras's `fit` does at its end."""
        if self.kept_variables is not self.weight_variables:
            self.loaded = None
            for variable, kept in zip(self.weight_variables, self.kept_variables, strict=True):
                variable.assign(kept.value)

    def to_host(self, variable):
        """Copy a variable to the host."""
        return np.array(keras.ops.convert_to_numpy(variable.value))

    @functools.cached_property
    def layers_with_kernels(self):
        """The layers for the probe. A subclassed model has none, because its layers do not show their outputs."""
        if not getattr(self._body, "inputs", None):
            return []
        return [layer for layer in self._body.layers if hasattr(layer, "kernel_initializer") and _has_one_output(layer)]

    @property
    def _body(self):
        """The core, or the inner network that follows the embeddings."""
        return self.core.layers[-1] if self.core.name == BEHIND_EMBEDDINGS else self.core

    @functools.cached_property
    def _inner(self):
        """A model with the same variables that returns the outputs of these layers."""
        inner = keras.Model(self._body.inputs, [layer.output for layer in self.layers_with_kernels])
        if self._body is self.core:
            return inner
        return keras.Model(self.core.inputs, inner(self.core.get_layer(COLUMNS).output))

    def _trace_layer_outputs(self, x):
        return keras.tree.flatten(self._inner(x if isinstance(x, dict) else [x], training=False))

    def layer_outputs(self, x):
        """Outputs of the layers with kernels, as arrays."""
        return [keras.ops.convert_to_numpy(values) for values in self._trace_layer_outputs(x)]

    def optimizer_state(self):
        """Copy the optimizer's variables to the host."""
        return [self.to_host(v) for v in self.optimizer.variables]

    def train_by_steps(self, data, order, batch_size, *, first=True, on_begin=None, on_end=None):
        """Make the updates of an epoch one by one, as Keras's `fit` does, and call the hooks before and after each."""
        if first:
            self.core.reset_metrics()
        n_full = len(order) // batch_size
        squares = None
        for step, start in enumerate(range(0, len(order), batch_size)):
            if on_begin is not None:
                on_begin(step)
            before = self._trainable() if step == n_full - 1 else None
            logs = self.train_step(data, order[start : start + batch_size])
            if before is not None:
                squares = [
                    np.array([np.sum(np.square(value, dtype=np.float64)) for value in values])
                    for values in ([b - a for a, b in zip(before, self._trainable(), strict=True)], before)
                ]
            if on_end is not None:
                on_end(step, logs)
        return EpochResult(logs, *squares, self.n_clipped(), self.kept_weights)

    @property
    def learning_rate(self):
        """The optimizer's current learning rate."""
        rate = self.optimizer.learning_rate
        return float(self.to_host(rate) if isinstance(rate, keras.Variable) else keras.ops.convert_to_numpy(rate))

    @learning_rate.setter
    def learning_rate(self, rate):
        self.optimizer.learning_rate = rate

    @property
    def schedule(self):
        """The `Schedule` of the learning rate, or None."""
        return self.schedules.get("learning_rate")

    @property
    def has_schedule(self):
        """Whether a schedule sets the learning rate."""
        return self.schedule is not None or self.recipe.has_schedule

    def set_scheduled(self):
        """Set the other hyperparameters that follow a curve to their values in the next update."""
        for name, schedule in self.schedules.items():
            if name in self.tunables:
                self.tunables[name].assign(schedule(self.inner_optimizer._iterations))

    def n_clipped(self):
        """Number of clipped steps since the program was loaded."""
        counter = getattr(self.optimizer, "n_clipped", None)
        return 0.0 if counter is None else float(self.to_host(counter))

    def _unstack(self, n_epochs, logs, *measured, weights):
        """Results of several epochs, from the stacked values that a compiled function returned."""
        logs = {name: np.asarray(values) for name, values in logs.items()}
        (*squares, n_clipped), weights = ([np.asarray(values) for values in arrays] for arrays in (measured, weights))
        return [
            EpochResult(
                {name: float(values[i]) for name, values in logs.items()},
                *(values[i] for values in squares),
                float(n_clipped[i]),
                weights=functools.partial(_copies, weights, i),
            )
            for i in range(n_epochs)
        ]

    def _trainable(self):
        return [self.to_host(v) for v in self.core.trainable_variables]


def _types(sample):
    return tuple(tuple(str(values.dtype) for values in tree.flatten(part)) for part in sample)


def _copies(stacked, i):
    return [values[i].copy() for values in stacked]


def _has_one_output(layer):
    try:
        return isinstance(layer.output, keras.KerasTensor)
    except (AttributeError, ValueError):  # the layer was called several times, or inside another layer
        return False
