"""Dense networks for tables."""

from dataclasses import dataclass
from types import MappingProxyType

from sklearn.utils._param_validation import StrOptions

from presets import article, measured
from presets.builders.dnn import build_dnn
from presets.builders.dnn_ntk import build_dnn_ntk
from presets.builders.network import Network
from presets.estimators._checks import check_widths
from presets.estimators._documentation import documented
from presets.estimators._heads import ClassifierHead, RegressorHead
from presets.estimators._presets import PresetMixin
from presets.estimators._regularized import Regularized
from presets.estimators._tabular import Tabular


@dataclass(kw_only=True, eq=False, repr=False)
class DNN(PresetMixin, Tabular, Regularized):
    """The family of dense networks."""

    hidden_layer_sizes: tuple = article.HIDDEN_LAYER_SIZES
    activation: str = article.ACTIVATION
    parametrization: str = "standard"
    numeric_embedding: str | None = None

    _presets = article.DNN_PRESETS
    _budget = article.DNN_BUDGET
    _parameter_constraints = (
        Regularized._parameter_constraints
        | Tabular._parameter_constraints
        | {
            "hidden_layer_sizes": ["array-like"],
            "activation": [str, callable],
            "parametrization": [StrOptions({"standard", "ntk"})],
            "numeric_embedding": [StrOptions({"periodic", "pbld", "piecewise"}), None],
            "standardize": ["boolean", StrOptions({"robust"})],
        }
    )

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        check_widths("hidden_layer_sizes", self.hidden_layer_sizes, may_be_empty=True)
        if self.parametrization == "ntk" and self.init != "auto":
            raise ValueError(
                f"init={self.init!r} does not apply to parametrization='ntk', whose initial weights fit the data; "
                "set init='auto'."
            )
        return callbacks

    def _network(self, input_shape, n_outputs):
        arguments = {
            "hidden_layer_sizes": tuple(int(width) for width in self.hidden_layer_sizes),
            "activation": self.activation,
            "numeric_embedding": self.numeric_embedding,
            "dropout": float(self.dropout),
            "l1": float(self.l1),
            "l2": float(self.l2),
            "dtype": self.dtype,
            "seed": 0,
        }
        if self.parametrization == "ntk":
            return Network(build_dnn_ntk, input_shape, n_outputs, arguments)
        return Network(build_dnn, input_shape, n_outputs, arguments | {"kernel_initializer": self._initializer()})

    def _init_rules(self):
        return {"data": None} if self.parametrization == "ntk" else super()._init_rules()

    @property
    def _fits_rows(self):
        return self.parametrization == "ntk"


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class DNNClassifier(ClassifierHead, DNN):
    """Classifier with a dense network, trained by the article's checklist.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = DNNClassifier(epochs=50, random_state=0).fit(X, y)
    >>> network.predict_proba(X).shape
    (150, 3)
    >>> DNNClassifier.from_preset("deep", dropout=0.3).hidden_layer_sizes
    (256, 256, 256, 256)
    """

    _presets = MappingProxyType(DNN._presets | measured.DNN_CLASSIFIER_PRESETS)
    _parameter_constraints = DNN._parameter_constraints | ClassifierHead._constraints


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class DNNRegressor(RegressorHead, DNN):
    """Regressor with a dense network, trained by the article's checklist.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from presets import DNNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = DNNRegressor(epochs=50, random_state=0).fit(X, y)
    >>> network.predict(X).shape
    (442,)
    >>> network.n_epochs_
    50
    """

    _presets = MappingProxyType(DNN._presets | measured.DNN_REGRESSOR_PRESETS)
