"""Dense networks for tables."""

from dataclasses import dataclass

from presets import article
from presets.builders.dnn import build_dnn
from presets.builders.network import Network
from presets.estimators._checks import check_widths
from presets.estimators._documentation import documented
from presets.estimators._heads import ClassifierHead, RegressorHead
from presets.estimators._presets import PresetMixin
from presets.estimators._regularized import Regularized


@dataclass(kw_only=True, eq=False, repr=False)
class DNN(PresetMixin, Regularized):
    """The family of dense networks."""

    hidden_layer_sizes: tuple = article.HIDDEN_LAYER_SIZES
    activation: str = article.ACTIVATION

    _presets = article.DNN_PRESETS
    _budget = article.DNN_BUDGET
    _parameter_constraints = Regularized._parameter_constraints | {
        "hidden_layer_sizes": ["array-like"],
        "activation": [str, callable],
    }

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        check_widths("hidden_layer_sizes", self.hidden_layer_sizes, may_be_empty=True)
        return callbacks

    def _network(self, input_shape, n_outputs):
        return Network(
            build_dnn,
            input_shape,
            n_outputs,
            {
                "hidden_layer_sizes": tuple(int(width) for width in self.hidden_layer_sizes),
                "activation": self.activation,
                "kernel_initializer": self._initializer(),
                "dropout": float(self.dropout),
                "l1": float(self.l1),
                "l2": float(self.l2),
                "dtype": self.dtype,
                "seed": 0,
            },
        )


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class DNNClassifier(ClassifierHead, DNN):
    """Classifier with a dense network, trained by the article's checklist."""

    _parameter_constraints = DNN._parameter_constraints | ClassifierHead._constraints


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class DNNRegressor(RegressorHead, DNN):
    """Regressor with a dense network, trained by the article's checklist."""
