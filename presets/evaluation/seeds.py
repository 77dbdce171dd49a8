"""Copies of an estimator that differ in their seed."""

from typing import Any

from sklearn.base import clone

from presets.typing import Estimator


def seeded(estimator: Estimator, seed: int, *, replaces: bool = True) -> Any:
    """Copy an estimator, and set each `random_state` in it to a seed.

    Parameters
    ----------
    estimator : estimator
        May be a pipeline or a meta-estimator.
    seed : int
    replaces : bool, default=True
        Whether seeds that the user set are replaced. If not, only a `random_state` of None is set.

    Returns
    -------
    estimator
        Not fitted.
    """
    copy = clone(estimator)
    given = {name: own for name, own in copy.get_params().items() if name.rpartition("__")[2] == "random_state"}
    return copy.set_params(**{name: seed for name, own in given.items() if replaces or own is None})
