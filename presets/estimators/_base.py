"""The scikit-learn contract, once: validate, encode, build, train, keep."""

import contextlib
import dataclasses
import math
import warnings
from dataclasses import dataclass
from numbers import Integral, Real

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from presets import article, measured
from presets.builders.initializers import kernel_initializer
from presets.builders.storage import from_plain, to_plain
from presets.data.arrays import check_container, check_is_one
from presets.data.columns import as_numbers, naming_columns
from presets.data.split import split_rows
from presets.data.weights import relative_weights
from presets.estimators._clone import clone_keeping_keras
from presets.estimators._health import Health, check_rows, constant_loss
from presets.estimators._preparation import Preparation
from presets.estimators._seeds import Seeds
from presets.estimators._summary import divergence, fit_html
from presets.training.callbacks import check_callbacks, takes_rate_over
from presets.training.dataset import Dataset
from presets.training.loop import train
from presets.training.objectives import with_monitored
from presets.training.optimizers import optimizer_config, warn_of_rate
from presets.training.plan import Plan, Rules
from presets.training.pool import POOL
from presets.training.probe import choose_init, measure_dead_units
from presets.training.recipe import Recipe, numbers
from presets.training.schedules import CURVES


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkEstimator(BaseEstimator):
    """Base of all estimators: the parameters that they share, and the way of the data through `fit` and `predict`.

    A family adds its network's parameters, says how its X is checked and encoded, and names its builder and budget.
    """

    init: str | keras.initializers.Initializer = article.INIT
    init_stddev: float = article.INIT_STDDEV
    init_scale: float = article.INIT_SCALE
    standardize: bool = article.STANDARDIZE
    optimizer: str | keras.optimizers.Optimizer = article.OPTIMIZER
    learning_rate: float | LearningRateSchedule = article.LEARNING_RATE
    momentum: float = article.MOMENTUM
    nesterov: bool = article.NESTEROV
    clipnorm: float | None = article.CLIPNORM
    global_clipnorm: float | None = None
    weight_decay: float = 0.0
    beta_2: float | None = None
    ema_momentum: float | None = None
    lr_schedule: str = "plateau"
    batch_size: int | str = article.BATCH_SIZE
    epochs: int | str = "auto"
    patience: int | str = "auto"
    lr_factor: float = article.LR_FACTOR
    min_lr_factor: float = article.MIN_LR_FACTOR
    min_delta: float = article.MIN_DELTA
    monitor: str = article.MONITOR
    validation_fraction: float = article.VALIDATION_FRACTION
    restore_best_weights: bool = True
    shuffle: bool = True
    loss: object = "auto"
    metrics: list | None = None
    warm_start: bool = False
    callbacks: list | None = None
    steps_per_execution: int | str = "auto"
    dtype: str = "float32"
    random_state: int | np.random.RandomState | None = None
    verbose: int | str = 0

    _parameter_constraints = {
        "init": [str, keras.initializers.Initializer],
        "init_stddev": [Interval(Real, 0, None, closed="neither")],
        "init_scale": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "optimizer": [str, keras.optimizers.Optimizer],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            LearningRateSchedule,
        ],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterov": ["boolean"],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "global_clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="neither"), None],
        "ema_momentum": [Interval(Real, 0, 1, closed="neither"), None],
        "lr_schedule": [StrOptions({"plateau", *CURVES})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "patience": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lr_factor": [Interval(Real, 0, 1, closed="neither")],
        "min_lr_factor": [Interval(Real, 0, 1, closed="left")],
        "min_delta": [Interval(Real, 0, None, closed="left")],
        "monitor": [str],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "restore_best_weights": ["boolean"],
        "shuffle": ["boolean"],
        "loss": [str, callable, keras.losses.Loss],
        "metrics": [list, tuple, None],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, keras.callbacks.Callback, None],
        "steps_per_execution": [Options(Integral, {1}), StrOptions({"auto"})],
        "dtype": [StrOptions({"float32", "float64", "mixed_float16", "mixed_bfloat16"})],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean", StrOptions({"auto"})],
    }

    # ---------------------------------------------------------------- fit

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
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
            If a parameter or the data are not usable; before any training.

        Warns
        -----
        UserWarning
            If there are too few rows for a validation part; the training loss is monitored then.
        ConvergenceWarning
            If the loss becomes NaN or infinite; the best finite weights are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val=sample_weight_val)

    def _fit(self, X, y, sample_weight, X_val, y_val, **more):
        with _unchanged_on_failure(self):
            self._train(self._prepare(X, y, sample_weight, X_val, y_val, **more))
        return self

    def _partial_fit(self, X, y, sample_weight, **known):
        with _unchanged_on_failure(self):
            self._train(self._prepare_epoch(X, y, sample_weight, **known))
        return self

    def _prepare(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, sample_weight_val=None):
        """Check, split and encode, and decide on the rules."""
        callbacks = self._check_parameters(X_val, y_val)
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val are weights of X_val: give X_val and y_val too.")
        start = getattr(self, "_fitted", None) if self.warm_start else None
        weighted = sample_weight_val is not None
        X, y, weights = self._check_data(X, y, sample_weight, reset=start is None, weighted=weighted)
        seeds = Seeds(self.random_state)
        fraction = self.validation_fraction if X_val is None else 0
        rows, validation_rows = self._split(y, weights, fraction, seeds, groups)
        if start is None:
            encoder, target = self._learn_encoding(X, y, rows, weights)
        else:
            encoder, target = start.encoder, self._keep_target(start, y, rows, weights)
        training = validation = self._dataset(encoder, target, X, y, weights)
        if X_val is not None:
            with _about("X_val, y_val"):
                X_val, y_val, val_weights = self._check_data(
                    X_val, y_val, sample_weight_val, reset=False, weighted=weights is not None
                )
                validation = self._dataset(encoder, target, X_val, y_val, val_weights)
            validation_rows = np.arange(len(validation)) if val_weights is None else np.flatnonzero(val_weights)
        plan = Plan(
            training=training,
            rows=rows,
            validation=validation,
            validation_rows=validation_rows,
            rules=self._rules(len(rows), target, validates=len(validation_rows) > 0),
            rng=seeds.generator("shuffle"),
        )
        recipe = self._recipe(encoder, target, self._data_arguments(encoder, rows, X, X_val))
        report = self._check_rows(plan, y)
        return Preparation(
            start=start,
            recipe=recipe,
            encoder=encoder,
            target=target,
            plan=plan,
            report=report,
            seeds=seeds,
            callbacks=callbacks,
        )

    def _prepare_epoch(self, X, y, sample_weight, **known):
        """As `_prepare`, for one epoch at the present rate: no split, no plateau, the statistics of the first call."""
        callbacks = self._check_parameters(None, None)
        start = getattr(self, "_fitted", None)
        X, y, weights = self._check_data(X, y, sample_weight, reset=start is None)
        seeds = Seeds(self.random_state, stream=getattr(self, "n_epochs_", 0))
        rows, no_rows = self._split(y, weights, 0, seeds)
        if start is None:
            if len(rows) == 1 and self.standardize:
                warnings.warn(
                    "The first partial_fit has one row, so every column of X, and y of a regressor, gets scale 1 for "
                    "good. Give more rows first, or standardise before.",
                    stacklevel=5,
                )
            encoder, target = self._learn_encoding(X, y, rows, weights, **known)
        else:
            encoder, target = start.encoder, self._keep_target(start, y, rows, weights)
        dataset = self._dataset(encoder, target, X, y, weights)
        plan = Plan(
            training=dataset,
            rows=rows,
            validation=dataset,
            validation_rows=no_rows,
            rules=self._rules(len(rows), target, validates=False, epochs=1, restore_best_weights=False),
            rng=seeds.generator("shuffle"),
        )
        recipe = self._recipe(encoder, target, self._data_arguments(encoder, rows, X))
        recipe = dataclasses.replace(recipe, lr_schedule="plateau")  # nobody knows how many epochs will come
        report = self.health_.data if start is not None else self._check_rows(plan, y)
        return Preparation(
            start=start,
            recipe=recipe,
            encoder=encoder,
            target=target,
            plan=plan,
            report=report,
            seeds=seeds,
            callbacks=callbacks,
            goes_on=True,
        )

    def _train(self, fit):
        with POOL.borrow(fit.recipe, fit.sample) as program:
            init = self._load(program, fit)
            verbose = 1 if self.verbose == "auto" else int(self.verbose)
            outcome = train(
                program,
                fit.plan,
                callbacks=fit.callbacks,
                verbose=verbose,
                complete=lambda: self._complete(fit.network(program.weights())),
            )
            self._keep(program, fit, init, outcome)

    def _load(self, program, fit):
        """Set all variables of a program to what this fit starts from; give the choice of the initial weights."""
        start = fit.start
        program.load_unit(fit.target.unit)  # the probe looks at gradients
        if start is None:
            weights, init = self._choose_init(program, fit.batch, fit.seeds)
        else:
            weights, init = start.weights, self.init_
            program.check_weights(weights)
        state = start.optimizer_state if fit.goes_on and start is not None else None
        seed = fit.seeds.integer("dropout")
        program.load(
            weights,
            fit.recipe,
            seed=seed,
            unit=fit.target.unit,
            optimizer_state=state,
            n_updates=fit.plan.n_updates * fit.plan.rules.epochs,
        )
        if state is None and fit.goes_on and start is not None and self.lr_schedule == "plateau":
            program.learning_rate = self.history_["learning_rate"][-1]
        return init

    def _keep(self, program, fit, init, outcome):
        """Take over what the training gave."""
        plan, goes_on = fit.plan, fit.goes_on
        state = program.optimizer_state() if goes_on else None
        program.load_weights(outcome.weights)
        self.health_ = Health(
            data=fit.report,
            signal=init.signal,
            dead_units=measure_dead_units(program, fit.batch[0]),
            constant_loss=constant_loss(
                fit.recipe, plan.training.targets(plan.rows), plan.validation.targets(plan.validation_rows)
            ),
            n_training=len(plan.rows),
            n_validation=len(plan.validation_rows),
            batch_size=plan.rules.batch_size,
        )
        self._fitted = fit.network(outcome.weights, state, self._find_temperature(program, plan))
        self._fitted.remember(program, fit.witness)
        self._fitted.see(plan.training.x, plan.seen_rows, getattr(self, "feature_names_in_", None), fit.start)
        self.init_ = init
        self.__dict__.pop("_model", None)
        history = getattr(self, "history_", {}) if goes_on else {}
        self.history_ = {name: history.get(name, []) + values for name, values in outcome.history.items()}
        self.n_epochs_ = len(self.history_["loss"])
        self.best_epoch_ = outcome.best_epoch + self.n_epochs_ - len(outcome.history["loss"])
        self.stopped_by_, self.rate_rule_ = outcome.stopped_by, outcome.rate_rule
        if outcome.stopped_by == "non_finite_loss":
            what, to_do = divergence(self)
            warnings.warn(
                f"{what} Training stopped, and the best finite weights are kept. {to_do}",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _find_temperature(self, program, plan):
        """What the outputs of a trained program are divided by."""
        return 1.0

    # ---------------------------------------------------------------- what fit is made of

    def _check_parameters(self, X_val, y_val):
        """Check what can be checked without data; give the callbacks as a list."""
        self._validate_params()
        if self.clipnorm is not None and self.global_clipnorm is not None:
            raise ValueError(
                f"clipnorm={self.clipnorm} and global_clipnorm={self.global_clipnorm} exclude each other; "
                "set one to None."
            )
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: give both or neither.")
        _, config = self._optimizer_config()
        if not self._fits_rows:  # whose parametrization takes larger rates
            warn_of_rate(self.optimizer, self.learning_rate)
        callbacks = check_callbacks(self.callbacks)
        if self.lr_schedule != "plateau":
            self._check_sets_rate_alone(config, callbacks)
        return callbacks

    def _check_sets_rate_alone(self, config, callbacks):
        others = [type(callback).__name__ for callback in callbacks if takes_rate_over(callback)]
        if isinstance(config["learning_rate"], LearningRateSchedule):
            others.append("the schedule in the optimizer")
        if others:
            raise ValueError(
                f"lr_schedule={self.lr_schedule!r} and {others[0]} would both set the rate; set lr_schedule='plateau', "
                "which leaves it to you, or leave the other one out."
            )

    def _check_data(self, X, y, sample_weight, *, reset, weighted=False):
        """Validated X and y, and the weights of the rows or None."""
        check_container(X, "X")
        if y is not None:
            check_container(y, "y")
            check_is_one(X, y)
        X, y = self._check_X_y(X, y, reset)
        if sample_weight is not None or weighted:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            if not np.isfinite(sample_weight).all():
                raise ValueError(f"sample_weight must hold finite numbers, but it holds {sample_weight[0]}.")
            if not sample_weight.any():
                raise ValueError("sample_weight is zero for every row; at least one row needs a positive weight.")
            sample_weight = relative_weights(sample_weight)
        return X, y, sample_weight

    def _check_X_y(self, X, y, reset):
        gaps = self._takes_gaps(X)
        with naming_columns(X, gaps=gaps):
            checked, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csr",
                ensure_all_finite="allow-nan" if gaps else True,
                multi_output=True,
                y_numeric=self._numeric_y,
                reset=reset,
            )
            return as_numbers(checked), y

    def _check_X(self, X):
        gaps = self._takes_gaps(X)
        with naming_columns(X, gaps=gaps):
            finite = "allow-nan" if gaps else True
            return as_numbers(validate_data(self, X, accept_sparse="csr", ensure_all_finite=finite, reset=False))

    def _takes_gaps(self, X):
        """Whether numbers of a table may be missing."""
        return False

    def _split(self, y, weights, fraction, seeds, groups=None):
        """Numbers of the rows to train on and to validate on."""
        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
        training, validation = self._split_rows(rows, fraction, seeds.generator("split"), y, groups)
        if fraction and not len(validation):
            warnings.warn(
                f"validation_fraction={fraction} of {len(rows)} rows is less than one row, so the training loss is "
                "monitored instead. Give more rows, or X_val and y_val, or set validation_fraction=0.",
                stacklevel=5,
            )
        return training, validation

    def _split_rows(self, rows, fraction, rng, y, groups):
        return split_rows(rows, fraction, rng, self._strata(y))

    def _check_rows(self, plan, y):
        """The data check (A1) on what the network gets."""
        return check_rows(
            plan,
            y,
            classification=is_classifier(self),
            standardize=self.standardize,
            names=getattr(self, "feature_names_in_", None),
        )

    def _learn_encoding(self, X, y, rows, weights, **known):
        encoder = self._learn_encoder(X, rows, weights)
        return encoder, self._learn_target(encoder, y, rows, weights, **known)

    def _dataset(self, encoder, target, X, y, weights):
        dtype = numbers(self.dtype)
        weights = None if weights is None else weights.astype(dtype)
        return Dataset(encoder.rows(X, dtype), target.encode(y, dtype), weights)

    def _optimizer_config(self):
        return optimizer_config(
            self.optimizer,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            clipnorm=self.clipnorm,
            global_clipnorm=self.global_clipnorm,
            weight_decay=self.weight_decay,
            beta_2=self.beta_2,
            ema_momentum=self.ema_momentum,
        )

    def _data_arguments(self, encoder, rows, X, X_val=None):
        """Arguments of the network that depend on the data."""
        return {}

    def _recipe(self, encoder, target, data_arguments):
        return Recipe(
            network=self._network(encoder.input_shape, target.n_outputs).replace(**data_arguments),
            activation=target.activation,
            loss=self.loss,
            metrics=with_monitored(self.metrics or (), self.monitor),
            optimizer=self._optimizer_config(),
            dtype=self.dtype,
            lr_schedule=self.lr_schedule,
        )

    def _output_range(self, input_shape, n_outputs):
        """Least and greatest value that the core can put out."""
        return -np.inf, np.inf

    def _rules(self, n_rows, target=None, *, validates, **overrides):
        batch_size = measured.batch_size(n_rows) if self.batch_size == "auto" else self.batch_size
        batch_size = int(min(batch_size, n_rows))
        n_updates = math.ceil(n_rows / batch_size)
        epochs = self._budget.n_epochs(n_updates) if self.epochs == "auto" else int(self.epochs)
        rules = {
            "epochs": epochs,
            "batch_size": batch_size,
            "patience": self._budget.patience(n_updates) if self.patience == "auto" else int(self.patience),
            "monitor": self.monitor if validates else self.monitor.removeprefix("val_"),
            "n_averaged": self._budget.n_averaged(epochs),
            "lr_factor": self.lr_factor,
            "min_lr_factor": self.min_lr_factor,
            "min_delta": self.min_delta / (target.factor if target and self.monitor in ("loss", "val_loss") else 1.0),
            "restore_best_weights": self.restore_best_weights,
            "shuffle": self.shuffle,
            "by_steps": self.steps_per_execution == 1,
        }
        return Rules(**rules | overrides)

    def _initializer(self, rule=None):
        rule = rule or ("normal" if self.init == "auto" else self.init)
        return kernel_initializer(rule, init_stddev=self.init_stddev, init_scale=self.init_scale)

    def _choose_init(self, program, batch, seeds):
        return choose_init(
            program,
            batch,
            self._init_rules(),
            seeds.integer("init"),
            fits_rows=self._fits_rows,
            **self._draw_rules(),
        )

    _fits_rows = False
    """Whether the initial weights are fitted to the first rows, see `fit_to_rows`."""

    def _draw_rules(self):
        """What `draw_weights` is to know besides the rule for the kernels."""
        return {}

    def _init_rules(self):
        """Initializers to try, by the name of their rule; all but the last must pass the probe."""
        rules = ("normal", "scaled") if self.init == "auto" else (self.init,)
        return {rule if isinstance(rule, str) else type(rule).__name__: self._initializer(rule) for rule in rules}

    # ---------------------------------------------------------------- after fit

    @property
    def model_(self):
        """The complete Keras model: raw features in; probabilities, or values in the target's unit, out."""
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            self._model = self._complete(self._fitted)
        return self._model

    def _complete(self, fitted):
        return fitted.model(**self._complete_arguments(fitted.encoder))

    def _complete_arguments(self, encoder):
        """Arguments of the network in which the complete model differs from the trained one."""
        return {}

    @property
    def drift_(self):
        """What lay far outside of the training data when predictions were made; `predict` warns of it once."""
        check_is_fitted(self)
        return self._fitted.drift

    def _outputs(self, X):
        check_is_fitted(self)
        check_container(X, "X")
        return self._fitted.outputs(self._check_X(X))

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
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


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


@contextlib.contextmanager
def _about(arguments):
    """Say in the message of an error which arguments of `fit` it is about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"In {arguments}: {error}") from error
