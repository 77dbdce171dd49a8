"""The networks of this package inside any estimator, fitted or not."""

from typing import Any

import keras
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from presets.estimators import NetworkEstimator
from presets.typing import Estimator


def networks(estimator: Estimator) -> dict[str, NetworkEstimator]:
    """Find the networks among the parameters of an estimator.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a pipeline or another meta-estimator that contains networks.

    Returns
    -------
    dict of str to NetworkEstimator
        The keys are the prefixes of the networks' parameters. If the estimator is a network itself, the prefix is "".
    """
    if isinstance(estimator, NetworkEstimator):
        return {"": estimator}
    parts = estimator.get_params(deep=True).items()
    return {f"{name}__": part for name, part in parts if isinstance(part, NetworkEstimator)}


def find_network(estimator: Any) -> Any:
    """Find the fitted network in an estimator, a pipeline or a search.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a fitted `Pipeline`, search or `TransformedTargetRegressor` that contains one.

    Returns
    -------
    estimator

    Raises
    ------
    TypeError
        If the estimator contains no network.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    inner = estimator
    while not _is_fitted_network(inner):
        inner = _inside(inner, estimator)
    return inner


def find_members(estimator: Any) -> list[Any]:
    """Find all fitted networks in an estimator: the networks of all members of an ensemble, else one network.

    Parameters
    ----------
    estimator : estimator
        As for `find_network`, or an ensemble. The ensemble may be inside a pipeline or a search.

    Returns
    -------
    list of estimator

    Raises
    ------
    TypeError
        If the estimator, or one of its members, contains no network.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    inner = estimator
    while not _is_fitted_network(inner):
        if hasattr(inner, "members_"):
            return [network for member in inner.members_ for network in find_members(member)]
        inner = _inside(inner, estimator)
    return [inner]


def names_before_network(estimator):
    """Names of the columns that a network behind other steps gets.

    Parameters
    ----------
    estimator : estimator
        As for `find_members`.

    Returns
    -------
    list of str
        Empty if there are no such steps, or if one of them gives no names.
    """
    inner = estimator
    while not _is_fitted_network(inner) and not hasattr(inner, "members_"):
        if isinstance(inner, Pipeline) and len(inner.steps) > 1:
            try:
                return list(inner[:-1].get_feature_names_out())
            except (AttributeError, ValueError):  # of a step that knows no names
                return []
        inner = _inside(inner, estimator)
    return []


def _is_fitted_network(estimator):
    return isinstance(estimator, NetworkEstimator) and estimator.__sklearn_is_fitted__()


def _inside(wrapper, estimator):
    """The fitted estimator inside another one."""
    if isinstance(wrapper, Pipeline):
        return wrapper.steps[-1][1]
    for name in ("best_estimator_", "regressor_"):
        if hasattr(wrapper, name):
            return getattr(wrapper, name)
    check_is_fitted(wrapper)
    raise TypeError(f"{type(estimator).__name__} contains {wrapper!r}, which is no fitted network of presets.")


def with_callback(estimator: Estimator, callback: keras.callbacks.Callback) -> dict[str, list[Any]]:
    """Parameters that give each network in an estimator one more callback.

    Parameters
    ----------
    estimator : estimator
    callback : keras.callbacks.Callback

    Returns
    -------
    dict of str to list
        Parameters for `set_params`; empty if there is no network.
    """
    given = {f"{prefix}callbacks": network.callbacks for prefix, network in networks(estimator).items()}
    return {
        name: [*(callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []), callback]
        for name, callbacks in given.items()
    }
