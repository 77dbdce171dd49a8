"""Bad input: a clear error before any training, and nothing half-changed."""

import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimator_list import (
    CLASSIFIERS,
    LABELS,
    ONE_OF_EACH,
    PLAIN,
    VALUES,
    X,
    label,
    outputs,
    quick,
    target,
)
from fits import one_of_each, plain_classifier, plain_estimator, plain_regressor
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from tried import tried

from presets import CNNClassifier, KerasClassifier, LSTMClassifier, LSTMRegressor, diagnose

INDICATORS = np.column_stack([LABELS > 0, LABELS > 1, X[:, 0] > 0]).astype(int)
TWO_VALUES = np.column_stack([VALUES, -VALUES])


def put(values, value, *place):
    """A copy with one value replaced."""
    changed = np.array(values, dtype=np.result_type(values, type(value)))
    changed[place] = value
    return changed


def frame(values):
    return pd.DataFrame(values, columns=["length", "width", "height", "weight"])


def assert_refused(model, expected, message, *args, method="fit", **kwargs):
    """Check the error, and that the estimator is left as it was, to the last attribute."""
    tried("bad inputs")
    before = dict(vars(model))
    with pytest.raises(expected, match=message):
        getattr(model, method)(*args, **kwargs)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


# ---------------------------------------------------------------- X

BAD_X = {
    "NaN": (put(X, np.nan, 3, 2), r"NaN.*columns: 2\b"),
    "infinity": (put(X, np.inf, 3, 2), r"infinity.*columns: 2\b"),
    "NaN in float32": (put(X, np.nan, 3, 2).astype("float32"), r"NaN.*columns: 2\b"),
    "NaN in CSR": (sparse.csr_matrix(put(X, np.nan, 3, 2)), r"NaN.*columns: 2\b"),
    "infinity in CSC": (sparse.csc_array(put(X, -np.inf, 3, 2)), r"infinity.*columns: 2\b"),
    "NaN in a frame": (frame(put(X, np.nan, 3, 2)), "NaN.*columns: 'height'"),
    "missing in a frame": (frame(X).astype("Int64").mask(X[3, 2] == X), "NaN.*columns: .*'height'"),
    "NaN in polars": (pl.DataFrame(frame(put(X, np.nan, 3, 2)).to_dict("list")), "NaN.*columns: 'height'"),
    "strings in a frame": (frame(X).assign(width="wide"), "could not convert string.*'wide'.*columns: 'width'"),
    "strings in polars": (pl.DataFrame(frame(X).assign(width="wide").to_dict("list")), "columns: 'width'"),
    "several columns": (frame(put(put(X, np.nan, 3, 2), np.nan, 5, 0)), "columns: 'length', 'height'"),
    "strings": (X.astype(str), "strings"),
    "None": (put(X.astype(object), None, 3, 2), r"columns: 2\b"),
    "None in lists": (put(X.astype(object), None, 3, 2).tolist(), r"columns: 2\b"),
    "no rows": (X[:0], "0 sample"),
    "no columns": (X[:, :0], "0 feature"),
    "no rows in CSR": (sparse.csr_array(X[:0]), "0 sample"),
    "one dimension": (X[:, 0], "2D array"),
    "complex numbers": (X * 1j, "Complex data"),
    "fewer rows than y": (X[:50], "inconsistent numbers of samples"),
}


# what the families for tables as they come take, see `test_tables.py`
TAKEN_AS_IT_COMES = {kind for kind in BAD_X if kind.startswith(("NaN", "missing", "strings", "several", "None"))}
TAKEN_AS_IT_COMES -= {"NaN in CSR"}
TAKES_ALL = [estimator for estimator in ONE_OF_EACH if hasattr(estimator(), "categorical_features")]


def is_bad(estimator, kind):
    return estimator not in TAKES_ALL or kind not in TAKEN_AS_IT_COMES


@pytest.mark.parametrize(("estimator", "kind"), [(e, k) for e in ONE_OF_EACH for k in BAD_X if is_bad(e, k)], ids=label)
def test_bad_x(estimator, kind, no_training):
    bad, message = BAD_X[kind]
    y = target(estimator)[: len(X) if "no " not in kind else bad.shape[0]]
    assert_refused(quick(estimator), (ValueError, TypeError), message, bad, y)


@plain_estimator
def test_table_of_three_dimensions(estimator, no_training):
    assert_refused(quick(estimator), ValueError, "dim 3", X[:, :, None], target(estimator))


@one_of_each
def test_many_faulty_columns_are_counted(estimator):
    infinite = np.full((100, 20), np.inf)
    assert_refused(quick(estimator), ValueError, r"columns: 0, 1, 2, 3, 4 and 15 more", infinite, target(estimator))


@pytest.fixture(scope="module")
def fitted():
    """Each estimator fitted to a frame, and to an array."""
    return {
        (estimator, kind): quick(estimator).fit(rows, target(estimator))
        for estimator in ONE_OF_EACH
        for kind, rows in {"frame": frame(X), "array": X}.items()
    }


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [(e, k) for e in ONE_OF_EACH for k in BAD_X if k != "fewer rows than y" and (is_bad(e, k) or "strings" in k)],
    ids=label,
)
def test_bad_x_at_predict(estimator, kind, fitted):
    bad, message = BAD_X[kind]
    model = fitted[estimator, "frame" if isinstance(bad, pd.DataFrame | pl.DataFrame) else "array"]
    if estimator in TAKES_ALL and "strings" in kind:
        message = "Column .* had numbers in fit, but has strings or categories now"
    if kind == "no columns":
        message = "0 feature|expecting 4 features"
    assert_refused(model, (ValueError, TypeError), message, bad, method="predict")
    if is_classifier(model):
        assert_refused(model, (ValueError, TypeError), message, bad, method="predict_proba")


@one_of_each
def test_other_widths_and_names_at_predict(estimator, fitted):
    model = fitted[estimator, "frame"]
    for width in (3, 5):
        rows = np.ones((10, width))
        assert_refused(fitted[estimator, "array"], ValueError, f"X has {width} features.*4", rows, method="predict")
    assert_refused(
        model, ValueError, "unseen at fit time:\n- depth", frame(X).rename(columns={"width": "depth"}), method="predict"
    )
    assert_refused(model, ValueError, "now missing:\n- width", frame(X).drop(columns="width"), method="predict")
    assert_refused(model, ValueError, "same order", frame(X)[["width", "length", "height", "weight"]], method="predict")


@one_of_each
def test_not_fitted(estimator):
    for name in ("predict", "predict_proba") if estimator in CLASSIFIERS else ("predict",):
        assert_refused(quick(estimator), NotFittedError, "not fitted yet", X, method=name)
    with pytest.raises(NotFittedError):
        _ = estimator().model_
    assert not hasattr(estimator(), "classes_")


# ---------------------------------------------------------------- y

BAD_LABELS = {
    "one class": (np.ones(len(X)), r"one class.*1\.0"),
    "one string": (np.full(len(X), "all"), "one class.*'all'"),
    "NaN": (put(LABELS, np.nan, 3), "y contains NaN.*row 3"),
    "NaN in objects": (put(LABELS.astype(object), np.nan, 3), "y contains NaN.*row 3"),
    "None": (put(LABELS.astype(object), None, 3), "y contains NaN or None.*row 3"),
    "missing in a series": (
        pd.Series(np.array(["a", "b", "c"])[LABELS], dtype="string").mask(LABELS == 0),
        "y contains NaN",
    ),
    "continuous": (VALUES, "continuous"),
    "several outputs": (np.column_stack([LABELS, LABELS]), "y should be a 1d array"),
    "none at all": (None, "y"),
    "three dimensions": (LABELS[:, None, None], "dim 3"),
}
BAD_VALUES = {
    "NaN": (put(VALUES, np.nan, 3), "y contains NaN"),
    "infinity": (put(VALUES, np.inf, 3), "y contains infinity"),
    "NaN in a column": (put(TWO_VALUES, np.nan, 3, 1), "y contains NaN"),
    "strings": (np.array(["low", "middle", "high"])[LABELS], "y must contain numbers.*'[a-z]+'"),
    "none at all": (None, "y"),
    "three dimensions": (VALUES[:, None, None], "dim 3"),
}


@plain_classifier
@pytest.mark.parametrize("kind", BAD_LABELS)
def test_bad_labels(estimator, kind, no_training):
    assert_refused(quick(estimator), ValueError, BAD_LABELS[kind][1], X, BAD_LABELS[kind][0])


@plain_regressor
@pytest.mark.parametrize("kind", BAD_VALUES)
def test_bad_values(estimator, kind, no_training):
    assert_refused(quick(estimator), ValueError, BAD_VALUES[kind][1], X, BAD_VALUES[kind][0])


# ---------------------------------------------------------------- weights

BAD_WEIGHTS = {
    "negative": (put(np.ones(len(X)), -1.0, 3), "[Nn]egative values.*`sample_weight`"),
    "NaN": (put(np.ones(len(X)), np.nan, 3), "sample_weight contains NaN"),
    "infinity": (put(np.ones(len(X)), np.inf, 3), "sample_weight contains infinity"),
    "all zero": (np.zeros(len(X)), "(sample_weight|Sample weights).*(zero|non-zero)"),
    "too short": (np.ones(5), r"sample_weight.shape == \(5,\)"),
    "two dimensions": (np.ones((len(X), 2)), "Sample weights must be 1D"),
}


@plain_estimator
@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_bad_sample_weight(estimator, kind, no_training):
    weights, message = BAD_WEIGHTS[kind]
    assert_refused(quick(estimator), ValueError, message, X, target(estimator), sample_weight=weights)


BAD_CLASS_WEIGHTS = {
    "negative": ({0: -1, 1: 1, 2: 1}, "class_weight=.*not negative"),
    "NaN": ({0: np.nan, 1: 1, 2: 1}, "class_weight=.*finite"),
    "all zero": ({0: 0, 1: 0, 2: 0}, "class_weight=.*positive"),
    "a list": ([1, 2, 3], "'class_weight' parameter"),
    "another name": ("equal", "'class_weight' parameter"),
    "other classes": ({"a": 1, "b": 2}, "class_weight"),
}


@plain_classifier
@pytest.mark.parametrize("kind", BAD_CLASS_WEIGHTS)
def test_bad_class_weight(estimator, kind, no_training):
    class_weight, message = BAD_CLASS_WEIGHTS[kind]
    assert_refused(quick(estimator, class_weight=class_weight), ValueError, message, X, LABELS)


@plain_classifier
def test_bad_class_weight_of_labels_that_are_not_exclusive(estimator, no_training):
    assert_refused(quick(estimator, class_weight={0: 1, 1: 2}), ValueError, "class_weight", X, INDICATORS)


# ---------------------------------------------------------------- validation data


@one_of_each
def test_validation_data_belong_together(estimator, no_training):
    y = target(estimator)
    assert_refused(quick(estimator), ValueError, "X_val and y_val belong together", X, y, X_val=X)
    assert_refused(quick(estimator), ValueError, "X_val and y_val belong together", X, y, y_val=y)


BAD_VALIDATION_X = {
    "narrow": (X[:20, :2], "X has 2 features.*4"),
    "infinity": (put(X[:20], np.inf, 3, 2), r"infinity.*columns: 2\b"),
    "short": (X[:10], "inconsistent numbers of samples"),
    "empty": (X[:0], "0 sample"),
}


@one_of_each
@pytest.mark.parametrize("kind", BAD_VALIDATION_X)
def test_bad_validation_x(estimator, kind, no_training):
    bad, message = BAD_VALIDATION_X[kind]
    y_val = target(estimator)[: 0 if kind == "empty" else 20]
    assert_refused(quick(estimator), ValueError, f"X_val.*{message}", X, target(estimator), X_val=bad, y_val=y_val)


BAD_VALIDATION_Y = {
    "other classes": (LABELS, LABELS + 7, r"labels that are not among the classes: \[\d+"),
    "strings": (LABELS, (LABELS + 7).astype(str), "labels that are not among the classes"),
    "indicators": (LABELS, INDICATORS, "3 column.* 1 "),
    "no indicators": (INDICATORS, LABELS, "1 column.* 3 "),
    "fewer indicators": (INDICATORS, INDICATORS[:, :2], "2 column.* 3 "),
    "continuous": (LABELS, VALUES, "continuous"),
}


@plain_classifier
@pytest.mark.parametrize("kind", BAD_VALIDATION_Y)
def test_bad_validation_labels(estimator, kind, no_training):
    y, y_val, message = BAD_VALIDATION_Y[kind]
    assert_refused(quick(estimator), ValueError, f"y_val.*{message}", X, y, X_val=X, y_val=y_val)


@plain_regressor
@pytest.mark.parametrize(("y", "y_val"), [(VALUES, TWO_VALUES), (TWO_VALUES, VALUES)], ids=["more", "fewer"])
def test_bad_validation_values(estimator, y, y_val, no_training):
    assert_refused(quick(estimator), ValueError, "y_val.*column", X, y, X_val=X, y_val=y_val)


# ---------------------------------------------------------------- parameters

BAD_PARAMETERS = {
    "init": ["no such rule", 3],
    "init_stddev": [0, -1.0, "wide"],
    "init_scale": [0, -1.0],
    "dropout": [1.0, -0.1, "some"],
    "l1": [-1.0],
    "l2": [-1.0],
    "standardize": ["yes"],
    "optimizer": ["no such optimizer", 3, keras.optimizers.Adam],
    "learning_rate": [0, -0.1, np.nan, np.inf, "fast"],
    "momentum": [-0.1, 2],
    "nesterov": ["yes"],
    "clipnorm": [0, -1.0],
    "batch_size": [0, 2.5],
    "epochs": [0, 2.5, "many"],
    "patience": [0, 2.5, "much"],
    "lr_factor": [0, 1, 2.0],
    "min_lr_factor": [-0.1, 1],
    "min_delta": [-1.0],
    "monitor": ["val_nothing", 3],
    "validation_fraction": [1, -0.1],
    "restore_best_weights": ["yes"],
    "shuffle": [None],
    "loss": ["no such loss", 3, None],
    "metrics": [["no such metric"], "accuracy"],
    "warm_start": [None],
    "steps_per_execution": [0, 2, "some"],
    "dtype": ["int8", "float"],
    "random_state": ["lucky", -1],
    "verbose": [3, "loud"],
    "hidden_layer_sizes": [(0,), (8, -1), (2.5,), "wide", 64, None],
    "activation": ["no such activation", None],
}
OWN_PARAMETERS = {"init", "dropout", "activation"}  # what each family uses in a way of its own


@pytest.mark.parametrize(
    ("estimator", "parameter", "value"),
    [
        (estimator, name, value)
        for estimator in ONE_OF_EACH
        for name, values in BAD_PARAMETERS.items()
        for value in values
        if name in estimator().get_params() and (estimator in PLAIN or name in OWN_PARAMETERS)
    ],
    ids=label,
)
def test_bad_parameter(estimator, parameter, value, no_training):
    word = parameter.removesuffix("s") if parameter in ("metrics", "callbacks") else parameter
    assert_refused(quick(estimator, **{parameter: value}), (ValueError, TypeError), word, X, target(estimator))


@one_of_each
def test_every_parameter_is_constrained(estimator):
    assert estimator._parameter_constraints.keys() == estimator().get_params().keys()


@one_of_each
def test_both_clips(estimator, no_training):
    model = quick(estimator, clipnorm=5.0, global_clipnorm=1.0)
    assert_refused(model, ValueError, "clipnorm=5.0 and global_clipnorm=1.0", X, target(estimator))
    assert_refused(
        quick(estimator, clipnorm=None, global_clipnorm=0), ValueError, "global_clipnorm", X, target(estimator)
    )


@one_of_each
def test_momentum_of_an_optimizer_without(estimator, no_training):
    assert_refused(quick(estimator, optimizer="adam", momentum=0.9), ValueError, "momentum=0.9", X, target(estimator))


@one_of_each
@pytest.mark.parametrize(
    "callbacks",
    [[print], [keras.callbacks.EarlyStopping], "early", 3, [keras.callbacks.EarlyStopping(), None]],
    ids=["function", "class", "name", "number", "callback and None"],
)
def test_callback_that_is_none(estimator, callbacks, no_training):
    assert_refused(quick(estimator, callbacks=callbacks), (TypeError, ValueError), "callbacks", X, target(estimator))


@plain_classifier
def test_metric_that_gives_a_number_for_each_class(estimator, no_training):
    model = quick(estimator, metrics=["f1_score"])
    assert_refused(model, ValueError, r"'f1_score' returns an array of shape \(3,\).*average='macro'", X, LABELS)


@one_of_each
def test_monitor_of_validation_without_its_metric(estimator, no_training):
    model = quick(estimator, monitor="val_beauty", metrics=["mae"])
    assert_refused(model, ValueError, "monitor='val_beauty'.*loss, mae, val_loss, val_mae", X, target(estimator))


@one_of_each
def test_unknown_arguments(estimator):
    with pytest.raises(TypeError, match="layers"):
        estimator(layers=3)
    with pytest.raises(TypeError):
        estimator((16,))


# ---------------------------------------------------------------- a fitted estimator survives


@plain_estimator
def test_failed_fit_leaves_a_fitted_estimator_as_it_was(estimator):
    y = target(estimator)
    model = quick(estimator).fit(frame(X), y)
    before = outputs(model, frame(X))
    other = pd.DataFrame(np.ones((100, 3)), columns=["x", "y", "z"])
    assert_refused(model, ValueError, "infinity", put(X[:, :3], np.inf, 3, 2), y)
    assert_refused(model, ValueError, "inconsistent", other, y[:50])
    assert_refused(model, ValueError, "belong together", other, y, X_val=X)
    assert_refused(model, ValueError, "y_val", other, y, X_val=other, y_val=y[:3])
    np.testing.assert_array_equal(outputs(model, frame(X)), before)
    assert list(model.feature_names_in_) == list(frame(X).columns)


class Fail(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


@one_of_each
@pytest.mark.parametrize("warm_start", [False, True])
def test_interrupted_fit_leaves_a_fitted_estimator_as_it_was(estimator, warm_start):
    tried("interrupted fits")
    y = target(estimator)
    model = quick(estimator).fit(frame(X), y)
    before = outputs(model, frame(X))
    model.set_params(callbacks=[Fail()], warm_start=warm_start)
    assert_refused(model, KeyboardInterrupt, None, frame(X), y)
    np.testing.assert_array_equal(outputs(model, frame(X)), before)


@plain_classifier
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (LABELS, LABELS + 1, r"labels that are not among the classes: \[3\]"),
        (LABELS > 0, INDICATORS, "3 column"),
        (INDICATORS, LABELS, "1 column"),
        (INDICATORS, INDICATORS[:, :2], "2 column"),
    ],
    ids=["another class", "binary to indicators", "indicators to classes", "fewer indicators"],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_with_other_classes(estimator, first, second, message, method):
    model = quick(estimator, warm_start=True).fit(X, first)
    before = outputs(model)
    assert_refused(model, ValueError, message, X, second, method=method)
    np.testing.assert_array_equal(outputs(model), before)


@plain_regressor
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_with_other_outputs(estimator, method):
    assert_refused(
        quick(estimator, warm_start=True).fit(X, VALUES), ValueError, "2 column", X, TWO_VALUES, method=method
    )
    assert_refused(
        quick(estimator, warm_start=True).fit(X, TWO_VALUES), ValueError, "1 column", X, VALUES, method=method
    )


@plain_estimator
def test_going_on_with_another_network(estimator):
    model = quick(estimator, warm_start=True).fit(X, target(estimator))
    assert_refused(model, ValueError, "X has 2 features", X[:, :2], target(estimator))
    assert_refused(model, ValueError, "X has 2 features", X[:, :2], target(estimator), method="partial_fit")
    model.set_params(hidden_layer_sizes=(4,))
    assert_refused(model, ValueError, "architecture.*warm_start=False", X, target(estimator))


@plain_classifier
def test_bad_classes_of_partial_fit(estimator, no_training):
    assert_refused(
        quick(estimator), ValueError, r"not among the classes: \[2\]", X, LABELS, classes=[0, 1], method="partial_fit"
    )
    assert_refused(quick(estimator), ValueError, "one class", X, LABELS * 0, method="partial_fit")


@plain_classifier
def test_other_classes_at_the_second_partial_fit(estimator):
    model = quick(estimator).partial_fit(X, LABELS, classes=[0, 1, 2])
    message = r"classes=\[0, 1\] differ from those of the first call: \[0, 1, 2\]"
    assert_refused(model, ValueError, message, X, LABELS > 0, classes=[0, 1], method="partial_fit")
    model.partial_fit(X, LABELS, classes=[2, 1, 0])


# ---------------------------------------------------------------- not errors, but said


@one_of_each
def test_too_few_rows_for_the_split(estimator):
    y = np.arange(9) % 2
    with pytest.warns(UserWarning, match=r"validation_fraction=0.1 of 9 rows.*training loss"):
        model = quick(estimator).fit(X[:9], y)
    assert "val_loss" not in model.history_
    assert np.isfinite(outputs(model)).all()


@one_of_each
def test_enough_rows_or_no_split_are_silent(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert "val_loss" in quick(estimator).fit(X[:10], np.arange(10) % 2).history_
        quick(estimator, validation_fraction=0).fit(X[:9], np.arange(9) % 2)
        quick(estimator).fit(X[:9], np.arange(9) % 2, X_val=X[9:], y_val=np.arange(91) % 2)


@one_of_each
def test_loss_that_is_no_number(estimator):
    model = quick(estimator, learning_rate=1e38, clipnorm=None, epochs=20)
    with pytest.warns(ConvergenceWarning, match=r"loss became (nan|inf).*learning_rate.*clipnorm") as caught:
        model.fit(X, target(estimator))
    assert caught[0].filename == __file__
    assert model.stopped_by_ == "non_finite_loss"
    assert model.n_epochs_ < 20
    assert np.isfinite(outputs(model)).all()
    assert all(np.isfinite(weights).all() for weights in model.model_.get_weights())


@plain_regressor
def test_validation_loss_that_is_not_finite_is_named(estimator):
    y = target(estimator)
    model = quick(estimator, epochs=20)
    with pytest.warns(ConvergenceWarning, match=r"The val_loss became (nan|inf) in epoch 1 "):
        model.fit(X, y, X_val=X * 1e30, y_val=y)
    assert np.isfinite(model.history_["loss"]).all()
    assert diagnose(model)[0].what.startswith("The val_loss became ")


class Explode(keras.callbacks.Callback):
    """Spoils training after some epochs."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 30:
            self.model.optimizer.learning_rate = 1e38


@plain_estimator
@pytest.mark.parametrize("restore_best_weights", [True, False])
def test_what_was_learnt_before_the_loss_was_no_number_is_kept(estimator, restore_best_weights):
    model = quick(
        estimator,
        epochs=40,
        clipnorm=None,
        callbacks=[Explode()],
        restore_best_weights=restore_best_weights,
        patience=40,
    )
    with pytest.warns(ConvergenceWarning, match="loss became"):
        model.fit(X, target(estimator))
    assert model.score(X, target(estimator)) > 0.7


@plain_estimator
def test_loss_that_is_no_number_is_no_success_even_as_an_error(estimator):
    model = quick(estimator).fit(X, target(estimator))
    before = outputs(model)
    model.set_params(learning_rate=1e38, clipnorm=None, epochs=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert_refused(model, ConvergenceWarning, "loss became", X, target(estimator))
    np.testing.assert_array_equal(outputs(model), before)


# ---------------------------------------------------------------- containers that hide what they hold

CUBE = np.random.default_rng(0).normal(size=(len(X), 3, 2))


class Tensor:
    """What numpy sees of a tensor of torch with gradients."""

    requires_grad = True


CONTAINERS = {
    "None": (None, TypeError, "X is None"),
    "plan": (pl.DataFrame(X.astype(float)).lazy(), TypeError, r"X is a LazyFrame.*X\.collect\(\)"),
    "dict": ({"a": X}, TypeError, "X is a dict.*`inputs`"),
    "inputs": ([X[:, :2], X[:, 2:]], ValueError, "list of 2 inputs with 100 rows each.*`inputs`"),
    "masked": (np.ma.masked_less(X, -10), ValueError, r"masked array with \d+ masked values.*filled"),
    "gradients": (Tensor(), ValueError, r"X is a tensor with gradients: give X\.detach\(\)"),
}


@one_of_each
@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_that_hide_their_data(estimator, kind, no_training):
    data, error, message = CONTAINERS[kind]
    with pytest.raises(error, match=message):
        quick(estimator).fit(data, target(estimator))


@plain_estimator
def test_masked_and_missing_arguments_are_named(estimator, no_training):
    with pytest.raises(ValueError, match="y is a masked array"):
        quick(estimator).fit(X, np.ma.masked_equal(target(estimator), target(estimator)[0]))
    plan = pl.DataFrame(X.astype(float)).lazy()
    with pytest.raises(TypeError, match="In X_val, y_val: X is a LazyFrame"):
        quick(estimator).fit(X, target(estimator), X_val=plan, y_val=target(estimator))


@pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMRegressor, CNNClassifier, KerasClassifier])
@pytest.mark.parametrize("unit", ["datetime64[s]", "timedelta64[s]"])
def test_times_are_no_numbers(estimator, unit, no_training):
    times = np.arange(len(X) * 6).reshape(len(X), 3, 2).astype(unit)
    times[3, 1] = "NaT"
    with pytest.raises(ValueError, match=r"X holds (datetimes|time spans).*timedelta64"):
        quick(estimator, **({"image_shape": None} if estimator is CNNClassifier else {})).fit(times, target(estimator))


def test_groups_without_a_group(no_training):
    groups = np.array(["a", None, *["b"] * (len(X) - 2)], dtype=object)
    with pytest.raises(ValueError, match="groups contains NaN or None in row 1"):
        quick(LSTMClassifier).fit(X, LABELS, groups=groups)


@plain_estimator
def test_one_row_gives_no_scale(estimator):
    classes = {"classes": [0, 1, 2]} if is_classifier(estimator()) else {}
    model = quick(estimator)
    with pytest.warns(UserWarning, match="first call of partial_fit has one row"):
        model.partial_fit(X[:1], target(estimator)[:1], **classes)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*one row.*")
        model.partial_fit(X[:1], target(estimator)[:1])


def test_a_backbone_that_rescales_by_itself_is_told():
    inputs = keras.Input((8, 8, 1))
    rescaled = keras.layers.Rescaling(1 / 255)(inputs)
    backbone = keras.Model(inputs, keras.layers.Conv2D(4, 3)(rescaled))
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1)).astype(np.uint8)
    with pytest.warns(UserWarning, match="also rescales its images"):
        CNNClassifier(backbone=backbone, epochs=1, augmentation=None).fit(images, np.arange(20) % 2)
