"""Dense networks for tables."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from sklearn.utils._param_validation import StrOptions

from presets import article, measured
from presets.builders.dnn import build_dnn
from presets.builders.dnn_ntk import build_dnn_ntk
from presets.builders.network import Network
from presets.data.inputs import TableInput
from presets.data.table import MAX_ONEHOT, MIN_FREQUENCY
from presets.estimators import _parameters as shared
from presets.estimators import _tables as tables
from presets.estimators._classifier import Classifier
from presets.estimators._parameters import BOOLEAN, WIDTHS, check_widths, network_arguments, parameter, with_parameters
from presets.estimators._regressor import Regressor
from presets.estimators.base import NetworkEstimator


@with_parameters
class DNN(NetworkEstimator):
    """The family of dense networks."""

    hidden_layer_sizes: Sequence[int] = parameter(
        WIDTHS,
        "sequence of int",
        "Width of each hidden layer; powers of two use the hardware well (S2).",
        default=article.HIDDEN_LAYER_SIZES,
    )
    activation: str | Callable[..., Any] = parameter(shared.ACTIVATION, default=article.ACTIVATION)
    parametrization: str = parameter(
        [StrOptions({"standard", "ntk"})],
        "{'standard', 'ntk'}",
        "'ntk' builds RealMLP's network (Holzmüller et al. 2024): kernels of unit scale, trained factors of the "
        "columns, activations with a trained strength for each unit, and initial weights that fit the first rows, so "
        "`init` is not used. It needs 'adam' and a `learning_rate` of about 0.04.",
        default="standard",
    )
    numeric_embedding: str | None = parameter(
        [StrOptions({"periodic", "pbld", "piecewise"}), None],
        "{'periodic', 'pbld', 'piecewise'} or None",
        "Several columns for each number (Gorishniy et al. 2022). 'periodic' makes cosines with trained frequencies. "
        "'pbld' keeps the column itself beside them (Holzmüller et al. 2024). 'piecewise' keeps it beside ramps "
        "between its quantiles.",
        default=None,
    )
    dropout: float = parameter(shared.DROPOUT, default=article.DROPOUT)
    dropout_schedule: str | None = parameter(shared.DROPOUT_SCHEDULE, default=None)
    l1: float = parameter(shared.L1, default=article.L1)
    l2: float = parameter(shared.L2, default=article.L2)
    standardize: bool | str = parameter(
        [*BOOLEAN, StrOptions({"robust"})],
        "bool or 'robust'",
        "Whether X gets zero mean and unit variance, by the statistics of the training part (A2). 'robust' uses the "
        "median and the quartiles, and limits values smoothly to -3 and 3 (Holzmüller et al. 2024).",
        default=article.STANDARDIZE,
        place="input",
    )
    categorical_features: object = parameter(shared.CATEGORICAL_FEATURES, default="from_dtype")
    max_onehot: int = parameter(shared.MAX_ONEHOT, default=MAX_ONEHOT)
    min_frequency: int = parameter(shared.MIN_FREQUENCY, default=MIN_FREQUENCY)

    _presets = article.DNN_PRESETS
    _budget = article.DNN_BUDGET

    model_inputs = tables.model_inputs
    coded_model = tables.coded_model
    level_codes_ = property(tables.level_codes)
    input_names_ = property(tables.input_names)
    embeddings_ = property(tables.embeddings)

    def _check_network(self):
        check_widths("hidden_layer_sizes", self.hidden_layer_sizes, may_be_empty=True)
        if self.parametrization == "ntk" and self.init != "auto":
            raise ValueError(
                f"init={self.init!r} cannot be used with parametrization='ntk', which fits its initial weights to the "
                "data; set init='auto'."
            )

    def _input(self):
        return TableInput(self.standardize, self.categorical_features, self.max_onehot, self.min_frequency)

    def _network(self, input_shape, n_outputs):
        arguments = network_arguments(self) | {"dtype": self.dtype, "seed": 0}
        if arguments.pop("parametrization") == "ntk":
            return Network(build_dnn_ntk, input_shape, n_outputs, arguments)
        return Network(build_dnn, input_shape, n_outputs, arguments | {"kernel_initializer": self._initializer()})

    def _init_rules(self):
        return {"data": None} if self.parametrization == "ntk" else super()._init_rules()

    @property
    def _fits_rows(self):
        return self.parametrization == "ntk"


@with_parameters
class DNNClassifier(Classifier, DNN):
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


@with_parameters
class DNNRegressor(Regressor, DNN):
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
