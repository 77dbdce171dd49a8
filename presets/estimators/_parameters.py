"""Parameters of estimators, each declared once: default, allowed values, text, and place in the signature."""

import dataclasses
import inspect
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple, dataclass_transform

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions

from presets.estimators._documentation import document

PLACES = ("network", "input", "training", "validation", "initial weights", "rest")
"""Parts of a signature, in the order in which a reader wants them."""

BOOLEAN = ["boolean"]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]
SHARE = [Interval(Real, 0, 1, closed="left")]
COUNT = [Interval(Integral, 1, None, closed="left")]
WIDTHS = ["array-like"]


class Declaration(NamedTuple):
    """What is said of a parameter; see `parameter`."""

    allowed: list
    kind: str
    text: str
    place: str = "network"


def parameter(
    allowed: list | Declaration, kind: str = "", text: str = "", *, default: Any, place: str = "network"
) -> Any:
    """Declare a parameter of an estimator, as the value of a field.

    A class that inherits it may give it another default by assigning that alone.

    Parameters
    ----------
    allowed : list or Declaration
        Constraints of scikit-learn's; or all that is said, of a parameter that several families have.
    kind, text : str
        Type and text for the docstring; the text may name numbers of the family's `Budget`.
    default : object
    place : str
        One of `PLACES`.
    """
    said = allowed if isinstance(allowed, Declaration) else Declaration(allowed, kind, text, place)
    return dataclasses.field(default=default, metadata=said._asdict())


OF_THE_USER = Declaration([object], "object", "", place="rest")._asdict()
"""Of a parameter that a subclass of the user's adds."""


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(parameter,))
def with_parameters(cls):
    """Make a class with declared parameters: constructor, signature, constraints, and docstring of an estimator."""
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
    """Values of the parameters of the network, as a builder takes them: Keras wants numbers of Python's."""
    cls = type(estimator)
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: _plain(getattr(estimator, name)) for name in names if _metadata(cls, name)["place"] == "network"}


def _plain(value):
    if hasattr(value, "__array__"):
        value = np.asarray(value).tolist()
    return tuple(map(_plain, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _metadata(cls, name):
    """What was declared of a parameter, by the class or the nearest one above it that did."""
    of_classes = (vars(base).get("__dataclass_fields__", {}).get(name) for base in cls.__mro__)
    return next((field.metadata for field in of_classes if field is not None and field.metadata), OF_THE_USER)


# what several families have, each with a default of its own

DROPOUT = Declaration(
    SHARE, "float", "Share of each hidden layer's outputs dropped in training; 0.5 for complex models (S3)."
)
L1 = Declaration(NOT_NEGATIVE, "float", "Factor of the kernels' absolute values in the loss (A11).")
L2 = Declaration(NOT_NEGATIVE, "float", "Factor of the kernels' squares in the loss (A11).")
ACTIVATION = Declaration(
    [str, callable], "str or callable", "Activation of the hidden layers: a Keras name or a function."
)
DATA_FORMAT = Declaration(
    [StrOptions({"channels_last", "channels_first"})],
    "{'channels_last', 'channels_first'}",
    "Whether the features of steps, or the channels of images, are the last axis of X or the second.",
    place="input",
)
CATEGORICAL_FEATURES = Declaration(
    ["array-like", StrOptions({"from_dtype"}), None],
    "'from_dtype', None or array-like of bool, int or str",
    "Which columns of a table are categories. 'from_dtype': those of strings, also beside numbers, and those "
    "of the types Categorical and Enum. Else a mask, or the numbers or names of the columns; None: no column.",
    place="input",
)
MAX_ONEHOT = Declaration(
    COUNT,
    "int",
    "Most levels of a category that get a column each (two share one). A category with more is embedded in the "
    "network, by 8 numbers for each level.",
    place="input",
)
MIN_FREQUENCY = Declaration(
    COUNT,
    "int",
    "Training rows that a level needs; rarer ones are merged, and stand for levels that training did not see.",
    place="input",
)
