"""Copies of an estimator that differ in their seed."""

from sklearn.base import clone


def seeded(estimator, seed):
    """Copy an estimator, with a seed at every `random_state` in it.

    Parameters
    ----------
    estimator : estimator
        Also a pipeline or a meta-estimator.
    seed : int

    Returns
    -------
    estimator
        Not fitted.
    """
    copy = clone(estimator)
    names = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(names, seed))
