"""The families as hypermodels, for users of Keras Tuner itself."""

import math
from types import SimpleNamespace

import keras
import keras_tuner
import numpy as np

from presets.builders.initializers import draw_weights
from presets.estimators._seeds import Seeds
from presets.estimators.cnn import CNNClassifier, CNNRegressor
from presets.estimators.dnn import DNNClassifier, DNNRegressor
from presets.estimators.lstm import LSTMClassifier, LSTMRegressor
from presets.search.dimensions import SearchSpace
from presets.search.spaces import space_for
from presets.training.objectives import make_loss, make_metric
from presets.training.optimizers import make_optimizer
from presets.training.plateau import Plateau
from presets.training.pool import POOL
from presets.training.recipe import numbers
from presets.training.schedules import make_schedule
from presets.training.smoothing import smooth_labels

TASKS = {"classification": 0, "regression": 1}


class NetworkHyperModel(keras_tuner.HyperModel):
    """What the families' hypermodels share: an estimator's network, compile rules and way of training, for Keras Tuner.

    `build` gives the network from standardised X (A2) to logits or values, compiled as the estimator compiles it. `fit`
    adds what the estimator's `fit` has: the probe of the initial weights (A7), the batch size (A3), a stratified
    validation part (A6), the plateau rule (A5.3) and the number of epochs. What is passed to ``tuner.search`` comes
    first, and so do the epochs of Hyperband.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one sample.
    n_outputs : int
        Columns of the target; for classes one if there are two, else one for each.
    task : {"classification", "regression"}, default="classification"
        The target holds class codes from 0, or standardised values.
    space : SearchSpace, dict or None, default=None
        None is the article's.
    **parameters
        Of the family's estimator.
    """

    _families: tuple

    def __init__(self, input_shape, n_outputs, *, task="classification", space=None, **parameters):
        super().__init__()
        if task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, got {task!r}.")
        self.input_shape, self.n_outputs, self.task = tuple(input_shape), int(n_outputs), task
        self.parameters = parameters
        given = self._families[TASKS[task]](**parameters)
        self.space = space_for(given) if space is None else SearchSpace(space)
        given.set_params(**self._settings(keras_tuner.HyperParameters()))

    def build(self, hp):
        """Build and compile the network.

        Parameters
        ----------
        hp : keras_tuner.HyperParameters

        Returns
        -------
        keras.Model
        """
        estimator = self._estimator(hp)
        recipe, seeds = self._recipe(estimator), Seeds(estimator.random_state)
        model = recipe.network.model(seed=seeds.integer("dropout"))
        drawn = draw_weights(
            model, seeds.integer("init"), kernel_initializer=estimator._initializer(), **estimator._draw_rules()
        )
        for variable in model.weights:
            if id(variable) in drawn:
                variable.assign(drawn[id(variable)])
        dtype = numbers(recipe.dtype)
        model.compile(
            optimizer=make_optimizer(*recipe.optimizer, {}, make_schedule(recipe.lr_schedule, dtype)),
            loss=make_loss(recipe.loss, recipe.activation, self.n_outputs, dtype),
            weighted_metrics=[
                make_metric(metric, recipe.activation, self.n_outputs, dtype) for metric in recipe.metrics
            ],
        )
        if recipe.label_smoothing:
            smooth_labels(model, recipe.label_smoothing, recipe.activation)
        return model

    def fit(self, hp, model, x, y, **arguments):
        """Train the network by the estimator's rules.

        Parameters
        ----------
        hp : keras_tuner.HyperParameters
        model : keras.Model
            From `build`.
        x : ndarray of shape (n_samples, ...)
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        **arguments
            Of `keras.Model.fit`.

        Returns
        -------
        keras.callbacks.History
        """
        estimator = self._estimator(hp)
        seeds = Seeds(estimator.random_state)
        y = self._encoded(y)
        if not arguments.get("validation_data") and not arguments.get("validation_split"):
            weights = arguments.pop("sample_weight", None)
            rows, validation_rows = estimator._split(
                y.ravel() if y.size == len(y) else y, weights, estimator.validation_fraction, seeds
            )
            data = (x, y) if weights is None else (x, y, np.asarray(weights))
            arguments["validation_data"] = tuple(part[validation_rows] for part in data)
            x, y, *weights = (part[rows] for part in data)
            arguments |= {"sample_weight": weights[0]} if weights else {}
        elif arguments.get("validation_data"):
            x_val, y_val, *val_weights = arguments["validation_data"]
            arguments["validation_data"] = (x_val, self._encoded(y_val), *val_weights)
        rules = estimator._rules(len(x), validates=True)
        if estimator.init == "auto" and not arguments.get("initial_epoch"):
            model.set_weights(self._probed_weights(estimator, x, y, rules.batch_size, seeds))
        arguments = {"batch_size": rules.batch_size, "epochs": rules.epochs, **arguments}
        if estimator.lr_schedule == "plateau":
            arguments["callbacks"] = [*(arguments.get("callbacks") or []), PlateauRule(rules)]
        else:
            n_updates = math.ceil(len(x) / arguments["batch_size"]) * arguments["epochs"]
            model.optimizer._learning_rate.set(self._recipe(estimator).optimizer[1]["learning_rate"], n_updates)
        return model.fit(x, y, **arguments)

    def _encoded(self, y):
        """Class codes as the losses take them; else columns."""
        y = np.asarray(y)
        if self.task == "classification" and self.n_outputs > 1:
            return y.astype(np.int32)
        return y.reshape(len(y), -1).astype(np.float32)

    def _settings(self, hp):
        own = self._families[TASKS[self.task]](**self.parameters).get_params(deep=False)
        for name, dimension in self.space.items():
            dimension.register(hp, name, own)
        return self.space.settings(hp.values)

    def _estimator(self, hp):
        estimator = self._families[TASKS[self.task]](**self.parameters | self._settings(hp))
        estimator._check_parameters(None, None)
        if estimator.metrics is None and self.task == "classification":
            estimator.set_params(metrics=["accuracy"])
        return estimator

    def _recipe(self, estimator):
        activation = "linear" if self.task == "regression" else "sigmoid" if self.n_outputs == 1 else "softmax"
        return estimator._recipe(
            SimpleNamespace(input_shape=self.input_shape),
            SimpleNamespace(n_outputs=self.n_outputs, activation=activation),
            {},
        )

    def _probed_weights(self, estimator, x, y, batch_size, seeds):
        recipe = self._recipe(estimator)
        dtype = numbers(recipe.dtype)
        batch = np.asarray(x[:batch_size], dtype), y[:batch_size]
        with POOL.borrow(recipe, batch) as program:
            weights, _ = estimator._choose_init(program, batch, seeds)
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
    """The plateau rule of every estimator (A5.3), for a training by Keras's `fit`.

    Parameters
    ----------
    rules : presets.training.plan.Rules
    """

    def __init__(self, rules):
        super().__init__()
        self.rules = rules

    def on_train_begin(self, logs=None):
        """Take the rate that the training begins with."""
        self._rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._plateau = Plateau(
            maximize=False,
            patience=self.rules.patience,
            lr_factor=self.rules.lr_factor,
            min_lr=self.rules.min_lr_factor * self._rate,
            min_delta=self.rules.min_delta,
        )

    def on_epoch_end(self, epoch, logs=None):
        """Lower the rate where the validation loss stands still; stop where the rate is very small."""
        self._plateau.observe(logs["val_loss"])
        rate = self._plateau.next_rate(self._rate)
        if self._plateau.is_over(rate):
            self.model.stop_training = True
        elif rate != self._rate:
            self.model.optimizer.learning_rate = self._rate = rate
