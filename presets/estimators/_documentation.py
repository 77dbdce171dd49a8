"""The docstrings of estimators: their declared parameters, and the attributes that all estimators have."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

ATTRIBUTES = {
    "model_": (
        "keras.Model",
        "The complete model, for use without this package: from raw features to probabilities (one column for two"
        " classes) or to values in the unit of y. It is built at its first use. Its input is float64 if the mean of a"
        " column is large compared with its standard deviation, as in a unix time. Keras's `predict` converts arrays to"
        " float32, so call ``model_(X)`` then; a warning says so.",
    ),
    "history_": (
        "dict of str to list of float",
        "One value for each epoch: Keras's logs; `learning_rate`; `dropout` and `weight_decay`, if they follow a "
        "curve; `update_ratio`, of all weights and of each layer as ``update_ratio/<layer>`` (A5.4); `clipped`, the "
        "share of clipped updates (A8).",
    ),
    "n_epochs_": (
        "int",
        "Number of epochs of the training.",
    ),
    "best_epoch_": (
        "int",
        "Index of the best epoch, counted from 0, see `restore_best_weights`; -1 if there was none.",
    ),
    "init_": (
        "InitChoice",
        "The `rule` that drew the initial weights, and the `reason`.",
    ),
    "stopped_by_": (
        "{'epochs', 'learning_rate', 'no_improvement', 'callback', 'non_finite_loss'}",
        "Why training ended: all epochs were trained, the learning rate fell below `min_lr_factor`, the best epoch is "
        "long past (see `epochs`), a callback stopped it, or a loss was NaN or infinite.",
    ),
    "rate_rule_": (
        "{'plateau', 'callback', 'schedule'}",
        "What set the learning rate: the article's plateau rule, your callback, or a schedule.",
    ),
    "health_": (
        "Health",
        "Further records of the fit: findings on the data (A1), the signal at the start and dead units at the end "
        "(A7), and the loss of a constant prediction. `diagnose` uses them.",
    ),
    "drift_": (
        "list of Finding",
        "Values far outside of the training data in predictions: empty, or the one finding of which `predict` has "
        "warned. `diagnose` reports it too.",
    ),
    "n_features_in_": (
        "int",
        "Number of columns of a table, of features of a step, or of channels of an image.",
    ),
    "input_names_": (
        "list of str",
        "Tables only: names of the columns that the network gets. Numbers and parts of dates come first, then flags of "
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
        "Activation that this package adds after the network, so that `loss` accepts the predictions.",
    ),
}
CLASSIFIER_ATTRIBUTES = {
    "classes_": (
        "ndarray of shape (n_classes,)",
        "Labels, sorted.",
    ),
    "temperature_": (
        "float",
        "Divisor of the logits; 1 without `calibrate`.",
    ),
}


def extends(documented: Callable[..., Any]) -> Callable[[Method], Method]:
    """Decorate a method whose docstring has only its further parameters: the rest is taken from another docstring.

    Parameters
    ----------
    documented : function
        Function with the other docstring.
    """

    def decorate(method: Method) -> Method:
        head, rest = inspect.cleandoc(documented.__doc__ or "").split("\n\nReturns\n", 1)
        own = inspect.cleandoc(method.__doc__ or "").split("----------\n", 1)[1]
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
        Budget of the family.
    parameters : dict of str to (object, mapping)
        Default and declaration of each parameter, in the order of the signature.
    """
    best_value = "monitored value"
    if budget.averaged:
        best_value = f"smoothed monitored value, a moving mean over {budget.averaged:.0%} of `epochs`"
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
