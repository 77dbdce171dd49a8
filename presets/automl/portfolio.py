"""The models that are tried for each kind of X, in their order."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from presets.automl.tables import TableCodes
from presets.data.sequences import read_sequences
from presets.estimators import (
    CNNClassifier,
    CNNRegressor,
    DNNClassifier,
    DNNRegressor,
    LSTMClassifier,
    LSTMRegressor,
)

EARLY_STOPPING_ROWS = 500
"""Rows from which on boosting finds its number of trees on a tenth of them."""

EARLY_STOPPING_CLASS_ROWS = 20
"""Rows of each class that this needs, since each class must be in both parts."""

ONE_HOT_LEVELS = 50
"""Levels of a category that have a column of their own in front of a linear model."""

TREES = (
    "functools.partial",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""What scikit-learn's trees are made of. A file with trees is to be trusted: they read at places that the file says."""

FLAT_TREE_ROWS = 5000
"""Rows that each tree sees of sequences and images."""


@dataclass(frozen=True)
class Candidate:
    """A model to try.

    Parameters
    ----------
    name : str
    estimator : estimator
        Not fitted.
    preset : str
        The named preset of a network, or "".
    """

    name: str
    estimator: object
    preset: str = ""


@dataclass(frozen=True)
class Task:
    """What the choice of the models depends on.

    Parameters
    ----------
    kind : {"table", "sequences", "images"}
    is_classification : bool
    n_rows : int
        That a model is trained on.
    n_rarest : int
        Rows of the rarest class.
    n_outputs : int
        Of a regression; 1 for classes.
    categories : ndarray of bool or None
        Which columns of a table hold categories; None if all are numbers in an array.
    is_sparse : bool
    """

    kind: str
    is_classification: bool
    n_rows: int
    n_rarest: int = 0
    n_outputs: int = 1
    categories: object = None
    is_sparse: bool = False


def portfolio(task):
    """List the models for a task, what gives most for its seconds first.

    =========  ====================================================================================================
    kind       models
    =========  ====================================================================================================
    table      a linear model, boosting, extra trees, the quick network, slower boosting, a random forest, the tuned
               network, one with momentum, the article's, a deep one, one with an adaptive optimizer
    sequences  extra trees on the values, a linear model on them, LSTM-FCN, the article's LSTM
    images     extra trees on the pixels, the article's CNN, one without augmentation
    =========  ====================================================================================================

    The first one takes seconds for data of any size, so that there is a model early.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Candidate
    """
    return {"table": _tables, "sequences": _sequences, "images": _images}[task.kind](task)


def smallest_network(task):
    """The first network of the portfolio.

    Parameters
    ----------
    task : Task

    Returns
    -------
    estimator
        Not fitted; a network of this package, or a pipeline that ends in one.
    """
    return next(candidate.estimator for candidate in portfolio(task) if candidate.preset)


def _tables(task):
    network = DNNClassifier if task.is_classification else DNNRegressor
    linear = Candidate("linear", _linear(task))
    extra = Candidate("extra_trees", _trees(task, ExtraTreesClassifier, ExtraTreesRegressor))
    forest = Candidate("random_forest", _trees(task, RandomForestClassifier, RandomForestRegressor))
    plain = [_network(task, network, preset) for preset in ("momentum", "article", "deep", "adaptive")]
    if task.is_sparse:
        return [linear, extra, *plain, forest]
    quick, tuned = (_network(task, network, preset) for preset in ("quick", "tuned"))
    if task.n_outputs > 1:  # which boosting does not take
        return [linear, extra, quick, forest, tuned, *plain]
    boosting = Candidate("boosting", _boosting(task, learning_rate=0.05))
    slow = _boosting(task, learning_rate=0.02, max_leaf_nodes=15, l2_regularization=1.0)
    return [linear, boosting, extra, quick, Candidate("slow_boosting", slow), forest, tuned, *plain]


def _sequences(task):
    network = LSTMClassifier if task.is_classification else LSTMRegressor
    return [
        Candidate("extra_trees", _flat_trees(task)),
        Candidate("linear", make_pipeline(Flattened(), SimpleImputer(), StandardScaler(), _linear_model(task))),
        *(Candidate(f"lstm_{preset}", network.from_preset(preset), preset) for preset in ("fcn", "article")),
    ]


def _images(task):
    network = CNNClassifier if task.is_classification else CNNRegressor
    return [
        Candidate("extra_trees", _flat_trees(task)),
        *(Candidate(f"cnn_{preset}", network.from_preset(preset), preset) for preset in ("article", "plain")),
    ]


def _network(task, network, preset):
    estimator = network.from_preset(preset)
    if task.categories is not None:
        estimator = make_pipeline(TableCodes(), _one_hot(task), estimator)
    return Candidate(f"network_{preset}", estimator, preset)


def _linear_model(task):
    return LogisticRegression(max_iter=300) if task.is_classification else Ridge()


def _linear(task):
    if task.is_sparse:
        return make_pipeline(StandardScaler(with_mean=False), _linear_model(task))
    if task.categories is not None:
        return make_pipeline(TableCodes(), _one_hot(task), _linear_model(task))
    return make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), _linear_model(task))


def _one_hot(task):
    """Of codes: columns of zeros and ones for the categories, and standardised numbers."""
    one_hot = OneHotEncoder(max_categories=ONE_HOT_LEVELS, handle_unknown="infrequent_if_exist", sparse_output=False)
    numbers = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    return make_column_transformer(
        (one_hot, np.flatnonzero(task.categories)), (numbers, np.flatnonzero(~task.categories))
    )


def _boosting(task, **settings):
    settings |= {"max_iter": 100}
    can_stop = not task.is_classification or task.n_rarest >= EARLY_STOPPING_CLASS_ROWS
    if task.n_rows >= EARLY_STOPPING_ROWS and can_stop:
        settings |= {"max_iter": 1000, "early_stopping": True, "n_iter_no_change": 20}
    model = HistGradientBoostingClassifier() if task.is_classification else HistGradientBoostingRegressor()
    if task.categories is None:
        return model.set_params(**settings)
    return make_pipeline(TableCodes(), model.set_params(categorical_features=task.categories, **settings))


def _trees(task, classifier, regressor):
    model = _of(task, classifier, regressor)
    return model if task.categories is None else make_pipeline(TableCodes(), model)


def _flat_trees(task):
    """Each tree sees some of the rows, so that the seconds do not grow with them."""
    trees = _of(task, ExtraTreesClassifier, ExtraTreesRegressor)
    if task.n_rows > FLAT_TREE_ROWS:
        trees.set_params(bootstrap=True, max_samples=FLAT_TREE_ROWS)
    return make_pipeline(Flattened(), trees)


def _of(task, classifier, regressor):
    settings = {"n_estimators": 200, "min_samples_leaf": 2}  # in one thread: several add up in any order
    return classifier(max_features="sqrt", **settings) if task.is_classification else regressor(**settings)


class Flattened(TransformerMixin, BaseEstimator):
    """Sequences or images as rows of a table; what a shorter sequence lacks is NaN."""

    def fit(self, X, y=None):
        """Learn the number of columns.

        Parameters
        ----------
        X : array of shape (n_samples, ...), or list of arrays
        y : ignored

        Returns
        -------
        self
        """
        self.n_columns_ = self._rows(X).shape[1]
        return self

    def transform(self, X):
        """Lay the values of each sample in one row.

        Parameters
        ----------
        X : array of shape (n_samples, ...), or list of arrays

        Returns
        -------
        ndarray of shape (n_samples, n_columns_)
            Steps beyond the longest sequence of `fit` are left out.
        """
        check_is_fitted(self)
        rows = self._rows(X)[:, : self.n_columns_]
        missing = self.n_columns_ - rows.shape[1]
        return np.pad(rows, [(0, 0), (0, missing)], constant_values=np.nan) if missing else rows

    @staticmethod
    def _rows(X):
        values = np.asarray(X) if getattr(X, "ndim", 0) == 4 else read_sequences(X).values
        return values.reshape(len(values), -1).astype(np.float32, copy=False)
