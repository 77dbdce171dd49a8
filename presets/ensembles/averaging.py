"""Averages of several runs (A12): the same network from other seeds, and on other validation splits."""

from dataclasses import KW_ONLY, dataclass
from numbers import Integral

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


@dataclass(eq=False, repr=False)
class Ensemble(BaseEstimator):
    """Members that are copies of one estimator with seeds of their own."""

    estimator: object
    _: KW_ONLY
    n_members: int = article.N_MEMBERS
    n_jobs: int | None = None
    random_state: int | np.random.RandomState | None = None

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_members": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the members, each from its own seed; it draws initial weights, validation split, dropout and order.

        On JAX, members that are networks of this package themselves train together, in one program with a member axis
        (on a CPU, those without convolutions); else one after the other, or in `n_jobs` processes.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        **fit_params
            For the `fit` of every member, such as `X_val` and `y_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As the `fit` of the estimator.
        """
        self._validate_params()
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        # without a random_state scikit-learn would draw from numpy's global generator, which belongs to the caller
        source = np.random.RandomState() if self.random_state is None else check_random_state(self.random_state)
        seeds = source.randint(2**31 - 1, size=self.n_members).tolist()
        members = [seeded(self.estimator, seed) for seed in seeds]
        if effective_n_jobs(self.n_jobs) == 1:
            self.members_ = fit_members(members, X, y, fit_params)
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

    def __getattr__(self, name):
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
        Copied for each member; also a `Pipeline`.
    n_members : int, default=5
        At least 2.
    n_jobs : int or None, default=None
        Processes that fit members side by side.
    random_state : int, RandomState or None, default=None
        Draws the members' seeds, which replace every `random_state` in the estimator.

    Attributes
    ----------
    members_ : list of classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        As those of the members.

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

    def predict_members(self, X):
        """Probabilities by each member.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
        """
        return self._of_members("predict_proba", X)

    def predict_proba(self, X):
        """Mean of the members' probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self.predict_members(X).mean(axis=0)

    def predict(self, X):
        """Labels of the most probable classes; of multilabel targets every label more probable than not.

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

    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the members, each from its own seed; see `Ensemble.fit`."""
        super().fit(X, y, sample_weight, **fit_params)
        shape = y.shape if sparse.issparse(y) else np.asarray(y).shape
        self._is_multilabel = len(shape) == 2 and shape[1] > 1
        return self


class EnsembleRegressor(RegressorMixin, Ensemble):
    """Regressor that averages the values of several runs (A12).

    Parameters
    ----------
    estimator : regressor
        Copied for each member; also a `Pipeline`.
    n_members : int, default=5
        At least 2.
    n_jobs : int or None, default=None
        Processes that fit members side by side.
    random_state : int, RandomState or None, default=None
        Draws the members' seeds, which replace every `random_state` in the estimator.

    Attributes
    ----------
    members_ : list of regressor
        Fitted.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        As those of the members.

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

    def predict_members(self, X):
        """Values by each member.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_outputs)
        """
        return self._of_members("predict", X)

    def predict(self, X, return_std=False):
        """Mean of the members' values.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
        return_std : bool, default=False
            Whether to give their standard deviation too, in the unit of y. It tells how far seeds and validation splits
            matter, not the noise of y.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of the same shape
            Only with `return_std`.
        """
        values = self.predict_members(X)
        return (values.mean(axis=0), values.std(axis=0, ddof=1)) if return_std else values.mean(axis=0)
