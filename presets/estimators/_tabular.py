"""Tables as they come: what the families that take them add to the contract."""

import dataclasses
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import keras
import numpy as np
from scipy import sparse
from sklearn.utils import check_X_y
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from presets.data.encoder import Encoder
from presets.data.frames import Table, read_table
from presets.data.standardize import has_gaps
from presets.data.table import EMBEDDING_WIDTH, MAX_ONEHOT, MIN_FREQUENCY, TableEncoder, categorical_columns
from presets.estimators._base import NetworkEstimator


class LevelVectors(NamedTuple):
    """What a network learnt of the levels of one column.

    Parameters
    ----------
    levels : list of str
        The first is for unknown and rare ones; the second for gaps, if training had some.
    vectors : ndarray of shape (n_levels, n_numbers)
    """

    levels: list
    vectors: np.ndarray


@dataclass(kw_only=True, eq=False, repr=False)
class Tabular(NetworkEstimator):
    """Base of the families that take tables with categories, dates and gaps."""

    categorical_features: object = "from_dtype"
    max_onehot: int = MAX_ONEHOT
    min_frequency: int = MIN_FREQUENCY

    _parameter_constraints = NetworkEstimator._parameter_constraints | {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_onehot": [Interval(Integral, 1, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
    }

    def _takes_gaps(self, X):
        return not sparse.issparse(X)

    def _check_X_y(self, X, y, reset):
        table = read_table(X)
        if table is None:
            return super()._check_X_y(X, y, reset)
        table = self._check_table(X, table, reset, y=y)
        rows = np.zeros((len(table), 1))  # stand for X in scikit-learn's check of y
        return table, check_X_y(rows, y, multi_output=True, y_numeric=self._numeric_y, estimator=self)[1]

    def _check_X(self, X):
        table = read_table(X)
        return super()._check_X(X) if table is None else self._check_table(X, table, reset=False)

    def _check_table(self, X, table, reset, **y):
        """Let scikit-learn check names and number of the columns."""
        is_structured = getattr(getattr(X, "dtype", None), "names", None)
        validate_data(self, np.empty(table.shape) if is_structured else X, skip_check_array=True, reset=reset, **y)
        return table

    def _learn_encoder(self, X, rows, weights):
        names = getattr(self, "feature_names_in_", None)
        table = self._as_table(X, rows, names)
        if table is None:
            return Encoder.of_table(X, rows, weights, standardize=self.standardize)
        return TableEncoder.learn(
            table,
            rows,
            weights,
            standardize=self.standardize,
            categorical=categorical_columns(table, self.categorical_features),
            max_onehot=self.max_onehot,
            min_frequency=self.min_frequency,
        )

    def _as_table(self, X, rows, names):
        """The table to learn from; None if it is one of numbers without gaps, and none is to be a category."""
        if isinstance(X, Table):
            return X
        features = self.categorical_features
        has_categories = not isinstance(features, str) and features is not None and len(features) > 0
        if sparse.issparse(X):
            if has_categories:
                raise TypeError("categorical_features needs a dense X or a frame, but X is sparse; use X.toarray().")
            return None
        return Table.of_numbers(X, names) if has_categories or has_gaps(X, rows) else None

    def _recipe(self, encoder, target, data_arguments):
        recipe = super()._recipe(encoder, target, data_arguments)
        if not isinstance(encoder, TableEncoder):
            return recipe
        embeddings = {"embedding_rows": encoder.embedding_rows, "width": EMBEDDING_WIDTH} if encoder.embedded else {}
        return dataclasses.replace(recipe, network=self._of_table(recipe.network, encoder.n_numbers, embeddings))

    def _complete_arguments(self, encoder):
        return {"unknown_share": 0} if getattr(encoder, "embedded", None) else {}

    def _of_table(self, network, n_numbers, embeddings):
        """The network for a table that is not all numbers, with the arguments of `table_inputs`."""
        return network.replace(n_numbers=n_numbers, **embeddings)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def model_inputs(self, X, *, strings=True):
        """Rows as `model_` takes them, which has its raw columns by name if there are categories, dates or gaps.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            In any form that `fit` takes.
        strings : bool, default=True
            Whether the model takes categories as strings. `coded_model` does not.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or dict of str to ndarray of shape (n_samples, 1)
            Numbers, with NaN for what is missing. Dates are their parts. On TensorFlow categories are strings, with ""
            for what is missing. On other backends, and without strings, they are the numbers of `level_codes_`.
        """
        check_is_fitted(self)
        encoder, X = self._fitted.encoder, self._check_X(X)
        if isinstance(encoder, TableEncoder):
            return encoder.raw_inputs(X, strings=strings and keras.backend.backend() == "tensorflow")
        return X.toarray() if sparse.issparse(X) else X

    def coded_model(self):
        """Build the complete model with numbers for categories, for ONNX and other formats without strings.

        Returns
        -------
        keras.Model
            As `model_`, but it takes the numbers of `level_codes_` for levels.
        """
        check_is_fitted(self)
        return self._fitted.model(strings=False, **self._complete_arguments(self._fitted.encoder))

    @property
    def level_codes_(self):
        """Numbers of the levels of each category, by the name of its column; any other level is 0, a missing one 1.

        Returns
        -------
        dict of str to dict of str to int
        """
        check_is_fitted(self)
        encoder = self._fitted.encoder
        return encoder.level_codes if isinstance(encoder, TableEncoder) else {}

    @property
    def input_names_(self):
        """Names of the columns that the network sees, in their order.

        Returns
        -------
        list of str
        """
        check_is_fitted(self)
        encoder = self._fitted.encoder
        if isinstance(encoder, TableEncoder):
            return encoder.input_names
        names = getattr(self, "feature_names_in_", None)
        return [str(name) for name in (range(self.n_features_in_) if names is None else names)]

    @property
    def embeddings_(self):
        """What the network learnt of the levels of each embedded column, by its name.

        Returns
        -------
        dict of str to LevelVectors
            ``pandas.DataFrame(e.vectors, index=e.levels)`` makes a frame of one.
        """
        check_is_fitted(self)
        encoder = self._fitted.encoder
        if not getattr(encoder, "embedded", None):
            return {}
        place = [v.path.split("/")[-2] for v in self._fitted.core().weights].index("embeddings")
        return {str(encoder.names[e.source]): _level_vectors(e, self._fitted.weights[place]) for e in encoder.embedded}


def _level_vectors(embedded, table):
    levels = embedded.levels
    labels = ["(unknown or rare)", "(missing)", *levels.kept]
    used = [0, *([1] if levels.has_gaps else []), *range(2, len(labels))]
    return LevelVectors([labels[i] for i in used], table[embedded.places[used]])
