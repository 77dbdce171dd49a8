"""Any network of the user's under the rules of this package."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.base import BaseEstimator, clone

from presets import article
from presets.builders.custom import build_custom, dense_network, made_now, output_range
from presets.builders.embeddings import build_behind_embeddings
from presets.builders.network import Network
from presets.data.arrays import read_array
from presets.data.encoder import Encoder
from presets.data.images import fit_image_standardizer
from presets.data.standardize import Standardizer
from presets.data.table import EMBEDDING_WIDTH
from presets.estimators._arrays import ArrayInput
from presets.estimators._clone import clone_keeping_keras
from presets.estimators._documentation import documented
from presets.estimators._heads import ClassifierHead, RegressorHead
from presets.estimators._preparation import WITNESSES
from presets.estimators._presets import PresetMixin
from presets.estimators._tabular import Tabular
from presets.training.recipe import numbers


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkBuilder(BaseEstimator):
    """Base of networks with parameters, for `KerasClassifier` and `KerasRegressor`.

    A subclass is a dataclass with a field for each parameter, and builds the network when called. Searches reach the
    parameters as ``network__<name>``, and two fits with equal parameters share a compiled program. It can be pickled
    where its class can be imported.

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

    def __call__(self, input_shape, n_outputs):
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


@dataclass(kw_only=True, eq=False, repr=False)
class Custom(PresetMixin, ArrayInput, Tabular):
    """The family of networks that the user builds."""

    network: Callable | keras.Model = dense_network
    inputs: dict | None = None
    init: str | keras.initializers.Initializer = "network"

    _presets = article.CUSTOM_PRESETS
    _budget = article.DNN_BUDGET
    _parameter_constraints = Tabular._parameter_constraints | {
        "network": [callable],
        "inputs": [dict, None],
    }

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or array-like of shape (n_samples, ...)
            Standardised along the last axis.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Rows of weight zero are left out before the split.
        X_val, y_val : array-like, optional
            Validation data in the place of the internal split.
        sample_weight_val : array-like, optional
            Weights of the rows of `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter, the network or the data are not usable; before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part; the training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite; the best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val=sample_weight_val)

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        if isinstance(self.network, type):
            raise ValueError(f"network must be an object: {self.network.__name__}(), not the class itself.")
        self._init_rules()
        return callbacks

    def _read(self, X):
        return read_array(X)

    def _read_table(self, X):
        return X

    def _sample_shape(self, X):
        return X.shape[1:]

    def _raw_shape(self, X, read):
        return read.shape[1:]

    def _learn_encoder(self, X, rows, weights):
        columns = None if self.inputs is None else self._columns_of_inputs()
        if not self._takes_tables:
            standardizer = (
                fit_image_standardizer(X, rows, weights) if self.standardize else Standardizer.identity(X.shape[-1])
            )
            return Encoder(standardizer, X.shape[1:], X.shape[1:])
        if columns is None:
            return super()._learn_encoder(X, rows, weights)
        if self._as_table(X, rows, None) is not None:
            raise ValueError(
                "inputs takes columns of numbers, but X has categories, dates or missing values; set inputs=None, or "
                "encode and impute them before this estimator."
            )
        return Encoder.of_table(X, rows, weights, standardize=self.standardize, columns=columns)

    def _columns_of_inputs(self):
        """Numbers of the columns that each input gets."""
        if not self._takes_tables:
            raise ValueError("inputs names columns of a table, but X has more than two dimensions; set inputs=None.")
        if len(self.inputs) < 2:
            raise ValueError("inputs must name at least two inputs; a network with one takes inputs=None.")
        names = list(getattr(self, "feature_names_in_", ()))
        numbers = {name: number for number, name in enumerate(names)} | {n: n for n in range(self.n_features_in_)}
        for name, columns in self.inputs.items():
            unknown = [column for column in columns if column not in numbers]
            if unknown or not len(columns):
                raise ValueError(
                    f"inputs[{name!r}] must name columns of X, at least one; it is {list(columns)}"
                    + (f", but X has no {unknown[0]!r}." if unknown else ".")
                )
        return {str(name): np.array([numbers[column] for column in columns]) for name, columns in self.inputs.items()}

    def _network(self, input_shape, n_outputs):
        return Network(
            build_custom,
            input_shape,
            n_outputs,
            {
                "network": _ready(self.network) if isinstance(self.network, keras.Model) else _own_copy(self.network),
                "gives_logits": not self._numeric_y,
                "is_probed": self.init == "auto",
                "dtype": self.dtype,
                "seed": 0,
            },
        )

    def _output_range(self, input_shape, n_outputs):
        return output_range(self._network(self._behind_embeddings(input_shape), n_outputs))

    def _data_arguments(self, encoder, rows, X, X_val=None):
        return {"x": encoder.rows(X, numbers(self.dtype)).take(rows[:WITNESSES])}

    def _recipe(self, encoder, target, data_arguments):
        recipe = super()._recipe(encoder, target, {})
        return dataclasses.replace(recipe, network=self._made(recipe.network, encoder, **data_arguments))

    def _made(self, network, encoder, x):
        """The network as it is built at this moment, behind embeddings if there are some."""
        if not getattr(encoder, "embedded", None):
            return made_now(network, x)
        levels = np.repeat(x["levels"] / encoder.embedding_rows, EMBEDDING_WIDTH, axis=1)  # stand for embeddings
        columns = np.concatenate([x["numbers"], levels.astype(x["numbers"].dtype)], axis=1)
        inner = made_now(dataclasses.replace(network, input_shape=columns.shape[1:]), columns)
        embeddings = {"embedding_rows": encoder.embedding_rows, "width": EMBEDDING_WIDTH, "build": inner.build}
        return dataclasses.replace(network, build=build_behind_embeddings, arguments={**inner.arguments, **embeddings})

    def _of_table(self, network, n_numbers, embeddings):
        return network  # `_made` puts embeddings in front

    def _behind_embeddings(self, input_shape):
        if self.inputs is not None or not isinstance(input_shape, dict):
            return input_shape
        return (input_shape["numbers"][0] + EMBEDDING_WIDTH * input_shape["levels"][0],)

    def _init_rules(self):
        return {"network": None} if self.init == "network" else super()._init_rules()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _ready(model):
    """A function that gives a model of the user's."""
    return lambda input_shape, n_outputs: model


def _own_copy(network):
    """A copy that later changes of the parameters leave alone, with numbers of Python's, which Keras wants."""
    if not hasattr(network, "get_params"):
        return network
    plain = {name: value.item() for name, value in network.get_params().items() if isinstance(value, np.generic)}
    return clone(network).set_params(**plain)


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class KerasClassifier(ClassifierHead, Custom):
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

    _parameter_constraints = Custom._parameter_constraints | ClassifierHead._constraints


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class KerasRegressor(RegressorHead, Custom):
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
