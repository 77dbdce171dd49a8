"""The docstrings of estimators: their parameters as declared, and the attributes that all of them have."""

import inspect

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


def extends(documented):
    """Decorate a method whose docstring has further parameters only: it gets the others, and the rest, of another.

    Parameters
    ----------
    documented : function
    """

    def decorate(method):
        head, rest = inspect.cleandoc(documented.__doc__).split("\n\nReturns\n", 1)
        own = inspect.cleandoc(method.__doc__).split("----------\n", 1)[1]
        method.__doc__ = f"{head}\n{own}\n\nReturns\n{rest}\n"
        return method

    return decorate


def document(estimator_class, budget, parameters):
    """Complete an estimator's docstring with its parameters and attributes.

    Parameters
    ----------
    estimator_class : type
        Its docstring has a description and examples.
    budget : Budget
        Of the family.
    parameters : dict of str to (object, mapping)
        Default of each, and what `parameter` declares of it, in the order of the signature.
    """
    best_value = "monitored value"
    if budget.averaged:
        best_value = f"mean of the monitored value over the {budget.averaged:.0%} of `epochs` that end with it"
    description, _, examples = estimator_class.__doc__.partition("\n    Examples\n")
    lines = [description.rstrip(), "", "Parameters", "----------"]
    for name, (default, said) in parameters.items():
        text = said["text"].format(**vars(budget), best_value=best_value)
        lines += [f"{name} : {said['kind']}, default={getattr(default, '__name__', repr(default))}", f"    {text}"]
    of_head = CLASSIFIER_ATTRIBUTES if hasattr(estimator_class, "predict_proba") else REGRESSOR_ATTRIBUTES
    lines += ["", "Attributes", "----------"]
    for name, (kind, text) in (ATTRIBUTES | of_head).items():
        if not text.startswith("Tables only") or hasattr(estimator_class, name):
            lines += [f"{name} : {kind}", f"    {text}"]
    lines += ["", "Examples", inspect.cleandoc(examples)]
    estimator_class.__doc__ = "\n".join(lines) + "\n"
