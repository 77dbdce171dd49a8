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
    return copy.set_params(**dict.fromkeys(_seeds(copy), seed))


def seeded_where_free(estimator, seed):
    """Copy an estimator, with a seed at every `random_state` in it that is None.

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
    return copy.set_params(**{name: seed for name, own in _seeds(copy).items() if own is None})


def _seeds(estimator):
    return {name: own for name, own in estimator.get_params().items() if name.rpartition("__")[2] == "random_state"}
