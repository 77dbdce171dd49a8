"""The fitted network in whatever scikit-learn wraps around it."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def find_network(estimator):
    """Find the fitted estimator of this package in an estimator, a pipeline or a search.

    Parameters
    ----------
    estimator : estimator
        One of this package, or a fitted `Pipeline`, search or `TransformedTargetRegressor` around one.

    Returns
    -------
    estimator

    Raises
    ------
    TypeError
        If there is none.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    inner = estimator
    while not hasattr(type(inner), "partial_fit") or not hasattr(inner, "stopped_by_"):
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "regressor_"):
            inner = inner.regressor_
        else:
            check_is_fitted(inner)
            raise TypeError(f"{type(estimator).__name__} holds no fitted network of presets, but {inner!r}.")
    return inner
