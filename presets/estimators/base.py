"""The base of all estimators: the parameters that they share, and scikit-learn's contract."""

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
from presets.estimators._parameters import BOOLEAN, COUNT, NOT_NEGATIVE, POSITIVE, SHARE, parameter, with_parameters
from presets.estimators._presets import PresetNames
from presets.estimators.design import Design
from presets.estimators.fit import Epoch, Fit
from presets.estimators.summary import fit_html
from presets.estimators.validation import check_X
from presets.training.schedules import CURVES
from presets.typing import Features, RandomState, Values


@with_parameters
class NetworkEstimator(BaseEstimator):
    """Base of all estimators: the parameters that they share, and scikit-learn's contract.

    A family adds the parameters of its network, and says which kind of X it takes, what it builds, how long it trains
    and which presets it has. A head, `Classifier` or `Regressor`, says the same of y.
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
        "A Keras name, with the rate, momentum and clipping of this estimator; or an unbuilt optimizer, taken as it is "
        "with its own rate, momentum and clipping, and copied for each fit. With `use_ema` the averaged weights are "
        "validated and kept, also those of the best epoch.",
        default=article.OPTIMIZER,
        place="training",
    )
    learning_rate: float | LearningRateSchedule = parameter(
        [*POSITIVE, LearningRateSchedule],
        "float or keras.optimizers.schedules.LearningRateSchedule",
        "The first rate (A5.2). Adaptive optimizers want less: 0.001. A schedule turns the plateau rule off.",
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
        "Memory of the squared gradients in 'adam' and its kin; None is Keras's .999.",
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
        "Share by which each update lowers the weights, times the rate, apart from the gradient (Loshchilov and "
        "Hutter 2019); not biases and other variables of one dimension. For optimizers given by name; 0 is "
        "Keras's own.",
        default=0.0,
        place="training",
    )
    clipnorm: float | None = parameter(
        [*POSITIVE, None],
        "float or None",
        "Greatest norm of each variable's gradient, in Keras's meaning (A8).",
        default=article.CLIPNORM,
        place="training",
    )
    global_clipnorm: float | None = parameter(
        [*POSITIVE, None],
        "float or None",
        "Greatest norm of the whole gradient, in the article's meaning (A8); excludes `clipnorm`.",
        default=None,
        place="training",
    )
    loss: object = parameter(
        [str, callable, keras.losses.Loss],
        "'auto', str, callable or keras.losses.Loss",
        "'auto' is cross-entropy for classes and the mean squared error of the standardised target for values. "
        "Losses of Keras get what they expect: logits, probabilities or one-hot classes; a function gets class "
        "codes and probabilities. In a regression, the squared and the absolute error, and 'huber' and "
        "'log_cosh' by name, see the standardised target. Every other loss sees y and the predictions in the "
        "unit of y; so does `keras.losses.Huber(delta=...)`. Its gradient is scaled so that the default rate "
        "fits, and so is `min_delta`; `history_` shows the loss itself. A loss that takes positive predictions "
        "only gets them from a softplus, one for shares from a sigmoid; regressors tell by "
        "`output_activation_`. The last activation of a network of your own, such as relu, holds in the unit of "
        "y. Code of yours is read anew at each fit.",
        default="auto",
        place="training",
    )
    batch_size: int | str = parameter(
        [*COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Rows of a minibatch (A3); all rows if there are fewer. 'auto': 64 where there are less than 1,000 "
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
        "Passes over the data at most. 'auto' counts updates too, since small data starve otherwise: {epochs} "
        "epochs or {updates} updates, whichever is more.",
        default="auto",
        place="training",
    )
    lr_schedule: str = parameter(
        [StrOptions({"plateau", *CURVES})],
        "{'plateau', 'one_cycle', 'cosine', 'flat_cosine', 'coslog4'}",
        "What the rate does. 'plateau': it is divided when the monitored value stops improving (A5.3). The "
        "others follow a curve over all updates, with `learning_rate` as their highest: 'one_cycle' rises and "
        "falls (Smith and Topin 2018), 'cosine' falls (Loshchilov and Hutter 2017), 'flat_cosine' falls in the "
        "second half, 'coslog4' makes four waves of growing length (Holzmüller et al. 2024). They end with the "
        "last epoch.",
        default="plateau",
        place="training",
    )
    patience: int | str = parameter(
        [*COUNT, StrOptions({"auto"})],
        "int or 'auto'",
        "Epochs without improvement before the rate is lowered. 'auto': {patience_epochs} epochs or "
        "{patience_updates} updates, whichever is more.",
        default="auto",
        place="training",
    )
    lr_factor: float = parameter(
        [Interval(Real, 0, 1, closed="neither")],
        "float",
        "What the rate is multiplied with when the monitored value stops improving: 1/2 or 1/5 (A5.3).",
        default=article.LR_FACTOR,
        place="training",
    )
    min_lr_factor: float = parameter(
        SHARE,
        "float",
        "Training ends when the rate falls under this share of the first rate (A5.3).",
        default=article.MIN_LR_FACTOR,
        place="training",
    )
    min_delta: float = parameter(
        NOT_NEGATIVE,
        "float",
        "Least change of the monitored value that counts as an improvement.",
        default=article.MIN_DELTA,
        place="training",
    )
    validation_fraction: float = parameter(
        SHARE,
        "float",
        "Share of the rows set apart for validation (A6), stratified for single-label classifiers; 0 for none. "
        "Not used when `fit` gets `X_val`.",
        default=article.VALIDATION_FRACTION,
        place="validation",
    )
    monitor: str = parameter(
        [str],
        "str",
        "Name in `history_` of the value that decides on the rate and the best weights (A6), such as 'val_loss', "
        "'val_accuracy' or 'val_AUC'. A metric of Keras's is recorded for it. Without validation it is the same value "
        "of the training part.",
        default=article.MONITOR,
        place="validation",
    )
    restore_best_weights: bool = parameter(
        BOOLEAN,
        "bool",
        "Whether the weights of the best epoch are kept instead of the last one's: that with the best {best_value}.",
        default=True,
        place="validation",
    )
    metrics: Sequence | None = parameter(
        [list, tuple, None],
        "list of (str, callable or keras.metrics.Metric) or None",
        "Further values in `history_`, weighted by the sample weights: of probabilities, or in the unit of the target.",
        default=None,
        place="validation",
    )
    init: str | keras.initializers.Initializer = parameter(
        [str, keras.initializers.Initializer],
        "{'auto', 'normal', 'scaled'}, str or keras.initializers.Initializer",
        "How kernels are drawn. 'normal': ``init_stddev * randn`` (A7.1). 'scaled': ``init_scale / sqrt(fan_in) "
        "* randn`` (A7.2), where a recurrent unit's inputs are features and units. 'auto': 'normal', unless a "
        "probe of the built network finds that the signal or its gradient vanishes (A7.4), then 'scaled'; "
        "`init_` tells. 'network', for networks of your own: as their layers say. Any other name is a Keras "
        "initializer's.",
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
        "Whether `fit` starts from the present weights, with the standardisation and the classes of the first fit.",
        default=False,
        place="initial weights",
    )
    callbacks: Sequence[keras.callbacks.Callback] | None = parameter(
        [list, tuple, keras.callbacks.Callback, None],
        "list of keras.callbacks.Callback or None",
        "Used as they are, as by Keras; a clone has copies. They get all values of `history_` at the end of "
        "each epoch. ``self.model`` is the network in training, from standardised inputs to logits or "
        "standardised values. What it saves, as `ModelCheckpoint` does, is the complete model, like `model_`. "
        "Batch hooks make training go step by step. With other callbacks every epoch is a call of its own, "
        "where without them one call may make several. Keras's `EarlyStopping` (without its "
        "`restore_best_weights`), `CSVLogger` and `TerminateOnNaN` cost nothing, since they read these values "
        "alone.",
        default=None,
        place="rest",
    )
    steps_per_execution: int | str = parameter(
        [Options(Integral, {1}), StrOptions({"auto"})],
        "'auto' or 1",
        "1 makes every update by a call of its own, as Keras's `fit` does; 'auto' compiles epochs.",
        default="auto",
        place="rest",
    )
    dtype: str = parameter(
        [StrOptions({"float32", "float64", "mixed_float16", "mixed_bfloat16"})],
        "{'float32', 'float64', 'mixed_float16', 'mixed_bfloat16'}",
        "Type or policy of the network; probabilities have the type of its variables, values are float64.",
        default="float32",
        place="rest",
    )
    random_state: RandomState = parameter(
        ["random_state"],
        "int, RandomState or None",
        "Seed of the split, the initial weights, dropout and shuffling. An int gives the same numbers in every fit.",
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

    _presets: ClassVar[Mapping] = article.CUSTOM_PRESETS
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
            Parameters of the estimator that replace the preset's.

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
            A notebook or a shell shows a line about each.
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
        sample_weight_val: Values | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, ...)
            For dense networks and your own a table of shape (n_samples, n_features): an array, a sparse matrix or a
            frame. For sequences (n_samples, n_timesteps, n_features) or (n_samples, n_timesteps); of unequal length, a
            list of arrays of shape (n_timesteps_i, n_features), or an array that is padded with NaN at their ends. For
            images (n_samples, height, width) or (n_samples, height, width, n_channels), or, with `image_shape`, a table
            with the pixels of an image in each row. Your own networks also take arrays with more axes, which are
            standardised along the last one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            Rows of weight zero are left out before the split.
        X_val, y_val : array-like, optional
            Validation data in the place of the internal split. A `Pipeline` carries them through its preprocessing with
            ``transform_input=["X_val"]``, which needs ``sklearn.set_config(enable_metadata_routing=True)`` and
            ``set_fit_request(X_val=True, y_val=True)`` on this estimator. A search slices an `X_val` as long as X, as
            it does with any fit parameter of that length.
        sample_weight_val : array-like, optional
            Weights of the rows of `X_val`, as `sample_weight` are those of X: of `val_loss`, and of the metrics there.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter, the network or the data are not usable; before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part; the training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite; the best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val=sample_weight_val)

    def _fit(self, *data, **more):
        with _unchanged_on_failure(self):
            Fit(self._design(), *data, **more).run()
        return self

    def _partial_fit(self, X, y, sample_weight, **known):
        with _unchanged_on_failure(self):
            Epoch(self._design(), X, y, sample_weight, **known).run()
        return self

    # ---------------------------------------------------------------- what families say, and may change

    def _check_network(self):
        """Check the parameters of the network that scikit-learn's constraints cannot."""

    def _input(self):
        """The kind of X that is taken."""
        raise NotImplementedError

    def _target(self):
        """The kind of y that is taken."""
        raise NotImplementedError

    def _network(self, input_shape, n_outputs):
        """Builder and arguments of the network."""
        raise NotImplementedError

    def _output_range(self, input_shape, n_outputs):
        """Least and greatest value that the network can put out."""
        return -np.inf, np.inf

    def _suited(self, network, encoder, X, rows, X_val):
        """The network with the arguments that the data decide on."""
        for samples in (X, X_val):
            if samples is not None:
                network = network.replace(**encoder.network_arguments(samples.values))
        return network

    def _initializer(self, rule=None):
        rule = rule or ("normal" if self.init == "auto" else self.init)
        return kernel_initializer(rule, init_stddev=self.init_stddev, init_scale=self.init_scale)

    def _init_rules(self):
        """Initializers to try, by the name of their rule; all but the last must pass the probe."""
        rules = ("normal", "scaled") if self.init == "auto" else (self.init,)
        return {rule if isinstance(rule, str) else type(rule).__name__: self._initializer(rule) for rule in rules}

    def _draw_rules(self):
        """What `draw_weights` is to know besides the rule for the kernels."""
        return {}

    _fits_rows = False
    """Whether the initial weights are fitted to the first rows, see `fit_to_rows`."""

    _in_model: ClassVar[Mapping] = MappingProxyType({})
    """Arguments of the network that are others in `model_`, since they act in training only."""

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
        """The complete Keras model: raw features in; probabilities, or values in the target's unit, out."""
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            self._model = self._fitted.model(**self._in_model)
        return self._model

    @property
    def drift_(self) -> list[Finding]:
        """What lay far outside of the training data when predictions were made; `predict` warns of it once."""
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
        """What a notebook shows below scikit-learn's diagram: the network, and how the fit went."""
        return fit_html(self) if hasattr(self, "_fitted") else ""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted")

    def __sklearn_clone__(self):
        return clone_keeping_keras(self)

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_model", None)  # made again from the weights when asked for
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
    """What an estimator's parameters say of a fit; for other rooms.

    Returns
    -------
    Design
    """
    return estimator._design()


@contextlib.contextmanager
def _unchanged_on_failure(estimator):
    """Put an estimator's attributes back if a fit fails or is interrupted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
