"""Averages of several runs (A12): the same network with other seeds and other validation splits."""

from __future__ import annotations  # help() then shows the names of types

from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, Literal, Self, overload

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from presets import article
from presets.ensembles.together import fit_members
from presets.evaluation.seeds import seeded
from presets.typing import Array, Estimator, Features, RandomState, Values


@dataclass(eq=False, repr=False)
class Ensemble(BaseEstimator):
    """Base of the ensembles: the members are copies of one estimator, each with its own seed."""

    estimator: Estimator
    _: KW_ONLY
    n_members: int = article.N_MEMBERS
    n_jobs: int | None = None
    random_state: RandomState = None

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_members": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def fit(self, X: Features, y: Values, sample_weight: Values | None = None, **fit_params: Any) -> Self:
        """Fit the members. The seed of a member sets its initial weights, validation split, dropout and row order.

        On JAX, networks of this package train together in one program with a member axis (on a CPU, only networks
        without convolutions). Other members train one after the other, or in `n_jobs` processes.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            In any form that the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        **fit_params
            Further parameters for the `fit` of each member, such as `X_val` and `y_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As in the `fit` of the estimator.
        """
        self._validate_params()
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        # for None, check_random_state would draw from numpy's global generator, which belongs to the caller
        source = np.random.RandomState() if self.random_state is None else check_random_state(self.random_state)
        seeds = source.randint(2**31 - 1, size=self.n_members).tolist()
        members = [seeded(self.estimator, seed) for seed in seeds]
        if effective_n_jobs(self.n_jobs) == 1:
            self.members_: list[Any] = fit_members(members, X, y, fit_params)
        else:
            self.members_ = Parallel(n_jobs=self.n_jobs)(
                delayed(_fit_member)(member, X, y, fit_params) for member in members
            )
        return self

    def _of_members(self, method, X):
        check_is_fitted(self)
        return np.stack([getattr(member, method)(X) for member in self.members_])

    def __sklearn_is_fitted__(self):
        return hasattr(self, "members_")

    def __getattr__(self, name: str) -> Any:
        if name in ("n_features_in_", "feature_names_in_", "classes_") and "members_" in vars(self):
            return getattr(self.members_[0], name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        return tags


def _fit_member(member, X, y, fit_params):
    return member.fit(X, y, **fit_params)


class EnsembleClassifier(ClassifierMixin, Ensemble):
    """Classifier that averages the probabilities of several runs (A12).

    Parameters
    ----------
    estimator : classifier with predict_proba
        Copied for each member. May be a `Pipeline`.
    n_members : int, default=5
        Number of members, at least 2.
    n_jobs : int or None, default=None
        Number of processes that fit members in parallel.
    random_state : int, RandomState or None, default=None
        Draws the seeds of the members. They replace each `random_state` in the estimator.

    Attributes
    ----------
    members_ : list of classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        Number of features of a member.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features of a member, if it has some.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, EnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> ensemble = EnsembleClassifier(DNNClassifier(epochs=10), n_members=3, random_state=0).fit(X, y)
    >>> ensemble.predict_proba(X).shape, ensemble.predict_members(X).shape
    ((150, 3), (3, 150, 3))
    """

    _parameter_constraints = Ensemble._parameter_constraints | {"estimator": [HasMethods(["fit", "predict_proba"])]}

    def predict_members(self, X: Features) -> Array:
        """Probabilities of each member.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
        """
        return self._of_members("predict_proba", X)

    def predict_proba(self, X: Features) -> Array:
        """Mean probabilities of the members.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self.predict_members(X).mean(axis=0)

    def predict(self, X: Features) -> Array:
        """Labels of the most probable classes. For multilabel targets, all labels with a probability above 0.5.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        probabilities = self.predict_proba(X)
        if self._is_multilabel:
            return (probabilities > 0.5).astype(int)
        return self.classes_[probabilities.argmax(axis=1)]

    def fit(self, X: Features, y: Values, sample_weight: Values | None = None, **fit_params: Any) -> Self:
        """Fit the members, each with its own seed; see `Ensemble.fit`."""
        super().fit(X, y, sample_weight, **fit_params)
        self._is_multilabel = _n_columns(y) > 1
        return self


def _n_columns(y):
    shape = y.shape if sparse.issparse(y) else np.asarray(y).shape
    return shape[1] if len(shape) == 2 else 1


class EnsembleRegressor(RegressorMixin, Ensemble):
    """Regressor that averages the values of several runs (A12).

    Parameters
    ----------
    estimator : regressor
        Copied for each member. May be a `Pipeline`.
    n_members : int, default=5
        Number of members, at least 2.
    n_jobs : int or None, default=None
        Number of processes that fit members in parallel.
    random_state : int, RandomState or None, default=None
        Draws the seeds of the members. They replace each `random_state` in the estimator.

    Attributes
    ----------
    members_ : list of regressor
        Fitted.
    n_features_in_ : int
        Number of features of a member.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features of a member, if it has some.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from presets import DNNRegressor, EnsembleRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ensemble = EnsembleRegressor(DNNRegressor(epochs=10), n_members=3, random_state=0).fit(X, y)
    >>> mean, std = ensemble.predict(X, return_std=True)
    >>> mean.shape, std.shape
    ((442,), (442,))
    """

    def predict_members(self, X: Features) -> Array:
        """Values of each member, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_outputs)
        """
        return self._of_members("predict", X)

    @overload
    def predict(self, X: Features, return_std: Literal[False] = ...) -> Array: ...
    @overload
    def predict(self, X: Features, return_std: Literal[True]) -> tuple[Array, Array]: ...
    def predict(self, X: Features, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Mean of the members' values, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
        return_std : bool, default=False
            Whether to return the standard deviation over the members too. It shows the effect of seeds and validation
            splits; it does not include the noise of y.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of the same shape as `mean`
            In the unit of y; only with `return_std`.
        """
        values = self.predict_members(X)
        return (values.mean(axis=0), values.std(axis=0, ddof=1)) if return_std else values.mean(axis=0)
