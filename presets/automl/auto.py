"""Estimators that find the best mixture of models within a time limit."""

from __future__ import annotations  # help() then shows the names of types

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions

from presets.automl.base import Auto
from presets.automl.documentation import documented
from presets.automl.mixture import best_threshold, decided, find_temperature, softened
from presets.typing import Array, Features, Values


@documented(scoring="the log loss", kind="classifier", method="predict_proba")
@dataclass(kw_only=True, eq=False, repr=False)
class AutoClassifier(ClassifierMixin, Auto):
    """Classifier that finds its models itself, within a time limit.

    Linear models, boosted and random trees and the networks of this package are fitted on folds. Their predictions out
    of fold decide which models are mixed, and with which weights.

    Parameters
    ----------
    <parameters>
    calibrate : bool or "auto", default="auto"
        Whether temperatures, learnt from the predictions out of fold, correct the probabilities of each candidate and
        those of the mixture. "auto": with few rows, they stay nearer to 1.
    threshold : float, "scoring" or None, default=None
        With two classes, the second class is predicted from this probability on. "scoring" finds the threshold with
        the best score out of fold, for example for `scoring="f1"`. None predicts the more probable class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    temperature_ : float
        Temperature of the mixture. 1 if the probabilities are not calibrated, or if there is only one candidate in the
        mixture, since it has its own.
    threshold_ : float
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import AutoClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> auto = AutoClassifier(time_limit=None, n_candidates=2, random_state=0).fit(X, y)
    >>> auto.predict(X[:2])
    array([0, 0])
    """

    calibrate: bool | str = "auto"
    threshold: float | str | None = None

    _parameter_constraints = Auto._parameter_constraints | {
        "calibrate": ["boolean", StrOptions({"auto"})],
        "threshold": [Interval(Real, 0, 1, closed="neither"), StrOptions({"scoring"}), None],
    }

    if TYPE_CHECKING:  # scikit-learn's own method has no types

        def score(self, X: Features, y: Values, sample_weight: Values | None = None) -> float:
            """Score predictions as scikit-learn does."""

    def _correct(self, rows: Any, mixture: Any) -> Array:
        self.classes_: Array
        self.temperature_: float
        self.threshold_: float
        codes, weights = rows.target[mixture.rows], rows.weights(mixture.rows)
        self.classes_ = rows.classes
        calibrate = self.calibrate if len(mixture.weights) > 1 else False  # a single candidate has its own temperature
        self.temperature_ = find_temperature(mixture.predictions, codes, weights, calibrate)
        probabilities = softened(mixture.predictions, self.temperature_)
        if self.threshold == "scoring":
            self.threshold_ = best_threshold(probabilities, codes, weights, rows.metric)
        else:
            self.threshold_ = 0.5 if self.threshold is None else float(self.threshold)
        return probabilities

    def _score(self, rows, mixture):
        probabilities = self._correct(rows, mixture)
        return rows.score(
            mixture.rows, decided(probabilities, self.threshold_) if rows.metric.is_of_labels else probabilities
        )

    def predict_proba(self, X: Features) -> Array:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return softened(self._mixture(X), self.temperature_)

    def predict(self, X: Features) -> Array:
        """Labels of the most probable classes. With two classes, `threshold_` decides.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = decided(self.predict_proba(X), self.threshold_)
        return self.classes_[probabilities.argmax(axis=1)]


@documented(scoring="the root mean squared error", kind="regressor", method="predict")
@dataclass(kw_only=True, eq=False, repr=False)
class AutoRegressor(RegressorMixin, Auto):
    """Regressor that finds its models itself, within a time limit.

    Linear models, boosted and random trees and the networks of this package are fitted on folds. Their predictions out
    of fold decide which models are mixed, and with which weights.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from presets import AutoRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> auto = AutoRegressor(time_limit=None, n_candidates=2, random_state=0).fit(X, y)
    >>> auto.predict(X[:2]).shape
    (2,)
    """

    if TYPE_CHECKING:  # scikit-learn's own method has no types

        def score(self, X: Features, y: Values, sample_weight: Values | None = None) -> float:
            """Score predictions as scikit-learn does."""

    def predict(self, X: Features) -> Array:
        """Values in the unit of y.

        Parameters
        ----------
        X : {array-like, sparse matrix, frame} of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._mixture(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
