"""The parameters against overfitting of the networks that this package builds (A11, S3)."""

from dataclasses import dataclass
from numbers import Real

from sklearn.utils._param_validation import Interval

from presets import article
from presets.estimators._base import NetworkEstimator


@dataclass(kw_only=True, eq=False, repr=False)
class Regularized(NetworkEstimator):
    """Base of the families that build their network themselves."""

    dropout: float = article.DROPOUT
    l1: float = article.L1
    l2: float = article.L2

    _parameter_constraints = NetworkEstimator._parameter_constraints | {
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
    }
