"""Recurrent networks for sequences."""

from __future__ import annotations  # help() then shows the names of types

from collections.abc import Sequence
from numbers import Real
from types import MappingProxyType
from typing import Self

import keras
from sklearn.utils._param_validation import Interval, StrOptions

from presets import article, measured
from presets.builders.initializers import kernel_initializer
from presets.builders.lstm import BLOCKS, POOLINGS, build_lstm
from presets.builders.network import Network
from presets.data.inputs import SequenceInput
from presets.estimators import _parameters as shared
from presets.estimators._classifier import Classifier
from presets.estimators._documentation import extends
from presets.estimators._parameters import BOOLEAN, WIDTHS, check_widths, network_arguments, parameter, with_parameters
from presets.estimators._regressor import Regressor
from presets.estimators.base import NetworkEstimator
from presets.typing import Features, Values


@with_parameters
class LSTM(NetworkEstimator):
    """The family of recurrent networks."""

    units: Sequence[int] = parameter(
        WIDTHS,
        "sequence of int",
        "Width of each LSTM layer; powers of two use the hardware well (S2). Use () for `convolutions` only.",
        default=article.LSTM_UNITS,
    )
    bidirectional: bool = parameter(
        BOOLEAN, "bool", "Whether each LSTM layer has a second one that reads the sequences backwards.", default=False
    )
    pooling: str = parameter(
        [StrOptions(set(POOLINGS))],
        "{'last', 'mean', 'max'}",
        "How the steps of the last LSTM layer are combined: the last step, their mean or their maximum. Padding is not "
        "used.",
        default="last",
    )
    convolutions: Sequence[int] = parameter(
        WIDTHS,
        "sequence of int",
        "Filters of convolutions with batch normalisation, in parallel with the LSTM (LSTM-FCN); none by default. The "
        "preset 'fcn' has (128, 256, 128).",
        default=(),
    )
    convolution_block: str = parameter(
        [StrOptions(set(BLOCKS))],
        "{'plain', 'inception', 'lite'}",
        "Kind of the `convolutions`. 'plain': as in LSTM-FCN. 'inception': parallel convolutions of 40, 20 and 10 "
        "steps and max pooling, with that many filters in each (InceptionTime). 'lite': one such block, then dilated "
        "separable convolutions (LITE); it costs least.",
        default="plain",
    )
    validation_split: str = parameter(
        [StrOptions({"random", "last"})],
        "{'random', 'last'}",
        "Samples of the validation part: drawn at random, or the last ones, for samples in the order of time. With a "
        "random split, overlapping windows leak into each other.",
        default="random",
        place="validation",
    )
    recurrent_init: str | keras.initializers.Initializer = parameter(
        [str, keras.initializers.Initializer],
        "str or keras.initializers.Initializer",
        "Initial values of the recurrent kernels: the name of a Keras initializer, or 'normal' or 'scaled', as in "
        "`init`.",
        default=article.RECURRENT_INIT,
        place="initial weights",
    )
    forget_bias: float = parameter(
        [Interval(Real, None, None, closed="neither")],
        "float",
        "Initial bias of the forget gates (A9). With larger values, such as 3 or 5, the LSTM remembers for longer.",
        default=article.FORGET_BIAS,
        place="initial weights",
    )
    init: str | keras.initializers.Initializer = article.LSTM_INIT
    dropout: float = parameter(shared.DROPOUT, default=article.DROPOUT)
    dropout_schedule: str | None = parameter(shared.DROPOUT_SCHEDULE, default=None)
    l1: float = parameter(shared.L1, default=article.L1)
    l2: float = parameter(shared.L2, default=article.L2)
    data_format: str = parameter(shared.DATA_FORMAT, default="channels_last")

    _presets = article.LSTM_PRESETS
    _budget = article.LSTM_BUDGET

    @extends(NetworkEstimator.fit)
    def fit(
        self,
        X: Features,
        y: Values,
        sample_weight: Values | None = None,
        X_val: Features | None = None,
        y_val: Values | None = None,
        groups: Values | None = None,
        *,
        sample_weight_val: Values | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        groups : array-like of shape (n_samples,), optional
            All sequences of a group are in the same part of the internal split.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, groups, sample_weight_val=sample_weight_val)

    def _check_network(self):
        check_widths("convolutions", self.convolutions, may_be_empty=True)
        check_widths("units", self.units, may_be_empty=len(self.convolutions) > 0)

    def _input(self):
        return SequenceInput(self.standardize, self.data_format, self.validation_split)

    def _network(self, input_shape, n_outputs):
        arguments = {
            "kernel_initializer": self._initializer(),
            "recurrent_initializer": self._recurrent_initializer(),
            "masked": False,
            "dtype": self.dtype,
            "seed": 0,
        }
        return Network(build_lstm, input_shape, n_outputs, network_arguments(self) | arguments)

    def _recurrent_initializer(self):
        return kernel_initializer(
            self.recurrent_init,
            init_stddev=self.init_stddev,
            init_scale=self.init_scale,
            parameter="recurrent_init",
        )

    def _draw_rules(self):
        return {"forget_bias": float(self.forget_bias)}


@with_parameters
class LSTMClassifier(Classifier, LSTM):
    """Classifier of sequences with a recurrent network, trained by the article's checklist.

    Examples
    --------
    >>> import numpy as np
    >>> from presets import LSTMClassifier
    >>> X = [np.ones((5, 2)), np.zeros((8, 2))] * 30  # sequences of unequal length
    >>> y = ["ones", "zeros"] * 30
    >>> LSTMClassifier(units=(8,), epochs=20, random_state=0).fit(X, y).predict(X[:2]).shape
    (2,)
    """

    _presets = MappingProxyType(LSTM._presets | measured.LSTM_CLASSIFIER_PRESETS)


@with_parameters
class LSTMRegressor(Regressor, LSTM):
    """Regressor on sequences with a recurrent network, trained by the article's checklist.

    A forecast of several steps is a target of several columns; `make_windows` cuts a series into such samples.

    Examples
    --------
    >>> import numpy as np
    >>> from presets import LSTMRegressor, make_windows
    >>> X, y = make_windows(np.sin(np.arange(120) / 3), window=12, horizon=4)
    >>> network = LSTMRegressor(units=(8,), epochs=5, validation_split="last", random_state=0)
    >>> network.fit(X, y).predict(X[:2]).shape
    (2, 4)
    """

    _presets = MappingProxyType(LSTM._presets | measured.LSTM_REGRESSOR_PRESETS)
