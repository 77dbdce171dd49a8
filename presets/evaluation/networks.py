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
    while not _is_fitted_network(inner):
        inner = _inside(inner, estimator)
    return inner


def find_members(estimator):
    """Find all fitted networks in an estimator: those of the members where it is an ensemble, else one.

    Parameters
    ----------
    estimator : estimator
        As for `find_network`, or an ensemble, also inside one of these.

    Returns
    -------
    list of estimator

    Raises
    ------
    TypeError
        If there is none, or if a member has none.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    inner = estimator
    while not _is_fitted_network(inner):
        if hasattr(inner, "members_"):
            return [network for member in inner.members_ for network in find_members(member)]
        inner = _inside(inner, estimator)
    return [inner]


def _is_fitted_network(estimator):
    return isinstance(estimator, NetworkEstimator) and estimator.__sklearn_is_fitted__()


def _inside(wrapper, estimator):
    """The fitted estimator that another one wraps."""
    if isinstance(wrapper, Pipeline):
        return wrapper.steps[-1][1]
    for name in ("best_estimator_", "regressor_"):
        if hasattr(wrapper, name):
            return getattr(wrapper, name)
    check_is_fitted(wrapper)
    raise TypeError(f"{type(estimator).__name__} holds no fitted network of presets, but {wrapper!r}.")


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
