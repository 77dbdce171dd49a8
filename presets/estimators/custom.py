"""Estimators for the user's own networks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator, clone

from presets import article
from presets.builders.custom import build_custom, dense_network, made_behind_embeddings, made_now, output_range
from presets.builders.network import Network
from presets.data.inputs import AnyInput, TableInput
from presets.data.table import MAX_ONEHOT, MIN_FREQUENCY
from presets.estimators import _parameters as shared
from presets.estimators import _tables as tables
from presets.estimators._classifier import Classifier
from presets.estimators._clone import clone_keeping_keras
from presets.estimators._parameters import parameter, with_parameters
from presets.estimators._regressor import Regressor
from presets.estimators.base import NetworkEstimator
from presets.estimators.fit import WITNESSES
from presets.training.recipe import numbers


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkBuilder(BaseEstimator):
    """Base of networks with parameters, for `KerasClassifier` and `KerasRegressor`.

    A subclass is a dataclass with a field for each parameter. Calling it builds the network. In a search, the name of a
    parameter is ``network__<name>``. Fits with equal parameters share a compiled program. To pickle it, its class must
    be importable.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import keras
    >>> from presets import KerasClassifier, NetworkBuilder
    >>> @dataclass
    ... class Dense(NetworkBuilder):
    ...     width: int = 64
    ...
    ...     def __call__(self, input_shape, n_outputs):
    ...         layers = keras.layers.Dense(self.width, activation="relu"), keras.layers.Dense(n_outputs)
    ...         return keras.Sequential([keras.Input(input_shape), *layers])
    >>> KerasClassifier(network=Dense(width=32)).get_params()["network__width"]
    32
    """

    def __call__(self, input_shape: Any, n_outputs: int) -> keras.Model:
        """Build a `keras.Model` from standardised inputs to logits or standardised values.

        Parameters
        ----------
        input_shape : tuple of int, or dict of str to tuple of int
            Shape of one sample; a dict if there are several `inputs`.
        n_outputs : int
            Number of logits or values: 1 for two classes.

        Returns
        -------
        keras.Model
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(self, input_shape, n_outputs).")

    def __sklearn_clone__(self):
        return clone_keeping_keras(self)


@with_parameters
class Custom(NetworkEstimator):
    """The family of networks that the user builds."""

    network: Callable[..., keras.Model] | keras.Model = parameter(
        [callable],
        "callable or keras.Model",
        "``network(input_shape, n_outputs)`` returns a `keras.Model` from standardised inputs to logits or "
        "standardised values. It is a function, or a `NetworkBuilder`, whose parameters have names such as "
        "``network__width`` in a search. `input_shape` is the shape of one sample, a tuple; with `inputs` it is a dict "
        "of tuples. For two classes `n_outputs` is 1. Each fit calls it and copies the network; training starts from "
        "the weights that the network has. So layers from outside the function do not change. A ready `keras.Model` is "
        "copied too.",
        default=dense_network,
    )
    inputs: Mapping[str, Sequence[str | int]] | None = parameter(
        [dict, None],
        "dict of str to list of (str or int), or None",
        "Columns of a table for each input, for a network with several inputs: names or numbers of columns. The "
        "network gets a dict. None gives all of X to one input.",
        default=None,
    )
    init: str | keras.initializers.Initializer = "network"
    categorical_features: object = parameter(shared.CATEGORICAL_FEATURES, default="from_dtype")
    max_onehot: int = parameter(shared.MAX_ONEHOT, default=MAX_ONEHOT)
    min_frequency: int = parameter(shared.MIN_FREQUENCY, default=MIN_FREQUENCY)

    _presets = article.CUSTOM_PRESETS
    _budget = article.DNN_BUDGET

    model_inputs = tables.model_inputs
    coded_model = tables.coded_model
    level_codes_ = property(tables.level_codes)
    input_names_ = property(tables.input_names)
    embeddings_ = property(tables.embeddings)

    def _check_network(self):
        if isinstance(self.network, type):
            raise ValueError(f"network must be an object: {self.network.__name__}(), not the class itself.")
        self._init_rules()

    def _input(self):
        of_tables = TableInput(self.standardize, self.categorical_features, self.max_onehot, self.min_frequency)
        return AnyInput(of_tables, self.inputs)

    def _network(self, input_shape, n_outputs):
        return Network(
            build_custom,
            input_shape,
            n_outputs,
            {
                "network": _ready(self.network) if isinstance(self.network, keras.Model) else _own_copy(self.network),
                "gives_logits": not self._target().is_numeric,
                "is_probed": self.init == "auto",
                "dtype": self.dtype,
                "seed": 0,
            },
        )

    def _output_range(self, input_shape, n_outputs):
        return output_range(self._network(input_shape, n_outputs))

    def _suited(self, network, encoder, X, rows, X_val):
        """The network that the function builds now."""
        x = encoder.rows(X.values, numbers(self.dtype)).take(rows[:WITNESSES])
        if not encoder.embedding_arguments:
            return made_now(network, x)
        return made_behind_embeddings(network, x, **encoder.embedding_arguments)

    def _init_rules(self):
        return {"network": None} if self.init == "network" else super()._init_rules()


def _ready(model):
    """A function that returns the user's model."""
    return lambda input_shape, n_outputs: model


def _own_copy(network):
    """A copy that later changes of the parameters do not affect, with Python's numbers, because Keras needs them."""
    if not hasattr(network, "get_params"):
        return network
    plain = {name: value.item() for name, value in network.get_params().items() if isinstance(value, np.generic)}
    return clone(network).set_params(**plain)


@with_parameters
class KerasClassifier(Classifier, Custom):
    """Classifier with a network of your own, trained by the article's checklist.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from presets import KerasClassifier
    >>> def build(input_shape, n_outputs):
    ...     hidden = keras.layers.Dense(16, activation="relu")
    ...     return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(n_outputs)])
    >>> X, y = load_iris(return_X_y=True)
    >>> KerasClassifier(network=build, epochs=10, random_state=0).fit(X, y).predict_proba(X).shape
    (150, 3)
    """


@with_parameters
class KerasRegressor(Regressor, Custom):
    """Regressor with a network of your own, trained by the article's checklist.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_diabetes
    >>> from presets import KerasRegressor
    >>> def build(input_shape, n_outputs):
    ...     hidden = keras.layers.Dense(16, activation="relu")
    ...     return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(n_outputs)])
    >>> X, y = load_diabetes(return_X_y=True)
    >>> KerasRegressor(network=build, epochs=10, random_state=0).fit(X, y).predict(X).shape
    (442,)
    """
