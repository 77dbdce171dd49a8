"""The networks of this package inside any estimator, fitted or not."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from presets.estimators import NetworkEstimator


def networks(estimator):
    """The networks among the parameters of an estimator, by the prefix of their own parameters.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a pipeline or another meta-estimator with networks in it.

    Returns
    -------
    dict of str to NetworkEstimator
        The prefix of the estimator itself is "".
    """
    if isinstance(estimator, NetworkEstimator):
        return {"": estimator}
    parts = estimator.get_params(deep=True).items()
    return {f"{name}__": part for name, part in parts if isinstance(part, NetworkEstimator)}


def find_network(estimator):
    """Find the fitted network in an estimator, a pipeline or a search.

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
    while not (isinstance(inner, NetworkEstimator) and inner.__sklearn_is_fitted__()):
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


def with_callback(estimator, callback):
    """Parameters that add a callback to those of every network in an estimator.

    Parameters
    ----------
    estimator : estimator
    callback : keras.callbacks.Callback

    Returns
    -------
    dict of str to list
        For `set_params`; empty if there is no network.
    """
    given = {f"{prefix}callbacks": network.callbacks for prefix, network in networks(estimator).items()}
    return {
        name: [*(callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []), callback]
        for name, callbacks in given.items()
    }
