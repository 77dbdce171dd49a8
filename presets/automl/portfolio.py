"""The models to try for each kind of X, in their order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn._loss import HalfBinomialLoss, HalfMultinomialLoss, HalfSquaredError
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
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
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from presets.automl.patches import N_CENTRES, REGIONS, Patches
from presets.automl.random_convolutions import KERNELS, N_FEATURES, RandomConvolutions
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
from presets.search.dimensions import Choice, LogUniform

EARLY_STOPPING_ROWS = 500
"""With at least this many rows, boosting holds out a tenth of them to find its number of trees."""

EARLY_STOPPING_CLASS_ROWS = 20
"""Each class needs this many rows for that, because each class must be in both parts."""

SUPPORT_ROWS = 5000
"""A support vector machine is tried for at most this many rows. Its seconds grow with their square."""

ONE_HOT_LEVELS = 50
"""Greatest number of levels of a category that get their own column for a linear model."""

COMPILED_LOSSES = tuple(
    f"{type(loss.closs).__module__}.{type(loss.closs).__name__}"
    for loss in (HalfBinomialLoss(), HalfMultinomialLoss(n_classes=3), HalfSquaredError())
)
"""Types of boosting's losses, as files name them. Up to scikit-learn 1.8, their module is only called "_loss"."""

TREES = (
    "functools.partial",
    *COMPILED_LOSSES,
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types of scikit-learn in files of AutoML. Load only trusted files: trees read memory at positions from the file."""

FLAT_TREE_ROWS = 5000
"""Greatest number of rows for each tree, for sequences and images."""

FEATURE_VALUES = 10**8
"""Greatest number of values of the features of sequences or images: 400 MB. With many rows there are fewer features."""

RIDGE_ALPHAS = 10.0 ** np.arange(-1, 6)
"""Regularisations that a ridge regression of these features tries."""

BOOSTING = {
    "boosting": {"learning_rate": 0.05},
    "slow_boosting": {"learning_rate": 0.02, "max_leaf_nodes": 15, "l2_regularization": 1.0},
    "boosting_small": {"learning_rate": 0.05, "max_leaf_nodes": 8, "max_features": 0.5},
    "boosting_large": {"learning_rate": 0.03, "max_leaf_nodes": 63, "min_samples_leaf": 5, "max_features": 0.5},
    "boosting_features": {"learning_rate": 0.03, "max_features": 0.3, "l2_regularization": 10.0},
}
"""Settings of gradient boosting, by the name of the candidate."""

N_TREES = 200

FORESTS: dict[str, tuple[bool, dict[str, Any]]] = {
    "extra_trees": (True, {"min_samples_leaf": 2}),
    "extra_trees_deep": (True, {"min_samples_leaf": 1, "max_features": 0.5}),
    "random_forest": (False, {"min_samples_leaf": 2}),
}
"""By the name of the candidate: whether trees split at random, and their settings. On wine_quality_white the RMSE of
extra trees is .652 with one row in a leaf and half of the columns, and .660 with two rows and all columns."""

BOOSTING_SPACE = {
    "learning_rate": LogUniform(0.01, 0.2),
    "max_leaf_nodes": Choice(4, 8, 15, 31, 63),
    "min_samples_leaf": Choice(2, 5, 10, 20, 40),
    "l2_regularization": LogUniform(1e-3, 1e2),
    "max_features": Choice(0.3, 0.5, 0.7, 1.0),
}
"""Parameters and ranges of the search around the best boosting."""

FOREST_SPACE = {
    "min_samples_leaf": Choice(1, 2, 3, 5),
    "max_features": Choice("sqrt", 0.3, 0.5, 0.7, 0.9),
    "n_estimators": Choice(200, 400),
}
"""Parameters and ranges of the search around the best forest."""

TREE_SPACES: dict[str, tuple[Any, Any]] = {
    "boosting": ((HistGradientBoostingClassifier, HistGradientBoostingRegressor), BOOSTING_SPACE),
    "forest": (
        (ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor),
        FOREST_SPACE,
    ),
}
"""Classes of trees and their search spaces, by the kind of the search."""

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"network_{preset}": (preset, {}) for preset in DNNClassifier.list_presets()},
    "network_plain_numbers": (
        "realmlp",
        {"numeric_embedding": None, "hidden_layer_sizes": (256, 256, 256), "epochs": 64},
    ),
    "network_periodic": ("realmlp", {"numeric_embedding": "periodic", "epochs": 64}),
    "network_dropout": ("realmlp", {"dropout": 0.4, "hidden_layer_sizes": (256, 256), "epochs": 64}),
    "network_free": ("realmlp", {"dropout": 0.0, "weight_decay": 0.1, "epochs": 64}),
    "network_waves": ("realmlp", {"lr_schedule": "coslog4", "epochs": 128, "hidden_layer_sizes": (256, 256)}),
}
"""Presets of dense networks and changes to them, by the name of the candidate."""

ORDER: dict[str, tuple[str, ...]] = {
    # CPU seconds of a fold of 3,000 rows; own loss, % above the best of each set; gain of the ensemble, %
    "classification": (
        "linear",  # 0.0, 27.9
        "boosting_small",  # 0.4, 15.5, 17.62
        "extra_trees_deep",  # 0.8, 28.0, 6.82
        "support_vectors",  # 0.3, 11.0, 0.66 after all others, on the sets that it takes
        "network_adaptive",  # 0.5, 17.9, 2.46
        "network_quick",  # 0.9, 10.6, 1.48
        "network_momentum",  # 0.5, 17.6, 0.30
        "network_free",  # 3.2, 13.3, 1.09
        "boosting_large",  # 1.4, 18.1, 0.25
        "slow_boosting",  # 1.0, 14.4, 0.16
        "network_tuned",  # 2.5, 9.6, 0.19
        "random_forest",  # 0.6, 24.3, 0.05
        "network_plain_numbers",  # 3.7, 12.5, 0.21
        "boosting_features",  # 1.8, 10.9, 0.08
        "network_realmlp",  # 15.5, 12.5, 0.24
        "network_article",  # 0.6, 17.8, 0.08
        "extra_trees",  # 0.4, 27.8, 0.00
    ),
    "regression": (
        "linear",  # 0.0, 13.0
        "boosting_small",  # 0.2, 10.6, 7.66
        "boosting",  # 0.3, 9.3, 1.58
        "network_article",  # 0.9, 6.5, 1.56
        "extra_trees_deep",  # 0.7, 9.2, -0.25 after all others
        "boosting_large",  # 1.1, 10.9, 0.61
        "network_waves",  # 6.3, 6.7, 0.48
        "extra_trees",  # 0.9, 9.3, 0.05
        "network_momentum",  # 1.2, 6.7, 0.03
        "network_tuned",  # 2.0, 6.7, -0.13 after all others
        "network_realmlp",  # 14.5, 10.3, 0.24
        "network_quick",  # 2.5, 7.4, -0.08 after all others
        "boosting_features",  # 0.5, 12.2, 0.00
        "random_forest",  # 1.9, 9.9, 0.00
    ),
}
"""Candidates for tables. The next candidate is the one that improves the ensemble most for its seconds. Candidates that
improve nothing come last or are left out. There are three exceptions for values. Deep extra trees are fast, and gained
0.25 % on the first three sets. `tuned` and `quick` alone are nearly as good as the best, and the search around the best
network may start from them. ``python benchmarks/portfolio.py order`` prints the order, from seven sets with classes and
six with values. Candidates that cannot take a sparse table or several outputs are left out for these."""


@dataclass(frozen=True)
class Candidate:
    """A model to try.

    Parameters
    ----------
    name : str
    estimator : estimator
        An estimator that is not fitted.
    preset : str
        The name of a network's preset, or "".
    """

    name: str
    estimator: object
    preset: str = ""


@dataclass(frozen=True)
class Task:
    """The facts that decide which models are tried.

    Parameters
    ----------
    kind : {"table", "sequences", "images"}
    is_classification : bool
    n_rows : int
        Number of training rows of a model.
    n_rarest : int
        Rows of the rarest class.
    n_outputs : int
        Outputs of a regression. 1 for classes.
    categories : ndarray of bool or None
        Which columns of `TableCodes` are categories. None if X only has numbers without gaps.
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
    """List the models for a task. Models that improve the ensemble most for their seconds come first.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Candidate
    """
    return {"table": _tables, "sequences": _sequences, "images": _images}[task.kind](task)


def smallest_network(task):
    """The network with the preset `quick`, or else the first network of the task.

    Parameters
    ----------
    task : Task

    Returns
    -------
    estimator
        A network of this package that is not fitted.
    """
    found = [candidate for candidate in portfolio(task) if candidate.preset]
    return next((c.estimator for c in found if c.preset == "quick"), found[0].estimator)


def catalogue(task):
    """List all models for tables, also those that are not in `ORDER`.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of Candidate
    """
    return _named(task, ("linear", "support_vectors", *BOOSTING, *FORESTS, *NETWORKS))


def _tables(task):
    return _named(task, ORDER["classification" if task.is_classification else "regression"])


def _named(task, names):
    found = (_table_candidate(task, name) for name in names)
    return [candidate for candidate in found if candidate is not None]


def _table_candidate(task, name):
    """The candidate with this name, or None if it does not take such data."""
    if name in NETWORKS:
        preset, changes = NETWORKS[name]
        if task.is_sparse and preset in ("quick", "tuned", "realmlp"):
            return None
        network = DNNClassifier if task.is_classification else DNNRegressor
        return Candidate(name, network.from_preset(preset, **changes), preset)
    if name in BOOSTING:
        return None if task.is_sparse or task.n_outputs > 1 else Candidate(name, _boosting(task, **BOOSTING[name]))
    if name == "linear":
        return Candidate(name, _standardized(task, _linear_model(task)))
    if name == "support_vectors":
        is_suited = task.n_rows <= SUPPORT_ROWS and task.n_rarest >= EARLY_STOPPING_CLASS_ROWS
        return Candidate(name, _standardized(task, _support_vectors())) if is_suited else None
    forest = _forest(task, name)
    return Candidate(name, forest if task.categories is None else make_pipeline(TableCodes(), forest))


def _sequences(task):
    network = LSTMClassifier if task.is_classification else LSTMRegressor
    n_features = len(KERNELS) * max(FEATURE_VALUES // (len(KERNELS) * task.n_rows), 1)
    convolutions = RandomConvolutions(n_features=min(N_FEATURES, n_features))
    regularizations: dict[str, float | None] = {"random_convolutions": 0.03, "random_convolutions_free": 1.0}
    if not task.is_classification:
        regularizations = {"random_convolutions": None}  # a ridge regression finds its own
    return [
        Candidate("extra_trees", _flat_trees(task)),
        Candidate("linear", make_pipeline(Flattened(), SimpleImputer(), StandardScaler(), _linear_model(task))),
        *(Candidate(name, _linear_of(convolutions, task, C)) for name, C in regularizations.items()),
        *_networks(network, "lstm", ("tuned", "quick", "fcn", "article")),
    ]


def _images(task):
    network = CNNClassifier if task.is_classification else CNNRegressor
    n_centres = max(FEATURE_VALUES // (REGIONS**2 * task.n_rows), 1)
    patches = Patches(n_centres=min(N_CENTRES, n_centres))
    return [
        Candidate("extra_trees", _flat_trees(task)),
        Candidate("patches", _linear_of(patches, task, C=0.3)),
        *_networks(network, "cnn", ("quick", "tuned", "article")),
    ]


def _networks(network, family, presets):
    return [Candidate(f"{family}_{preset}", network.from_preset(preset), preset) for preset in presets]


def _linear_of(features, task, C):
    """A linear model of many features. `C` is the inverse of the regularisation of a classifier."""
    model = LogisticRegression(C=C, max_iter=300) if task.is_classification else RidgeCV(RIDGE_ALPHAS)
    return make_pipeline(features, StandardScaler(), model)


def _linear_model(task):
    return LogisticRegression(max_iter=300) if task.is_classification else Ridge()


def _support_vectors():
    """A support vector machine with probabilities, which come from folds of its own."""
    return CalibratedClassifierCV(SVC(C=3.0), ensemble=False)


def _standardized(task, model):
    """A model behind steps that give it numbers of similar size."""
    if task.is_sparse:
        return make_pipeline(StandardScaler(with_mean=False), model)
    if task.categories is not None:
        return make_pipeline(TableCodes(), _one_hot(task), model)
    return make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), model)


def _one_hot(task):
    """Convert codes to columns of zeros and ones for the categories, and standardise the numbers."""
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


def tree_space(estimator):
    """The search space of gradient boosting or of a forest, also at the end of a pipeline.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    kind : str
        "boosting", "forest", or "" for other estimators.
    space : dict of str to dimension
        Dimensions by the estimator's names of the parameters.
    """
    model, prefix = estimator, ""
    if isinstance(estimator, Pipeline):
        prefix, model = f"{estimator.steps[-1][0]}__", estimator.steps[-1][1]
    for kind, (classes, space) in TREE_SPACES.items():
        if isinstance(model, classes):
            return kind, {prefix + name: dimension for name, dimension in space.items()}
    return "", {}


def _forest(task, name):
    is_extra, settings = FORESTS[name]
    classifier = ExtraTreesClassifier if is_extra else RandomForestClassifier
    regressor = ExtraTreesRegressor if is_extra else RandomForestRegressor
    if task.is_classification:
        return classifier(**{"n_estimators": N_TREES, "max_features": "sqrt", **settings})
    return regressor(n_estimators=N_TREES, **settings)  # one thread; several add up in any order


def _flat_trees(task):
    """Trees for sequences and images. The rows for each tree are limited, so the fit takes no longer with more rows."""
    trees = _forest(task, "extra_trees")
    if task.n_rows > FLAT_TREE_ROWS:
        trees.set_params(bootstrap=True, max_samples=FLAT_TREE_ROWS)
    return make_pipeline(Flattened(), trees)


class Flattened(TransformerMixin, BaseEstimator):
    """Converts sequences or images to rows of a table. Shorter sequences are padded with NaN."""

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
        """Put the values of each sample into one row.

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
