"""Documentation of the parameters and attributes, written once and put into every estimator's docstring."""

import inspect
from dataclasses import fields

PARAMETERS = {
    "network": (
        "callable or keras.Model",
        "``network(input_shape, n_outputs)`` gives a `keras.Model` from standardised inputs to logits or standardised "
        "values: a function, or a `NetworkBuilder`, whose own parameters a search reaches as ``network__width``. "
        "`input_shape` is the shape of one sample, a tuple; with `inputs` a dict of them. For two classes "
        "`n_outputs` is 1. It is called at each fit, and what it builds is copied, with weights that it brings as the "
        "start. So layers that it takes from outside, or a ready model in its place, stay as they are.",
    ),
    "inputs": (
        "dict of str to list of (str or int), or None",
        "Columns of a table for each input of a network that has several, by their names or numbers; the network gets "
        "a dict. None gives all of X to one input.",
    ),
    "hidden_layer_sizes": (
        "sequence of int",
        "Width of each hidden layer; powers of two use the hardware well (S2).",
    ),
    "activation": (
        "str or callable",
        "Activation of the hidden layers: a Keras name or a function.",
    ),
    "parametrization": (
        "{'standard', 'ntk'}",
        "'ntk' builds RealMLP's network (Holzmüller et al. 2024): kernels of unit scale, columns with trained factors, "
        "activations that each unit follows by a trained share, and initial weights that fit the first rows, so that "
        "`init` is not used. It wants 'adam' and a `learning_rate` about .04.",
    ),
    "numeric_embedding": (
        "{'periodic', 'pbld', 'piecewise'} or None",
        "Several columns for each number (Gorishniy et al. 2022). 'periodic' makes cosines with trained frequencies. "
        "'pbld' keeps the column itself beside them (Holzmüller et al. 2024). 'piecewise' keeps it beside ramps "
        "between its quantiles.",
    ),
    "units": (
        "sequence of int",
        "Width of each LSTM layer; powers of two use the hardware well (S2). None, (), for `convolutions` alone.",
    ),
    "bidirectional": (
        "bool",
        "Whether each LSTM layer has a twin that reads the sequences backwards.",
    ),
    "pooling": (
        "{'last', 'mean', 'max'}",
        "What is taken of the last LSTM layer's steps: the last one, or their mean or maximum. Padding is left out.",
    ),
    "recurrent_init": (
        "str or keras.initializers.Initializer",
        "How recurrent kernels are drawn: the name of a Keras initializer, or 'normal' or 'scaled', as in `init`.",
    ),
    "forget_bias": (
        "float",
        "Initial bias of the forget gates (A9): larger, such as 3 or 5, lets the LSTM keep what it saw for longer.",
    ),
    "convolutions": (
        "sequence of int",
        "Filters of convolutions with batch normalisation beside the LSTM, as in LSTM-FCN; none by default. "
        "The preset 'fcn' has (128, 256, 128).",
    ),
    "convolution_block": (
        "{'plain', 'inception', 'lite'}",
        "What each of the `convolutions` is. 'plain': as in LSTM-FCN. 'inception': convolutions of 40, 20 and 10 steps "
        "and a maximum side by side, with so many filters each (InceptionTime). 'lite': one of these, then dilated "
        "separable convolutions (LITE), which cost least.",
    ),
    "validation_split": (
        "{'random', 'last'}",
        "Which samples the internal split sets apart: drawn at random, or the last ones, for samples in the "
        "order of time. Windows that overlap leak into each other by a random split.",
    ),
    "filters": (
        "sequence of int",
        "Filters of each block; powers of two use the hardware well (S2). Not used with a `backbone`.",
    ),
    "block": (
        "{'plain', 'residual'}",
        "What each block is. 'plain': a convolution and a 2x2 maximum. 'residual': a convolution, a 2x2 maximum, and "
        "two convolutions with a shortcut around them (He et al. 2016), all normalised over the batch.",
    ),
    "kernel_size": (
        "int",
        "Height and width of the convolutions.",
    ),
    "dense_units": (
        "int or None",
        "Width of the dense layer on top; None for no such layer.",
    ),
    "augmentation": (
        "{'article', 'flip', 'strong', 'shift', 'shift_flip', 'cutout'}, list of keras.Layer or None",
        "Random changes of the images in training (A10). 'article': rotation, shear, translation and zoom. "
        "'flip': the same and mirrored images, where a mirror leaves labels true. 'strong': 'article', "
        "brightness, contrast and erased patches. 'shift': moved by whole pixels. 'shift_flip': the same and mirrored "
        "images. 'cutout': 'shift' and a covered patch (DeVries and Taylor 2017). Layers of a list are copied and "
        "seeded; MixUp and CutMix are refused, as they leave the labels.",
    ),
    "backbone": (
        "keras.Model or None",
        "A network of images, such as one of `keras.applications` without its top, that takes the place of "
        "the blocks with its weights (S4). It is copied, never changed, and gets images standardised by this "
        "estimator.",
    ),
    "train_backbone": (
        "bool",
        "Whether the backbone is trained as well. To fine-tune, fit with False first, then set True, a lower "
        "`learning_rate` and ``warm_start=True``, and fit again.",
    ),
    "image_shape": (
        "tuple of int or None",
        "Shape of one image, for images in the rows of a table: (height, width), or with the channels as "
        "`data_format` says.",
    ),
    "data_format": (
        "{'channels_last', 'channels_first'}",
        "Whether the features of steps, or the channels of images, are the last axis of X or the second.",
    ),
    "init": (
        "{'auto', 'normal', 'scaled'}, str or keras.initializers.Initializer",
        "How kernels are drawn. 'normal': ``init_stddev * randn`` (A7.1). 'scaled': ``init_scale / "
        "sqrt(fan_in) * randn`` (A7.2), where a recurrent unit's inputs are features and units. 'auto': 'normal', "
        "unless a probe of the built network finds that the signal or its gradient vanishes (A7.4), then 'scaled'; "
        "`init_` tells. 'network', for networks of your own: as their layers say. Any other name is a Keras "
        "initializer's.",
    ),
    "init_stddev": (
        "float",
        "Standard deviation of 'normal' (A7.1).",
    ),
    "init_scale": (
        "float",
        "Scale of 'scaled': 0.1 or 1 (A7.2).",
    ),
    "dropout": (
        "float",
        "Share of each hidden layer's outputs dropped in training; 0.5 for complex models (S3).",
    ),
    "l1": (
        "float",
        "Factor of the kernels' absolute values in the loss (A11).",
    ),
    "l2": (
        "float",
        "Factor of the kernels' squares in the loss (A11).",
    ),
    "categorical_features": (
        "'from_dtype', None or array-like of bool, int or str",
        "Which columns of a table are categories. 'from_dtype': those of strings, also beside numbers, and those of "
        "the types Categorical and Enum. Else a mask, or the numbers or names of the columns; None: no column.",
    ),
    "max_onehot": (
        "int",
        "Most levels of a category that get a column each (two share one). A category with more is embedded in the "
        "network, by 8 numbers for each level.",
    ),
    "min_frequency": (
        "int",
        "Training rows that a level needs; rarer ones are merged, and stand for levels that training did not see.",
    ),
    "standardize": (
        "bool",
        "Whether X gets zero mean and unit variance, by the statistics of the training part (A2).",
    ),
    "optimizer": (
        "str or keras.optimizers.Optimizer",
        "A Keras name, with the rate, momentum and clipping of this estimator; or an unbuilt optimizer, taken"
        " as it is with its own rate, momentum and clipping, and copied for each fit. With `use_ema` the averaged "
        "weights are validated and kept, also those of the best epoch.",
    ),
    "learning_rate": (
        "float or keras.optimizers.schedules.LearningRateSchedule",
        "The first rate (A5.2). Adaptive optimizers want less: 0.001. A schedule turns the plateau rule off.",
    ),
    "momentum": (
        "float",
        "Momentum, for optimizers that have one.",
    ),
    "nesterov": (
        "bool",
        "Whether the momentum is Nesterov's.",
    ),
    "clipnorm": (
        "float or None",
        "Greatest norm of each variable's gradient, in Keras's meaning (A8).",
    ),
    "global_clipnorm": (
        "float or None",
        "Greatest norm of the whole gradient, in the article's meaning (A8); excludes `clipnorm`.",
    ),
    "weight_decay": (
        "float",
        "Share by which each update lowers the weights, times the rate, apart from the gradient (Loshchilov and Hutter "
        "2019); not biases and other variables of one dimension. For optimizers given by name; 0 is Keras's own.",
    ),
    "beta_2": (
        "float or None",
        "Memory of the squared gradients in 'adam' and its kin; None is Keras's .999.",
    ),
    "ema_momentum": (
        "float or None",
        "Share of the old average that each update keeps in an exponential moving average of the weights, such as .99 "
        "(Polyak and Juditsky 1992). The averages are validated, monitored and kept. None is no average.",
    ),
    "lr_schedule": (
        "{'plateau', 'one_cycle', 'cosine', 'flat_cosine', 'coslog4'}",
        "What the rate does. 'plateau': it is divided when the monitored value stops improving (A5.3). The others "
        "follow a curve over all updates, with `learning_rate` as their highest: 'one_cycle' rises and falls (Smith "
        "and Topin 2018), 'cosine' falls (Loshchilov and Hutter 2017), 'flat_cosine' falls in the second half, "
        "'coslog4' makes four waves of growing length (Holzmüller et al. 2024). They end with the last epoch.",
    ),
    "batch_size": (
        "int or 'auto'",
        "Rows of a minibatch (A3); all rows if there are fewer. 'auto': 64 where there are less than 1,000 rows, else "
        "256.",
    ),
    "epochs": (
        "int or 'auto'",
        "Passes over the data at most. 'auto' counts updates too, since small data starve otherwise: {epochs}"
        " epochs or {updates} updates, whichever is more.",
    ),
    "patience": (
        "int or 'auto'",
        "Epochs without improvement before the rate is lowered. 'auto': {patience_epochs} epochs or "
        "{patience_updates} updates, whichever is more.",
    ),
    "lr_factor": (
        "float",
        "What the rate is multiplied with when the monitored value stops improving: 1/2 or 1/5 (A5.3).",
    ),
    "min_lr_factor": (
        "float",
        "Training ends when the rate falls under this share of the first rate (A5.3).",
    ),
    "min_delta": (
        "float",
        "Least change of the monitored value that counts as an improvement.",
    ),
    "monitor": (
        "str",
        "Name in `history_` of the value that decides on the rate and the best weights (A6), such as 'val_loss', "
        "'val_accuracy' or 'val_AUC'. A metric of Keras's is recorded for it. Without validation it is the same value "
        "of the training part.",
    ),
    "validation_fraction": (
        "float",
        "Share of the rows set apart for validation (A6), stratified for single-label classifiers; 0 for "
        "none. Not used when `fit` gets `X_val`.",
    ),
    "restore_best_weights": (
        "bool",
        "Whether the weights of the best epoch are kept instead of the last one's: that with the best {best_value}.",
    ),
    "shuffle": (
        "bool",
        "Whether the rows are shuffled before each epoch (S4).",
    ),
    "loss": (
        "'auto', str, callable or keras.losses.Loss",
        "'auto' is cross-entropy for classes and the mean squared error of the standardised target for "
        "values. Losses of Keras get what they expect: logits, probabilities or one-hot classes; a function "
        "gets class codes and probabilities. In a regression, the squared and the absolute error, and 'huber' and "
        "'log_cosh' by name, see the standardised target. Every other loss sees y and the predictions in the unit of "
        "y; so does `keras.losses.Huber(delta=...)`. Its gradient is scaled so that the default rate fits, and so is "
        "`min_delta`; `history_` shows the loss itself. A loss that takes positive predictions only gets them from a "
        "softplus, one for shares from a sigmoid; regressors tell by `output_activation_`. The last activation of a "
        "network of your own, such as relu, holds in the unit of y. Code of yours is read anew at each fit.",
    ),
    "metrics": (
        "list of (str, callable or keras.metrics.Metric) or None",
        "Further values in `history_`, weighted by the sample weights: of probabilities, or in the unit of the target.",
    ),
    "class_weight": (
        "dict, 'balanced' or None",
        "Weights of the classes, multiplied with the sample weights in training and validation.",
    ),
    "label_smoothing": (
        "float",
        "Share of the labels that training spreads evenly over all classes (Szegedy et al. 2016). It helps accuracy, "
        "and makes probabilities less sure than they should be. `val_loss` is not smoothed.",
    ),
    "calibrate": (
        "bool",
        "Whether the logits are divided by a temperature that makes the log loss of the validation part smallest "
        "(Guo et al. 2017). It changes probabilities, not labels; `temperature_` tells it.",
    ),
    "warm_start": (
        "bool",
        "Whether `fit` starts from the present weights, with the standardisation and the classes of the first fit.",
    ),
    "callbacks": (
        "list of keras.callbacks.Callback or None",
        "Used as they are, as by Keras; a clone has copies. They get all values of `history_` at the end of each "
        "epoch. ``self.model`` is the network in training, from standardised inputs to logits or standardised values. "
        "What it saves, as `ModelCheckpoint` does, is the complete model, like `model_`. Batch hooks make training go "
        "step by step. With other callbacks every epoch is a call of its own, where without them one call may make "
        "several. Keras's `EarlyStopping` (without its `restore_best_weights`), `CSVLogger` and `TerminateOnNaN` cost "
        "nothing, since they read these values alone.",
    ),
    "steps_per_execution": (
        "'auto' or 1",
        "1 makes every update by a call of its own, as Keras's `fit` does; 'auto' compiles epochs.",
    ),
    "dtype": (
        "{'float32', 'float64', 'mixed_float16', 'mixed_bfloat16'}",
        "Type or policy of the network; probabilities have the type of its variables, values are float64.",
    ),
    "random_state": (
        "int, RandomState or None",
        "Seed of the split, the initial weights, dropout and shuffling. An int gives the same numbers in every fit.",
    ),
    "verbose": (
        "int or 'auto'",
        "0 is silent, 1 or 'auto' shows Keras's progress bar, 2 a line for each epoch.",
    ),
}

ATTRIBUTES = {
    "model_": (
        "keras.Model",
        "The complete model, for use without this package: raw features in; probabilities (one column for two"
        " classes) or values in the target's unit out. Built when first asked for. Its input is of float64 where a"
        " column lies far from zero for its standard deviation, such as a unix time; since Keras's `predict` makes"
        " float32 of arrays, call it there, as ``model_(X)``. It warns of this.",
    ),
    "history_": (
        "dict of str to list of float",
        "A value for each epoch: Keras's logs; `learning_rate`; `update_ratio`, overall and by layer as "
        "``update_ratio/<layer>`` (A5.4); `clipped`, the share of clipped updates (A8).",
    ),
    "n_epochs_": (
        "int",
        "Epochs trained.",
    ),
    "best_epoch_": (
        "int",
        "Index of the best epoch, see `restore_best_weights`; -1 if there was none.",
    ),
    "init_": (
        "InitChoice",
        "The `rule` that drew the initial weights, and the `reason`.",
    ),
    "stopped_by_": (
        "{'epochs', 'learning_rate', 'callback', 'non_finite_loss'}",
        "Why training ended.",
    ),
    "rate_rule_": (
        "{'plateau', 'callback', 'schedule'}",
        "What set the rate: the plateau rule of the article, unless a callback of yours or a schedule in your"
        " optimizer did.",
    ),
    "health_": (
        "Health",
        "What the fit watched beside its history: findings on the data (A1), the signal at the start and dead units at "
        "the end (A7), the loss of a constant prediction. `diagnose` judges it.",
    ),
    "drift_": (
        "list of Finding",
        "What lay far outside of the training data when predictions were made: empty, or the one finding that "
        "`predict` warned of. `diagnose` tells of it too.",
    ),
    "n_features_in_": (
        "int",
        "Columns of a table; of other X the features of a step or the channels of an image.",
    ),
    "input_names_": (
        "list of str",
        "Tables only: names of the columns that the network sees. Numbers and parts of dates come first, then flags of "
        "levels and gaps, filled up with unused columns to a power of two, then embeddings.",
    ),
    "level_codes_": (
        "dict of str to dict of str to int",
        "Tables only: the numbers that `coded_model` takes for the levels of each category. Any other level is 0, and "
        "a missing one is 1.",
    ),
    "embeddings_": (
        "dict of str to LevelVectors",
        "Tables only: `levels` of each embedded column, and their `vectors`.",
    ),
    "feature_names_in_": (
        "ndarray of shape (`n_features_in_`,)",
        "Names of the columns, if all are strings.",
    ),
}
REGRESSOR_ATTRIBUTES = {
    "output_activation_": (
        "{'linear', 'softplus', 'sigmoid'}",
        "What stands behind the network, so that predictions are such as `loss` takes.",
    ),
}
CLASSIFIER_ATTRIBUTES = {
    "classes_": (
        "ndarray of shape (n_classes,)",
        "Labels, sorted.",
    ),
    "temperature_": (
        "float",
        "What the logits are divided by; 1 without `calibrate`.",
    ),
}


def documented(estimator_class):
    """Complete an estimator's docstring with its parameters and attributes; the defaults are those of the signature."""
    budget = estimator_class._budget
    best_value = "monitored value"
    if budget.averaged:
        best_value = f"mean of the monitored value over the {budget.averaged:.0%} of `epochs` that end with it"
    description, _, examples = estimator_class.__doc__.partition("\n    Examples\n")
    lines = [description.rstrip(), "", "Parameters", "----------"]
    for parameter in fields(estimator_class):
        kind, text = PARAMETERS[parameter.name]
        default = getattr(parameter.default, "__name__", repr(parameter.default))
        text = text.format(**vars(budget), best_value=best_value)
        lines += [f"{parameter.name} : {kind}, default={default}", f"    {text}"]
    of_head = CLASSIFIER_ATTRIBUTES if hasattr(estimator_class, "predict_proba") else REGRESSOR_ATTRIBUTES
    attributes = ATTRIBUTES | of_head
    lines += ["", "Attributes", "----------"]
    for name, (kind, text) in attributes.items():
        if text.startswith("Tables only") and not hasattr(estimator_class, name):
            continue
        lines += [f"{name} : {kind}", f"    {text}"]
    lines += ["", "Examples", inspect.cleandoc(examples)]
    estimator_class.__doc__ = "\n".join(lines) + "\n"
    return estimator_class
