"""Parameters of estimators. One declaration has the default, allowed values, text, and place in the signature."""

import dataclasses
import inspect
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple, dataclass_transform

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions

from presets.estimators._documentation import document
from presets.training.schedules import CURVES

PLACES = ("network", "input", "training", "validation", "initial weights", "rest")
"""Parts of a signature, in their order."""

BOOLEAN = ["boolean"]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]
SHARE = [Interval(Real, 0, 1, closed="left")]
COUNT = [Interval(Integral, 1, None, closed="left")]
WIDTHS = ["array-like"]


class Declaration(NamedTuple):
    """The declaration of a parameter; see `parameter`."""

    allowed: list[Any]
    kind: str
    text: str
    place: str = "network"


def parameter(
    allowed: list[Any] | Declaration, kind: str = "", text: str = "", *, default: Any, place: str = "network"
) -> Any:
    """Declare a parameter of an estimator, as the value of a field.

    A class that inherits the parameter may assign another default.

    Parameters
    ----------
    allowed : list or Declaration
        scikit-learn's constraints. Or the whole declaration, if several families have the parameter.
    kind, text : str
        Type and text for the docstring. The text may refer to numbers of the family's `Budget`.
    default : object
    place : str
        One of `PLACES`.
    """
    said = allowed if isinstance(allowed, Declaration) else Declaration(allowed, kind, text, place)
    return dataclasses.field(default=default, metadata=said._asdict())


def schedule_of(name: str) -> Declaration:
    """Declare the curve of one of the hyperparameters in `SCHEDULABLE`."""
    return Declaration(
        [StrOptions(set(CURVES)), None],
        "{'one_cycle', 'cosine', 'flat_cosine', 'coslog4'} or None",
        f"Curve of `{name}` over all updates, with its value as the highest: one of those of `lr_schedule`. Holzmüller "
        "et al. (2024) use 'flat_cosine'. None: it is constant.",
        place="training",
    )


OF_THE_USER = Declaration([object], "object", "", place="rest")._asdict()
"""Declaration of a parameter that the user's own subclass adds."""


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(parameter,))
def with_parameters(cls):
    """Add constructor, signature, constraints and docstring to a class, from its declared parameters."""
    cls = dataclasses.dataclass(kw_only=True, eq=False, repr=False)(cls)
    said = {field.name: _metadata(cls, field.name) for field in dataclasses.fields(cls)}
    names = sorted(said, key=lambda name: PLACES.index(said[name]["place"]))
    cls._parameter_constraints = {name: said[name]["allowed"] for name in names}
    signature = inspect.signature(cls.__init__)
    parameters = [signature.parameters[name] for name in ("self", *names)]
    cls.__init__.__signature__ = signature.replace(parameters=parameters)
    if issubclass(cls, ClassifierMixin | RegressorMixin) and issubclass(cls, BaseEstimator):
        document(cls, cls._budget, {name: (signature.parameters[name].default, said[name]) for name in names})
    return cls


def network_arguments(estimator):
    """Values of the network's parameters for a builder, as Python numbers, because Keras needs them."""
    cls = type(estimator)
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: _plain(getattr(estimator, name)) for name in names if _metadata(cls, name)["place"] == "network"}


def check_widths(name, widths, *, may_be_empty=False):
    """Raise a ValueError if the widths of a network's layers are not positive integers."""
    if not (may_be_empty or len(widths)) or not all(isinstance(width, Integral) and width > 0 for width in widths):
        raise ValueError(f"{name} must contain positive integers, but it is {widths!r}.")


def _plain(value):
    if hasattr(value, "__array__"):
        value = np.asarray(value).tolist()
    return tuple(map(_plain, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _metadata(cls, name):
    """The declaration of a parameter, from the class or its nearest base with a declaration."""
    of_classes = (vars(base).get("__dataclass_fields__", {}).get(name) for base in cls.__mro__)
    return next((field.metadata for field in of_classes if field is not None and field.metadata), OF_THE_USER)


# parameters that several families have, each with its own default

DROPOUT = Declaration(
    SHARE, "float", "Share of each hidden layer's outputs that training drops; 0.5 for complex models (S3)."
)
DROPOUT_SCHEDULE = schedule_of("dropout")
L1 = Declaration(NOT_NEGATIVE, "float", "Factor of the kernels' absolute values in the training loss (A11).")
L2 = Declaration(NOT_NEGATIVE, "float", "Factor of the kernels' squared values in the training loss (A11).")
ACTIVATION = Declaration(
    [str, callable], "str or callable", "Activation of the hidden layers: a Keras name or a function."
)
DATA_FORMAT = Declaration(
    [StrOptions({"channels_last", "channels_first"})],
    "{'channels_last', 'channels_first'}",
    "Axis of the features of a step, or of the channels of an image: the last axis of X, or the second.",
    place="input",
)
CATEGORICAL_FEATURES = Declaration(
    ["array-like", StrOptions({"from_dtype"}), None],
    "'from_dtype', None or array-like of bool, int or str",
    "The columns of a table that are categories. 'from_dtype': columns with strings, also mixed with numbers, and "
    "columns of the types Categorical and Enum. Or a mask, or numbers or names of columns. None: no columns.",
    place="input",
)
MAX_ONEHOT = Declaration(
    COUNT,
    "int",
    "Greatest number of levels of a category with one column for each level (two levels share one). A category with "
    "more levels is embedded in the network, with 8 numbers for each level.",
    place="input",
)
MIN_FREQUENCY = Declaration(
    COUNT,
    "int",
    "Least number of training rows of a level. Rarer levels are merged; levels that are new at prediction count as "
    "such a rare level.",
    place="input",
)
