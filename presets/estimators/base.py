"""The base of all estimators: the parameters that they share, and scikit-learn's contract."""

from __future__ import annotations  # help() then shows the names of types

import contextlib
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from presets import article
from presets.builders.initializers import kernel_initializer
from presets.builders.storage import from_plain, to_plain
from presets.data.report import Finding
from presets.estimators._clone import clone_keeping_keras
from presets.estimators._health import Health
from presets.estimators._parameters import (
    BOOLEAN,
    COUNT,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    parameter,
    schedule_of,
    with_parameters,
)
from presets.estimators._presets import PresetNames
from presets.estimators.design import Design
from presets.estimators.fit import Epoch, Fit
from presets.estimators.summary import fit_html
from presets.estimators.validation import check_X
from presets.training.probe import InitChoice
from presets.training.schedules import CURVES
from presets.typing import Array, Features, RandomState, Values


@with_parameters
class NetworkEstimator(BaseEstimator):
    """Base of all estimators: the parameters that they share, and scikit-learn's contract.

    A family adds the parameters of its network. It defines the kind of X, the network, the length of the training and
    the presets. A head, `Classifier` or `Regressor`, defines the kind of y.
    """

    standardize: bool | str = parameter(
        BOOLEAN,
        "bool",
        "Whether X gets zero mean and unit variance, by the statistics of the training part (A2).",
        default=article.STANDARDIZE,
        place="input",
    )
    optimizer: str | keras.optimizers.Optimizer = parameter(
        [str, keras.optimizers.Optimizer],
        "str or keras.optimizers.Optimizer",
        "A Keras name, with the rate, momentum and clipping of this estimator; or an unbuilt optimizer, which keeps "
        "its own rate, momentum and clipping. Each fit uses a copy of it. With `use_ema` the averaged weights are "
        "validated and kept, also those of the best epoch.",
        default=article.OPTIMIZER,
        place="training",
    )
    learning_rate: float | LearningRateSchedule = parameter(
        [*POSITIVE, LearningRateSchedule],
        "float or keras.optimizers.schedules.LearningRateSchedule",
        "The first learning rate (A5.2). Adaptive optimizers need less, about 0.001. A schedule replaces the plateau "
        "rule.",
        default=article.LEARNING_RATE,
        place="training",
    )
    momentum: float = parameter(
        [Interval(Real, 0, 1, closed="both")],
        "float",
        "Momentum, for optimizers that have one.",
        default=article.MOMENTUM,
        place="training",
    )
    nesterov: bool = parameter(
        BOOLEAN, "bool", "Whether the momentum is Nesterov's.", default=article.NESTEROV, place="training"
    )
    beta_2: float | None = parameter(
        [Interval(Real, 0, 1, closed="neither"), None],
        "float or None",
        "Decay rate of the squared gradients in 'adam' and similar optimizers; None is Keras's 0.999.",
        default=None,
        place="training",
    )
    ema_momentum: float | None = parameter(
        [Interval(Real, 0, 1, closed="neither"), None],
        "float or None",
        "Share of the old average that each update keeps in an exponential moving average of the weights, such as .99 "
        "(Polyak and Juditsky 1992). The averages are validated, monitored and kept. None is no average.",
        default=None,
        place="training",
    )
    weight_decay: float = parameter(
        NOT_NEGATIVE,
        "float",
        "Decoupled weight decay (Loshchilov and Hutter 2019): each update lowers the weights by this share times the "
        "learning rate. Biases and other variables with one dimension have none. Only for optimizers given by name; 0 "
        "is Keras's default.",
        default=0.0,
        place="training",
    )
    weight_decay_schedule: str | None = parameter(schedule_of("weight_decay"), default=None)
    clipnorm: float | None = parameter(
        [*POSITIVE, None],
        "float or None",
        "Greatest norm of the gradient of each variable, as in Keras (A8).",
        default=article.CLIPNORM,
        place="training",
    )
    global_clipnorm: float | None = parameter(
        [*POSITIVE, None],
        "float or None",
        "Greatest norm of the whole gradient, as in the article (A8). Set `clipnorm=None` with it.",
        default=None,
        place="training",
    )
    loss: object = parameter(
        [str, callable, keras.losses.Loss],
        "'auto', str, callable or keras.losses.Loss",
        "'auto' is cross-entropy for classes, and the mean squared error of the standardised target for values. "
        "Keras losses get what they expect: logits, probabilities or one-hot classes. A function gets class codes and "
        "probabilities. In a regression, the squared and the absolute error, and 'huber' and 'log_cosh' by name, get "
        "the standardised target. All other losses get y and the predictions in the unit of y, also "
        "`keras.losses.Huber(delta=...)`. The gradient of such a loss, and `min_delta`, are scaled for the default "
        "learning rate; `history_` has the unscaled loss. A loss for positive predictions gets a softplus, a loss for "
        "shares a sigmoid; `output_activation_` of a regressor names it. The last activation of your own network, such "
        "as relu, is applied in the unit of y. Each fit reads your code again.",
        default="auto",
        place="training",
    )
    batch_size: int | str = parameter(
        [*COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Number of rows in a minibatch (A3); all rows if there are fewer. 'auto': 64 if there are fewer than 1,000 "
        "rows, else 256.",
        default=article.BATCH_SIZE,
        place="training",
    )
    shuffle: bool = parameter(
        BOOLEAN, "bool", "Whether the rows are shuffled before each epoch (S4).", default=True, place="training"
    )
    epochs: int | str = parameter(
        [*COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Greatest number of passes over the data. 'auto' also counts updates, because small data need more epochs: "
        "{epochs} epochs or {updates} updates, whichever is more. With validation it ends earlier if the best epoch is "
        "long past: when the plateau rule lowers the rate below a hundredth of the rate of that epoch, but not before "
        "the third lower rate. This rule is off with `warm_start`, and without `restore_best_weights`.",
        default="auto",
        place="training",
    )
    lr_schedule: str = parameter(
        [StrOptions({"plateau", *CURVES})],
        "{'plateau', 'one_cycle', 'cosine', 'flat_cosine', 'coslog4'}",
        "How the learning rate changes. 'plateau': it is lowered when the monitored value stops improving (A5.3). The "
        "others follow a curve over all updates, with `learning_rate` as the highest value: 'one_cycle' rises and "
        "falls (Smith and Topin 2018), 'cosine' falls (Loshchilov and Hutter 2017), 'flat_cosine' falls in the "
        "second half, 'coslog4' makes four waves of growing length (Holzmüller et al. 2024). They end with the "
        "last epoch.",
        default="plateau",
        place="training",
    )
    patience: int | str = parameter(
        [*COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Number of epochs without improvement before the learning rate is lowered. 'auto': {patience_epochs} epochs or "
        "{patience_updates} updates, whichever is more.",
        default="auto",
        place="training",
    )
    lr_factor: float = parameter(
        [Interval(Real, 0, 1, closed="neither")],
        "float",
        "Factor of the learning rate when the monitored value stops improving: 1/2 or 1/5 (A5.3).",
        default=article.LR_FACTOR,
        place="training",
    )
    min_lr_factor: float = parameter(
        SHARE,
        "float",
        "Training ends when the learning rate falls below this share of its first value (A5.3).",
        default=article.MIN_LR_FACTOR,
        place="training",
    )
    min_delta: float = parameter(
        NOT_NEGATIVE,
        "float",
        "Smaller changes of the monitored value than this are no improvement.",
        default=article.MIN_DELTA,
        place="training",
    )
    validation_fraction: float = parameter(
        SHARE,
        "float",
        "Share of the rows for validation (A6), stratified for classifiers with one label for each row; 0 for none. "
        "Not used if `fit` gets `X_val`.",
        default=article.VALIDATION_FRACTION,
        place="validation",
    )
    monitor: str = parameter(
        [str],
        "str",
        "Name in `history_` of the value that decides on the rate and the best weights (A6), such as 'val_loss', "
        "'val_accuracy' or 'val_AUC'. A Keras metric is recorded for it. Without validation, the same value "
        "of the training part is used.",
        default=article.MONITOR,
        place="validation",
    )
    restore_best_weights: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether to keep the weights of the best epoch instead of the last one. The best epoch has the best "
        "{best_value}.",
        default=True,
        place="validation",
    )
    metrics: Sequence[Any] | None = parameter(
        [list, tuple, None],
        "list of (str, callable or keras.metrics.Metric) or None",
        "More values for `history_`, weighted by the sample weights. They are computed from probabilities, or in the "
        "unit of y.",
        default=None,
        place="validation",
    )
    init: str | keras.initializers.Initializer = parameter(
        [str, keras.initializers.Initializer],
        "{'auto', 'normal', 'scaled'}, str or keras.initializers.Initializer",
        "Initial values of the kernels. 'normal': ``init_stddev * randn`` (A7.1). 'scaled': "
        "``init_scale / sqrt(fan_in) * randn`` (A7.2); the inputs of a recurrent unit are features and units. "
        "'auto': 'normal', or 'scaled' if a probe of the built network finds that the signal or its gradient vanishes "
        "(A7.4); `init_` has the choice. 'network', for your own networks: the initializers of the layers. Other names "
        "are those of Keras initializers.",
        default=article.INIT,
        place="initial weights",
    )
    init_stddev: float = parameter(
        POSITIVE,
        "float",
        "Standard deviation of 'normal' (A7.1).",
        default=article.INIT_STDDEV,
        place="initial weights",
    )
    init_scale: float = parameter(
        POSITIVE, "float", "Scale of 'scaled': 0.1 or 1 (A7.2).", default=article.INIT_SCALE, place="initial weights"
    )
    warm_start: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether `fit` starts from the current weights, with the standardisation and the classes of the first fit.",
        default=False,
        place="initial weights",
    )
    callbacks: Sequence[keras.callbacks.Callback] | None = parameter(
        [list, tuple, keras.callbacks.Callback, None],
        "list of keras.callbacks.Callback or None",
        "Keras callbacks. The fit uses these objects themselves; a clone has copies. They get all values of `history_` "
        "at the end of each epoch. ``self.model`` is the network in training, from standardised inputs to logits or "
        "standardised values. If a callback saves it, as `ModelCheckpoint` does, it saves the complete model, like "
        "`model_`. With hooks for batches, each update is a separate call. With other callbacks, each epoch is a "
        "separate call; without callbacks one call may run several epochs. Keras's `EarlyStopping` (without its "
        "`restore_best_weights`), `CSVLogger` and `TerminateOnNaN` cost nothing, because they only read these values.",
        default=None,
        place="rest",
    )
    steps_per_execution: int | str = parameter(
        [Options(Integral, {1}), StrOptions({"auto"})],
        "'auto' or 1",
        "1 makes each update with a separate call, as Keras's `fit` does; 'auto' compiles whole epochs.",
        default="auto",
        place="rest",
    )
    dtype: str = parameter(
        [StrOptions({"float32", "float64", "mixed_float16", "mixed_bfloat16"})],
        "{'float32', 'float64', 'mixed_float16', 'mixed_bfloat16'}",
        "Type or policy of the network. Probabilities have the type of its variables; values are float64.",
        default="float32",
        place="rest",
    )
    random_state: RandomState = parameter(
        ["random_state"],
        "int, RandomState or None",
        "Seed of the split, the initial weights, dropout and shuffling. An int gives the same numbers in each fit.",
        default=None,
        place="rest",
    )
    verbose: int | str = parameter(
        [Interval(Integral, 0, 2, closed="both"), "boolean", StrOptions({"auto"})],
        "int or 'auto'",
        "0 is silent, 1 or 'auto' shows Keras's progress bar, 2 a line for each epoch.",
        default=0,
        place="rest",
    )

    _presets: ClassVar[Mapping[str, Any]] = article.CUSTOM_PRESETS
    _budget = article.DNN_BUDGET

    # ---------------------------------------------------------------- presets

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> Self:
        """Construct an estimator with the values of a named preset.

        Parameters
        ----------
        name : str
            One of `list_presets`.
        **overrides
            Parameters of the estimator. They replace those of the preset.

        Returns
        -------
        estimator

        Raises
        ------
        ValueError
            If there is no preset of that name.
        """
        if name not in cls._presets:
            raise ValueError(f"{name!r} is not a preset of {cls.__name__}; it has {', '.join(cls.list_presets())}.")
        return cls(**{**cls._presets[name], **overrides})

    @classmethod
    def list_presets(cls) -> list[str]:
        """Names of the presets, the article's first.

        Returns
        -------
        list of str
            A notebook or a shell shows one line about each preset.
        """
        return PresetNames(cls._presets)

    # ---------------------------------------------------------------- fit

    def fit(
        self,
        X: Features,
        y: Values,
        sample_weight: Values | None = None,
        X_val: Features | None = None,
        y_val: Values | None = None,
        *,
        sample_weight_val: Values | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            For dense networks and your own networks, a table of shape (n_samples, n_features): an array, a sparse
            matrix or a frame. For sequences, (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps). For
            sequences of unequal length, a list of arrays of shape (n_timesteps_i, n_features), or an array with NaN
            after the end of each sequence. For images, (n_samples, height, width) or (n_samples, height, width,
            n_channels). With `image_shape` also a table with the pixels of an image in each row. Your own networks also
            take arrays with more axes, which are standardised along the last one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Rows with weight zero are removed before the split.
        X_val, y_val : array-like, optional
            Validation data, instead of the internal split. A `Pipeline` transforms them too with
            ``transform_input=["X_val"]``, which needs ``sklearn.set_config(enable_metadata_routing=True)`` and
            ``set_fit_request(X_val=True, y_val=True)`` on this estimator. A search cuts an `X_val` that is as long as X
            to the rows of each fold, like all fit parameters of that length.
        sample_weight_val : array-like, optional
            Weights of the rows of `X_val`, for `val_loss` and the metrics.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter, the network or the data cannot be used. This comes before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part. The training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite. The best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val=sample_weight_val)

    def _fit(self, *data: Any, **more: Any) -> Self:
        self.history_: dict[str, list[float]]  # set by a fit
        self.n_epochs_: int
        self.best_epoch_: int
        self.stopped_by_: str
        self.rate_rule_: str
        self.init_: InitChoice
        self.health_: Health
        self.n_features_in_: int
        self.feature_names_in_: Array
        with _unchanged_on_failure(self):
            Fit(self._design(), *data, **more).run()
        return self

    def _partial_fit(self, X, y, sample_weight, **known):
        with _unchanged_on_failure(self):
            Epoch(self._design(), X, y, sample_weight, **known).run()
        return self

    # ---------------------------------------------------------------- methods of the families

    def _check_network(self):
        """Check the parameters of the network beyond scikit-learn's constraints."""

    def _input(self):
        """The kind of X that the estimator takes."""
        raise NotImplementedError

    def _target(self):
        """The kind of y that the estimator takes."""
        raise NotImplementedError

    def _network(self, input_shape, n_outputs):
        """Builder and arguments of the network."""
        raise NotImplementedError

    def _output_range(self, input_shape, n_outputs):
        """Least and greatest output of the network."""
        return -np.inf, np.inf

    def _suited(self, network, encoder, X, rows, X_val):
        """The network with the arguments that depend on the data."""
        for samples in (X, X_val):
            if samples is not None:
                network = network.replace(**encoder.network_arguments(samples.values))
        return network

    def _initializer(self, rule=None):
        rule = rule or ("normal" if self.init == "auto" else self.init)
        return kernel_initializer(rule, init_stddev=self.init_stddev, init_scale=self.init_scale)

    def _init_rules(self):
        """Initializers to try, by the names of their rules. All except the last must pass the probe."""
        rules = ("normal", "scaled") if self.init == "auto" else (self.init,)
        return {rule if isinstance(rule, str) else type(rule).__name__: self._initializer(rule) for rule in rules}

    def _draw_rules(self):
        """Arguments of `draw_weights`, without the rule for the kernels."""
        return {}

    _fits_rows = False
    """Whether the initial weights are fitted to the first rows; see `fit_to_rows`."""

    _in_model: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Arguments of the network that have another value in `model_`, because they are only for training."""

    def _design(self):
        return Design(
            parameters=self,
            input=self._input(),
            target=self._target(),
            budget=self._budget,
            check_values=self._validate_params,
            check_network=self._check_network,
            network=self._network,
            suited=self._suited,
            init_rules=self._init_rules,
            draw_rules=self._draw_rules,
            fits_rows=self._fits_rows,
            in_model=self._in_model,
        )

    # ---------------------------------------------------------------- after fit

    @property
    def model_(self) -> keras.Model:
        """The complete Keras model: from raw features to probabilities, or to values in the unit of y."""
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            self._model = self._fitted.model(**self._in_model)
        return self._model

    @property
    def drift_(self) -> list[Finding]:
        """Findings of values far outside of the training data. `predict` warns once about them."""
        check_is_fitted(self)
        return self._fitted.drift

    def _outputs(self, X):
        values = check_X(self._design(), X)
        return self._fitted.outputs(values)

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._fit_html()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        return {kind: text + self._fit_html() if kind == "text/html" else text for kind, text in bundle.items()}

    def _fit_html(self):
        """The part below scikit-learn's diagram in a notebook: the network and the results of the fit."""
        return fit_html(self) if hasattr(self, "_fitted") else ""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted")

    def __sklearn_clone__(self):
        return clone_keeping_keras(self)

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_model", None)  # built again from the weights when needed
        return to_plain(state)

    def __setstate__(self, state):
        super().__setstate__(from_plain(state))

    def __sklearn_tags__(self):
        tags, kind = super().__sklearn_tags__(), self._input()
        tags.input_tags.sparse = True
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = kind.takes_tables, kind.takes_arrays
        tags.input_tags.allow_nan = tags.input_tags.categorical = kind.takes_columns
        return tags


def design_of(estimator):
    """The design of a fit, from the parameters of an estimator. Other rooms call this.

    Returns
    -------
    Design
    """
    return estimator._design()


@contextlib.contextmanager
def _unchanged_on_failure(estimator):
    """Restore an estimator's attributes if a fit fails or is interrupted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
