"""Copies of an estimator that differ in their seed."""

from typing import Any

from sklearn.base import clone

from presets.typing import Estimator


def seeded(estimator: Estimator, seed: int) -> Any:
    """Copy an estimator, and set each `random_state` in it to a seed.

    Parameters
    ----------
    estimator : estimator
        May be a pipeline or a meta-estimator.
    seed : int

    Returns
    -------
    estimator
        Not fitted.
    """
    copy = clone(estimator)
    return copy.set_params(**dict.fromkeys(_seeds(copy), seed))


def seeded_where_free(estimator: Estimator, seed: int) -> Any:
    """Copy an estimator, and set each `random_state` in it that is None to a seed.

    Parameters
    ----------
    estimator : estimator
        May be a pipeline or a meta-estimator.
    seed : int

    Returns
    -------
    estimator
        Not fitted.
    """
    copy = clone(estimator)
    return copy.set_params(**{name: seed for name, own in _seeds(copy).items() if own is None})


def _seeds(estimator):
    return {name: own for name, own in estimator.get_params().items() if name.rpartition("__")[2] == "random_state"}
