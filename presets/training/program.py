"""A compiled network that many fits borrow one after the other."""

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
from presets.training.schedules import make_schedule
from presets.training.smoothing import smooth_labels
from presets.training.tunable import Tunable
from presets.training.units import DataVariable


@dataclass
class EpochResult:
    """What one epoch of updates reports.

    Parameters
    ----------
    logs : dict of str to float
        What Keras's ``train_step`` returned for the last batch: running means over the epoch.
    update_squares, weight_squares : ndarray of shape (n_variables,)
        Squared norms of the last full batch's update of every trainable variable and of the variable before it (A5.4).
    n_clipped : float
        Clipped steps since the program was loaded (A8).
    weights : callable
        Copies the weights that this epoch leaves to the host; to be called before the next epoch is run.
    """

    logs: dict
    update_squares: np.ndarray
    weight_squares: np.ndarray
    n_clipped: float
    weights: Callable[[], list]


class Program:
    """A core with optimizer, loss and metrics, and the compiled functions that train it.

    Everything a fit changes is a variable: `load` sets them all, so that a borrowed program gives the numbers of a
    fresh one. A subclass for each backend compiles `train_epoch`, `train_step`, `test_epoch` and `predict`; if its
    `epochs_together` is more than 1, `train_epochs`; if its `members_epochs` is more than 0, `state`, `stack` and
    `train_many`.

    Parameters
    ----------
    recipe : Recipe
    sample : tuple of arrays
        A few encoded rows ``(x, y)`` or ``(x, y, weights)``, to build what Keras builds at the first batch.
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
        self.schedule = make_schedule(recipe.lr_schedule, dtype.variable_dtype)
        self.optimizer = make_optimizer(*recipe.optimizer, self.tunables, self.schedule)
        outputs = recipe.activation, recipe.network.n_outputs, loss_numbers(recipe.dtype)
        self.loss = make_loss(recipe.loss, *outputs)
        sees_unit = self.loss.unit is not None
        if sees_unit:  # JAX hands a core its own variables, and takes others for constants
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
        """Whether a fit of a recipe with these keys, or only its predictions, can be made by this program."""
        if self.keys.core != keys.core:
            return False
        types = _types(sample)
        return (self.keys.training, self._types) == (keys.training, types) if trains else self._types[0] == types[0]

    def is_as_built(self, trains):
        """Whether the code of the user's that trains, or only that which predicts, reads what it did at first."""
        now = self.recipe.keys()
        return now.core == self.keys.core and (not trains or now.training == self.keys.training)

    @staticmethod
    def scope(recipe):
        """Context in which a program of this recipe is built and used."""
        return contextlib.nullcontext()

    @staticmethod
    def release_memory():
        """Give back what the backend keeps of programs that are gone."""

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
                    f"metrics: {name!r} gives an array of shape {tuple(values.shape)} where one number is needed. "
                    "Average it, as keras.metrics.F1Score(average='macro') does."
                )

    def draw(self, seed, **rules):
        """Draw initial weights; `rules` are those of `draw_weights`."""
        drawn = draw_weights(self.core, seed, **rules)
        return [drawn.get(id(v), built) for v, built in zip(self.weight_variables, self._built_weights, strict=True)]

    def load(self, weights, recipe, *, seed, unit=None, optimizer_state=None, n_updates=1):
        """Set every variable, so that nothing of an earlier fit is left.

        Parameters
        ----------
        weights : list of ndarray
        recipe : Recipe
            One with this program's key; its tunables and rate are taken.
        seed : int
            Seed of dropout and augmentation.
        unit : dict of str to array, optional
            What a regression's target says of its unit.
        optimizer_state : list of ndarray, optional
            From `optimizer_state` of an earlier fit; else the optimizer starts afresh.
        n_updates : int
            Of the whole training, for a schedule of this package's.
        """
        self.load_weights(weights)
        self.loaded = None  # training changes them
        seeds = np.random.default_rng(seed)
        for variable in self._seed_variables:
            variable.assign(np.array([seeds.integers(2**31), 0]))
        for variable, value in zip(self.optimizer.variables, optimizer_state or self._built_optimizer, strict=True):
            variable.assign(value)
        if optimizer_state is None and not self.has_schedule:
            self.learning_rate = recipe.optimizer[1]["learning_rate"]
        for name, value in recipe.tunables.items():
            self.tunables[name].assign(value)
        if self.schedule is not None:
            self.schedule.set(recipe.optimizer[1]["learning_rate"], n_updates)
        self.core.stop_training = False
        self.core.reset_metrics()
        self.load_unit(unit or {})

    def load_unit(self, unit):
        """Set the unit of y in the loss and in the metrics that see it."""
        metrics = [inner for metric in self.core.metrics for inner in getattr(metric, "metrics", [metric])]
        for objective in (self.loss, *metrics):
            if isinstance(objective, OutputLoss | OutputMetric) and objective.unit is not None:
                objective.unit.load(unit)

    def check_weights(self, weights):
        """Raise a ValueError if weights to go on from do not fit this network."""
        if [np.shape(w) for w in weights] != [tuple(v.shape) for v in self.weight_variables]:
            raise ValueError(
                "The network's architecture has changed since the last fit, so its weights cannot be gone on from; "
                "set warm_start=False, or leave the parameters of the network as they were."
            )

    def load_weights(self, weights):
        """Set the weights alone, for predictions; no work where the same list was loaded last."""
        if self.loaded is not weights:
            self.loaded = None
            for variable, value in zip(self.weight_variables, weights, strict=True):
                variable.assign(value)
            self.loaded = weights

    def weights(self):
        """Copy the weights to the host."""
        return [self.to_host(v) for v in self.weight_variables]

    @functools.cached_property
    def kept_variables(self):
        """Those whose values an epoch leaves: with `use_ema` the averages in the place of the variables."""
        optimizer = getattr(self.optimizer, "inner_optimizer", self.optimizer)  # mixed precision wraps it
        if not optimizer.use_ema:
            return self.weight_variables
        averages = optimizer._model_variables_moving_average
        average_of = dict(zip(map(id, self.core.trainable_variables), averages, strict=True))
        return [average_of.get(id(variable), variable) for variable in self.weight_variables]

    def kept_weights(self):
        """Copy to the host what an epoch leaves."""
        return [self.to_host(v) for v in self.kept_variables]

    def finish(self):
        """Do what Keras's `fit` does at its end: put averages in the place of the variables."""
        if self.kept_variables is not self.weight_variables:
            self.loaded = None
            for variable, kept in zip(self.weight_variables, self.kept_variables, strict=True):
                variable.assign(kept.value)

    def to_host(self, variable):
        """Copy a variable to the host."""
        return np.array(keras.ops.convert_to_numpy(variable.value))

    @functools.cached_property
    def layers_with_kernels(self):
        """The layers that a probe looks at; those of a subclassed model keep what they put out inside."""
        if not getattr(self._body, "inputs", None):
            return []
        return [layer for layer in self._body.layers if hasattr(layer, "kernel_initializer") and _has_one_output(layer)]

    @property
    def _body(self):
        """The core, or the network in it that is behind embeddings."""
        return self.core.layers[-1] if self.core.name == BEHIND_EMBEDDINGS else self.core

    @functools.cached_property
    def _inner(self):
        """A model on the same variables that puts out what each of these layers does."""
        inner = keras.Model(self._body.inputs, [layer.output for layer in self.layers_with_kernels])
        if self._body is self.core:
            return inner
        return keras.Model(self.core.inputs, inner(self.core.get_layer(COLUMNS).output))

    def _trace_layer_outputs(self, x):
        return keras.tree.flatten(self._inner(x if isinstance(x, dict) else [x], training=False))

    def layer_outputs(self, x):
        """What each of the layers with kernels puts out, as arrays."""
        return [keras.ops.convert_to_numpy(values) for values in self._trace_layer_outputs(x)]

    def optimizer_state(self):
        """Copy the optimizer's variables to the host."""
        return [self.to_host(v) for v in self.optimizer.variables]

    def train_by_steps(self, data, order, batch_size, *, first=True, on_begin=None, on_end=None):
        """Make an epoch of updates one by one, as Keras's `fit` does, and call the hooks before and after each."""
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
        """The optimizer's present rate."""
        rate = self.optimizer.learning_rate
        return float(self.to_host(rate) if isinstance(rate, keras.Variable) else keras.ops.convert_to_numpy(rate))

    @learning_rate.setter
    def learning_rate(self, rate):
        self.optimizer.learning_rate = rate

    @property
    def has_schedule(self):
        """Whether a schedule inside the optimizer sets the rate."""
        return self.schedule is not None or self.recipe.has_schedule

    def n_clipped(self):
        """Clipped steps since the program was loaded."""
        counter = getattr(self.optimizer, "n_clipped", None)
        return 0.0 if counter is None else float(self.to_host(counter))

    def _unstack(self, n_epochs, logs, *measured, weights):
        """Results of several epochs from what a compiled function returned for all of them, stacked."""
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
    except (AttributeError, ValueError):  # it was called several times, or inside of another layer
        return False
