"""The families as hypermodels, for users of Keras Tuner itself."""

from __future__ import annotations  # help() then shows the names of types

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_tuner
import numpy as np

from presets.builders.initializers import draw_weights
from presets.estimators.base import design_of
from presets.estimators.cnn import CNNClassifier, CNNRegressor
from presets.estimators.design import Design
from presets.estimators.dnn import DNNClassifier, DNNRegressor
from presets.estimators.lstm import LSTMClassifier, LSTMRegressor
from presets.estimators.seeds import Seeds
from presets.search.dimensions import Dimension, SearchSpace
from presets.search.spaces import space_for
from presets.training.objectives import make_loss, make_metric
from presets.training.optimizers import make_optimizer
from presets.training.plan import Rules
from presets.training.plateau import Plateau
from presets.training.pool import POOL
from presets.training.recipe import Recipe, numbers
from presets.training.schedules import SCHEDULABLE, make_schedules
from presets.training.smoothing import smooth_labels
from presets.typing import Array

TASKS = {"classification": 0, "regression": 1}


class NetworkHyperModel(keras_tuner.HyperModel):
    """Base of the hypermodels: the network of an estimator, compiled and trained by its rules, for Keras Tuner.

    `build` makes the network from standardised X (A2) to logits or values, and compiles it as the estimator does. `fit`
    follows the rules of the estimator's `fit`: the probe of the initial weights (A7), the batch size (A3), a stratified
    validation part (A6), the plateau rule (A5.3) and the number of epochs. Arguments of ``tuner.search`` and the epochs
    of Hyperband override these rules.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one sample.
    n_outputs : int
        Number of columns of the target. For classes: one if there are two classes, else one for each class.
    task : {"classification", "regression"}, default="classification"
        Classification needs class codes from 0 as the target; regression needs standardised values.
    space : SearchSpace, dict or None, default=None
        The parameters that vary. None is the article's space.
    **parameters
        Parameters of the estimator.
    """

    _families: tuple[type, type]

    def __init__(
        self,
        input_shape: Sequence[int],
        n_outputs: int,
        *,
        task: str = "classification",
        space: Mapping[str, Dimension | Sequence[Any]] | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        if task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, got {task!r}.")
        self.input_shape, self.n_outputs, self.task = tuple(input_shape), int(n_outputs), task
        self.parameters = parameters
        given = self._families[TASKS[task]](**parameters)
        self.space = space_for(given) if space is None else SearchSpace(space)
        given.set_params(**self._settings(keras_tuner.HyperParameters()))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build and compile the network.

        Parameters
        ----------
        hp : keras_tuner.HyperParameters

        Returns
        -------
        keras.Model
        """
        design = self._design(hp)
        recipe, seeds = self._recipe(design), Seeds(design.parameters.random_state)
        model = recipe.network.model(seed=seeds.integer("dropout"))
        first, *_ = design.init_rules().values()
        drawn = draw_weights(model, seeds.integer("init"), kernel_initializer=first, **design.draw_rules())
        for variable in model.weights:
            if id(variable) in drawn:
                variable.assign(drawn[id(variable)])
        dtype = numbers(recipe.dtype)
        model.compile(
            optimizer=make_optimizer(*recipe.optimizer, {}, make_schedules(recipe.scheduled, dtype)),
            loss=make_loss(recipe.loss, recipe.activation, self.n_outputs, dtype),
            weighted_metrics=[
                make_metric(metric, recipe.activation, self.n_outputs, dtype) for metric in recipe.metrics
            ],
        )
        if recipe.label_smoothing:
            smooth_labels(model, recipe.label_smoothing, recipe.activation)
        return model

    def fit(
        self, hp: keras_tuner.HyperParameters, model: keras.Model, x: Array, y: Array, **arguments: Any
    ) -> keras.callbacks.History:
        """Train the network by the estimator's rules.

        Parameters
        ----------
        hp : keras_tuner.HyperParameters
        model : keras.Model
            The model that `build` returned.
        x : ndarray of shape (n_samples, ...)
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        **arguments
            Arguments of `keras.Model.fit`.

        Returns
        -------
        keras.callbacks.History
        """
        design = self._design(hp)
        estimator, seeds = design.parameters, Seeds(design.parameters.random_state)
        y = self._encoded(y)
        if not arguments.get("validation_data") and not arguments.get("validation_split"):
            weights = arguments.pop("sample_weight", None)
            rows, validation_rows = design.split(
                y.ravel() if y.size == len(y) else y, weights, estimator.validation_fraction, seeds
            )
            data = (x, y) if weights is None else (x, y, np.asarray(weights))
            arguments["validation_data"] = tuple(part[validation_rows] for part in data)
            x, y, *weights = (part[rows] for part in data)
            arguments |= {"sample_weight": weights[0]} if weights else {}
        elif arguments.get("validation_data"):
            x_val, y_val, *val_weights = arguments["validation_data"]
            arguments["validation_data"] = (x_val, self._encoded(y_val), *val_weights)
        rules = design.rules(len(x), validates=True)
        if estimator.init == "auto" and not arguments.get("initial_epoch"):
            model.set_weights(self._probed_weights(design, x, y, rules.batch_size, seeds))
        arguments = {"batch_size": rules.batch_size, "epochs": rules.epochs, **arguments}
        if estimator.lr_schedule == "plateau":
            arguments["callbacks"] = [*(arguments.get("callbacks") or []), PlateauRule(rules)]
        else:
            n_updates = math.ceil(len(x) / arguments["batch_size"]) * arguments["epochs"]
            model.optimizer._learning_rate.set(self._recipe(design).optimizer[1]["learning_rate"], n_updates)
        return model.fit(x, y, **arguments)

    def _encoded(self, y):
        """The target as the losses take it: class codes, or columns of numbers."""
        y = np.asarray(y)
        if self.task == "classification" and self.n_outputs > 1:
            return y.astype(np.int32)
        return y.reshape(len(y), -1).astype(np.float32)

    def _settings(self, hp):
        own = self._families[TASKS[self.task]](**self.parameters).get_params(deep=False)
        for name, dimension in self.space.items():
            dimension.register(hp, name, own)
        return self.space.settings(hp.values)

    def _design(self, hp):
        estimator = self._families[TASKS[self.task]](**self.parameters | self._settings(hp))
        design = design_of(estimator)
        design.check()
        for name in SCHEDULABLE:
            curve = getattr(estimator, f"{name}_schedule", None)
            if curve is not None:
                raise ValueError(
                    f"{name}_schedule={curve!r} cannot be used in a hypermodel, which "
                    f"Keras's fit trains; set {name}_schedule=None, or use TunerSearchCV."
                )
        if estimator.metrics is None and self.task == "classification":
            estimator.set_params(metrics=["accuracy"])
        return design

    def _recipe(self, design: Design) -> Recipe:
        activation = "linear" if self.task == "regression" else "sigmoid" if self.n_outputs == 1 else "softmax"
        return design.recipe(design.network(self.input_shape, self.n_outputs), activation)

    def _probed_weights(self, design, x, y, batch_size, seeds):
        recipe = self._recipe(design)
        dtype = numbers(recipe.dtype)
        batch = np.asarray(x[:batch_size], dtype), y[:batch_size]
        with POOL.borrow(recipe, batch) as program:
            weights, _ = design.choose_init(program, batch, seeds)
        return weights


class DNNHyperModel(NetworkHyperModel):
    """Dense networks for Keras Tuner, with the parameters of `NetworkHyperModel`.

    Examples
    --------
    >>> import keras_tuner
    >>> from presets.search import DNNHyperModel
    >>> model = DNNHyperModel(input_shape=(30,), n_outputs=1).build(keras_tuner.HyperParameters())
    >>> model.output_shape
    (None, 1)
    """

    _families = DNNClassifier, DNNRegressor


class LSTMHyperModel(NetworkHyperModel):
    """Recurrent networks for Keras Tuner, with the parameters of `NetworkHyperModel`.

    Examples
    --------
    >>> import keras_tuner
    >>> from presets.search import LSTMHyperModel
    >>> model = LSTMHyperModel(input_shape=(50, 3), n_outputs=1).build(keras_tuner.HyperParameters())
    >>> model.output_shape
    (None, 1)
    """

    _families = LSTMClassifier, LSTMRegressor


class CNNHyperModel(NetworkHyperModel):
    """Convolutional networks for Keras Tuner, with the parameters of `NetworkHyperModel`.

    Examples
    --------
    >>> import keras_tuner
    >>> from presets.search import CNNHyperModel
    >>> model = CNNHyperModel(input_shape=(28, 28, 1), n_outputs=1).build(keras_tuner.HyperParameters())
    >>> model.output_shape
    (None, 1)
    """

    _families = CNNClassifier, CNNRegressor


class PlateauRule(keras.callbacks.Callback):
    """The estimators' plateau rule (A5.3) as a callback of `keras.Model.fit`.

    Parameters
    ----------
    rules : presets.training.plan.Rules
    """

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules

    def on_train_begin(self, logs: Any = None) -> None:
        """Read the first learning rate."""
        self._rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._plateau = Plateau(
            maximize=False,
            patience=self.rules.patience,
            lr_factor=self.rules.lr_factor,
            min_lr=self.rules.min_lr_factor * self._rate,
            min_delta=self.rules.min_delta,
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Lower the learning rate when the validation loss stops improving; stop when the rate is very small."""
        self._plateau.observe(logs["val_loss"])
        rate = self._plateau.next_rate(self._rate)
        if self._plateau.is_over(rate):
            self.model.stop_training = True
        elif rate != self._rate:
            self.model.optimizer.learning_rate = self._rate = rate
