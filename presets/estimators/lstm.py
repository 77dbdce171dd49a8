"""Recurrent networks for sequences."""

from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType

import keras
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from presets import article, measured
from presets.builders.initializers import kernel_initializer
from presets.builders.lstm import BLOCKS, POOLINGS, build_lstm
from presets.builders.network import Network
from presets.data.arrays import check_container
from presets.data.sequences import SequenceEncoder, fit_sequence_standardizer, read_sequences
from presets.data.split import split_groups, split_last
from presets.data.standardize import Standardizer
from presets.data.targets import is_missing
from presets.estimators._arrays import ArrayInput
from presets.estimators._checks import check_widths
from presets.estimators._documentation import documented
from presets.estimators._heads import ClassifierHead, RegressorHead
from presets.estimators._presets import PresetMixin
from presets.estimators._regularized import Regularized


@dataclass(kw_only=True, eq=False, repr=False)
class LSTM(PresetMixin, ArrayInput, Regularized):
    """The family of recurrent networks."""

    init: str | keras.initializers.Initializer = article.LSTM_INIT
    units: tuple = article.LSTM_UNITS
    bidirectional: bool = False
    pooling: str = "last"
    recurrent_init: str | keras.initializers.Initializer = article.RECURRENT_INIT
    forget_bias: float = article.FORGET_BIAS
    convolutions: tuple = ()
    convolution_block: str = "plain"
    data_format: str = "channels_last"
    validation_split: str = "random"

    _presets = MappingProxyType(article.LSTM_PRESETS | measured.LSTM_PRESETS)
    _budget = article.LSTM_BUDGET
    _parameter_constraints = Regularized._parameter_constraints | {
        "units": ["array-like"],
        "bidirectional": ["boolean"],
        "pooling": [StrOptions(set(POOLINGS))],
        "recurrent_init": [str, keras.initializers.Initializer],
        "forget_bias": [Interval(Real, None, None, closed="neither")],
        "convolutions": ["array-like"],
        "convolution_block": [StrOptions(set(BLOCKS))],
        "data_format": [StrOptions({"channels_last", "channels_first"})],
        "validation_split": [StrOptions({"random", "last"})],
    }

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps), or list of array-likes
            Sequences of unequal length come as a list of arrays of shape ``(n_timesteps_i, n_features)``, or as an
            array of three dimensions that is padded with NaN at their ends. A table, also a sparse one, has one feature
            per step; its number of steps is fixed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Sequences of weight zero are left out before the split.
        X_val, y_val : array-like, optional
            Validation data in the place of the internal split.
        groups : array-like of shape (n_samples,), optional
            Sequences of one group are all on the same side of the internal split.
        sample_weight_val : array-like, optional
            Weights of the sequences of `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not usable; before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part; the training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite; the best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, groups=groups, sample_weight_val=sample_weight_val)

    def _check_parameters(self, X_val, y_val):
        callbacks = super()._check_parameters(X_val, y_val)
        check_widths("convolutions", self.convolutions, may_be_empty=True)
        check_widths("units", self.units, may_be_empty=len(self.convolutions) > 0)
        return callbacks

    def _read(self, X):
        return read_sequences(X, data_format=self.data_format)

    def _sample_shape(self, sequences):
        return None, sequences.values.shape[2]

    def _raw_shape(self, X, sequences):
        n_features = sequences.values.shape[2]
        return (None, n_features) if self.data_format == "channels_last" else (n_features, None)

    def _split_rows(self, rows, fraction, rng, y, groups):
        if groups is not None:
            groups = column_or_1d(groups)
            missing = [row for row, group in enumerate(groups) if is_missing(group)]
            if missing:
                raise ValueError(f"groups contains NaN or None in row {missing[0]}; give every row a group.")
            check_consistent_length(y, groups)
            return split_groups(rows, fraction, groups, None if self.validation_split == "last" else rng)
        if self.validation_split == "last":
            return split_last(rows, fraction)
        return super()._split_rows(rows, fraction, rng, y, groups)

    def _learn_encoder(self, X, rows, weights):
        shape = self._sample_shape(X)
        return SequenceEncoder(
            fit_sequence_standardizer(X, rows, weights) if self.standardize else Standardizer.identity(shape[-1]),
            shape,
            self._fitted_raw_shape,
            channels_first=self.data_format == "channels_first" and not self._takes_tables,
        )

    def _data_arguments(self, encoder, rows, X, X_val=None):
        return {"masked": X.is_padded or (X_val is not None and X_val.is_padded)}

    def _network(self, input_shape, n_outputs):
        return Network(
            build_lstm,
            input_shape,
            n_outputs,
            {
                "units": tuple(int(width) for width in self.units),
                "bidirectional": bool(self.bidirectional),
                "pooling": self.pooling,
                "convolutions": tuple(int(width) for width in self.convolutions),
                "convolution_block": self.convolution_block,
                "kernel_initializer": self._initializer(),
                "recurrent_initializer": self._recurrent_initializer(),
                "dropout": float(self.dropout),
                "l1": float(self.l1),
                "l2": float(self.l2),
                "dtype": self.dtype,
                "seed": 0,
            },
        )

    def _recurrent_initializer(self):
        return kernel_initializer(
            self.recurrent_init,
            init_stddev=self.init_stddev,
            init_scale=self.init_scale,
            parameter="recurrent_init",
        )

    def _draw_rules(self):
        return {"forget_bias": float(self.forget_bias)}

    def _complete_arguments(self, encoder):
        return {"masked": not self._takes_tables}

    def _outputs(self, X):
        check_is_fitted(self)
        check_container(X, "X")
        X = self._check_X(X)
        # a network with masks serves equal lengths as well, and has the same weights as one without
        masked = X.is_padded and not self._fitted.recipe.network.arguments["masked"]
        return self._fitted.outputs(X, **({"masked": True} if masked else {}))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class LSTMClassifier(ClassifierHead, LSTM):
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

    _parameter_constraints = LSTM._parameter_constraints | ClassifierHead._constraints


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class LSTMRegressor(RegressorHead, LSTM):
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
