"""Losses, metrics, and the value that is monitored."""

import keras
import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    LABELS,
    REGRESSORS,
    VALUES,
    X,
    label,
    quick,
    target,
)
from fits import X_TRAIN, X_VAL, fit, one_of_each, parts, plain_classifier, plain_estimator, plain_regressor
from sklearn.metrics import accuracy_score, mean_absolute_error, roc_auc_score


@keras.saving.register_keras_serializable("tests")
def absolute_error(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


@plain_regressor
@pytest.mark.parametrize("loss", ["mae", "huber", "log_cosh", keras.losses.Huber(0.5), absolute_error], ids=label)
def test_losses_of_values(estimator, loss):
    assert fit(estimator, loss=loss, epochs=40).score(X, VALUES) > 0.7


@plain_regressor
def test_losses_by_name_object_and_function_are_the_same(estimator):
    """A function of the user's sees the unit of y instead: see test_losses."""
    losses = ["mae", keras.losses.MeanAbsoluteError(), keras.losses.mean_absolute_error]
    first, *others = (fit(estimator, loss=loss).history_["val_loss"] for loss in losses)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-5)


LOSSES = {
    "binary": (
        LABELS > 0,
        ["binary_crossentropy", "binary_focal_crossentropy", keras.losses.BinaryCrossentropy(label_smoothing=0.1)],
    ),
    "multiclass": (
        LABELS,
        [
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
            "categorical_focal_crossentropy",
            keras.losses.SparseCategoricalCrossentropy(),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        ],
    ),
    "multilabel": (
        np.column_stack([LABELS > 0, LABELS > 1]).astype(int),
        ["binary_crossentropy", "binary_focal_crossentropy"],
    ),
}


@plain_classifier
@pytest.mark.parametrize(("kind", "loss"), [(kind, loss) for kind in LOSSES for loss in LOSSES[kind][1]], ids=label)
def test_losses_of_classes(estimator, kind, loss):
    y = LOSSES[kind][0]
    assert quick(estimator, loss=loss, epochs=60).fit(X, y).score(X, y) > 0.6


@plain_classifier
@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("binary", "binary_crossentropy"),
        ("binary", keras.losses.BinaryCrossentropy()),
        ("multiclass", "sparse_categorical_crossentropy"),
        ("multiclass", "categorical_crossentropy"),
        ("multiclass", keras.losses.CategoricalCrossentropy()),
        ("multilabel", "binary_crossentropy"),
    ],
    ids=label,
)
def test_auto_loss_of_classes_is_cross_entropy(estimator, kind, loss):
    y = LOSSES[kind][0]
    automatic, named = (quick(estimator, loss=name).fit(X, y).history_["val_loss"] for name in ("auto", loss))
    np.testing.assert_allclose(named, automatic, rtol=1e-4)


@plain_classifier
def test_metrics_of_two_classes(estimator):
    y = LABELS > 0
    metrics = ["accuracy", "AUC", keras.metrics.Precision(name="exactness")]
    model = quick(estimator, metrics=metrics, epochs=40, restore_best_weights=False).fit(
        X_TRAIN, y[:70], X_val=X_VAL, y_val=y[70:]
    )
    assert {"accuracy", "AUC", "exactness", "val_accuracy", "val_AUC", "val_exactness"} <= model.history_.keys()
    assert model.history_["val_accuracy"][-1] == pytest.approx(model.score(X_VAL, y[70:]))
    assert model.history_["val_AUC"][-1] == pytest.approx(
        roc_auc_score(y[70:], model.predict_proba(X_VAL)[:, 1]), abs=0.02
    )


@plain_classifier
@pytest.mark.parametrize("metric", ["accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy"])
def test_accuracy_of_several_classes(estimator, metric):
    model = quick(estimator, metrics=[metric], epochs=5, restore_best_weights=False).fit(**parts(estimator))
    assert model.history_[f"val_{metric}"][-1] == pytest.approx(accuracy_score(LABELS[70:], model.predict(X_VAL)))


@plain_regressor
@pytest.mark.parametrize("metric", ["mae", keras.metrics.MeanAbsoluteError(name="mae"), absolute_error], ids=label)
def test_metrics_of_values_are_in_their_unit(estimator, metric):
    model = quick(estimator, metrics=[metric], restore_best_weights=False).fit(**parts(estimator))
    name = "absolute_error" if metric is absolute_error else "mae"
    expected = mean_absolute_error(VALUES[70:], model.predict(X_VAL))
    assert model.history_[f"val_{name}"][-1] == pytest.approx(expected, rel=1e-4)


@plain_estimator
def test_metrics_are_weighted(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 2 == 0
    name = "accuracy" if estimator in CLASSIFIERS else "mae"
    both = (
        quick(estimator, metrics=[name], validation_fraction=0).fit(X, y, sample_weight=kept * 1.0),
        quick(estimator, metrics=[name], validation_fraction=0).fit(X[kept], y[kept]),
    )
    np.testing.assert_allclose(both[0].history_[name], both[1].history_[name], rtol=1e-4)


@plain_estimator
@pytest.mark.parametrize("place", ["training", "validation"])
def test_monitor_knows_which_direction_is_better(estimator, place):
    metric, best = ("accuracy", np.argmax) if estimator in CLASSIFIERS else ("mae", np.argmin)
    metrics = [metric] if estimator in CLASSIFIERS else [metric, keras.metrics.R2Score(name="r2")]
    prefix = "val_" if place == "validation" else ""
    wild = {"metrics": metrics, "epochs": 15, "learning_rate": 0.5, "patience": 100}
    model = quick(estimator, **wild, monitor=f"{prefix}{metric}").fit(**parts(estimator))
    assert model.best_epoch_ == int(best(model.history_[f"{prefix}{metric}"]))
    if estimator in REGRESSORS:
        model = quick(estimator, **wild, monitor=f"{prefix}r2").fit(**parts(estimator))
        assert model.best_epoch_ == int(np.argmax(model.history_[f"{prefix}r2"]))


@plain_classifier
def test_monitor_on_a_metric_object(estimator):
    y = LABELS > 0
    model = quick(
        estimator,
        metrics=[keras.metrics.AUC(name="area")],
        monitor="val_area",
        epochs=15,
        learning_rate=0.5,
        patience=100,
    ).fit(X_TRAIN, y[:70], X_val=X_VAL, y_val=y[70:])
    assert model.best_epoch_ == int(np.argmax(model.history_["val_area"]))


@one_of_each
def test_history(estimator):
    history = fit(estimator, epochs=4, learning_rate=0.05).history_
    assert {"loss", "val_loss", "learning_rate", "update_ratio", "clipped"} <= history.keys()
    for name, values in history.items():
        assert len(values) == 4, name
        assert all(isinstance(value, float) for value in values), name
    assert all(0 <= share <= 1 for share in history["clipped"])
    assert all(ratio > 0 for ratio in history["update_ratio"])
