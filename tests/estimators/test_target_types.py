"""Every kind of y, and predictions in its labels or its unit."""

import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimator_list import (
    LABELS,
    PLAIN,
    VALUES,
    X,
    outputs,
    quick,
    target,
)
from fits import every_classifier, every_estimator, every_regressor, plain_classifier, plain_estimator, plain_regressor
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import f1_score

from presets import CNNClassifier, EnsembleRegressor, LSTMRegressor

INDICATORS = np.column_stack([LABELS > 0, LABELS == 2, X[:, 0] > 0]).astype(int)
TWO_VALUES = np.column_stack([VALUES, 1000 - 20 * VALUES])

# ---------------------------------------------------------------- classes

LABEL_SETS = {
    "strings": np.array(["low", "middle", "high"]),
    "two strings": np.array(["no", "yes", "yes"]),
    "objects": np.array(["low", "middle", "high"], dtype=object),
    "booleans": np.array([False, True, True]),
    "negative": np.array([-1, 1, 1]),
    "from one": np.array([1, 2, 3]),
    "not contiguous": np.array([-7, 40, 3]),
    "unsigned": np.array([7, 0, 255], dtype=np.uint8),
    "whole floats": np.array([0.0, 2.0, 5.0]),
}


@plain_classifier
@pytest.mark.parametrize("kind", LABEL_SETS)
def test_labels_of_any_type(estimator, kind):
    y = LABEL_SETS[kind][LABELS]
    model = quick(estimator, epochs=40).fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    assert predicted.shape == y.shape
    assert model.score(X, y) > 0.8


@every_classifier
@pytest.mark.parametrize("y", [LABELS, LABELS > 0], ids=["multiclass", "binary"])
def test_probabilities(estimator, y):
    model = quick(estimator).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(X), len(np.unique(y)))
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))


@every_classifier
def test_multilabel(estimator):
    model = quick(estimator, epochs=80 if estimator in PLAIN else 2).fit(X, INDICATORS)
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == predicted.shape == INDICATORS.shape
    np.testing.assert_array_equal(predicted, probabilities > 0.5)
    assert estimator not in PLAIN or np.mean(predicted == INDICATORS) > 0.8
    assert 0 <= model.score(X, INDICATORS) <= 1


@plain_classifier
@pytest.mark.parametrize("to_sparse", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_sparse_multilabel(estimator, to_sparse):
    expected = quick(estimator).fit(X, INDICATORS)
    model = quick(estimator).fit(X, to_sparse(INDICATORS))
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@plain_classifier
def test_column_of_labels_is_raveled_with_a_warning(estimator):
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = quick(estimator).fit(X, LABELS[:, None])
    np.testing.assert_array_equal(model.predict(X), quick(estimator).fit(X, LABELS).predict(X))


@plain_classifier
@pytest.mark.parametrize(
    "container",
    [list, pd.Series, pl.Series, lambda y: pd.Series(pd.Categorical(y)), lambda y: pd.Series(y, dtype="string")],
    ids=["list", "pandas", "polars", "categorical", "pandas string"],
)
def test_containers_of_labels(estimator, container):
    y = np.array(["low", "middle", "high"])[LABELS]
    expected = quick(estimator).fit(X, y)
    model = quick(estimator).fit(X, container(y))
    assert list(model.classes_) == ["high", "low", "middle"]
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert set(model.predict(X)) <= {"high", "low", "middle"}


@plain_classifier
def test_rare_class_keeps_its_place(estimator):
    y = LABELS.copy()
    y[5] = 9
    model = quick(estimator).fit(X, y)
    assert list(model.classes_) == [0, 1, 2, 9]
    assert model.predict_proba(X).shape == (len(X), 4)


# ---------------------------------------------------------------- values


@every_regressor
@pytest.mark.parametrize("y", [VALUES, VALUES[:, None], TWO_VALUES], ids=["values", "a column", "two columns"])
def test_shape_of_values(estimator, y):
    model = quick(estimator).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.predict(X).dtype == np.float64
    if estimator in PLAIN:
        assert model.set_params(epochs=40).fit(X, y).score(X, y) > 0.8


@plain_regressor
def test_predictions_are_in_the_unit_of_y(estimator):
    expected = quick(estimator).fit(X, VALUES).predict(X)
    predicted = quick(estimator).fit(X, VALUES * 1024 - 5e5).predict(X)
    np.testing.assert_allclose((predicted + 5e5) / 1024, expected, rtol=1e-4)


@plain_regressor
@pytest.mark.parametrize("kind", ["int32", "uint8", "bool", "float16", "float32"])
def test_values_of_any_numeric_type(estimator, kind):
    y = (VALUES.mean() < VALUES).astype(kind) if kind == "bool" else np.round(VALUES).astype(kind)
    expected = quick(estimator).fit(X, y.astype(float)).predict(X)
    np.testing.assert_allclose(quick(estimator).fit(X, y).predict(X), expected, rtol=1e-5, atol=1e-6)


@plain_regressor
@pytest.mark.parametrize("container", [list, pd.Series, pl.Series])
def test_containers_of_values(estimator, container):
    expected = quick(estimator).fit(X, VALUES).predict(X)
    np.testing.assert_array_equal(quick(estimator).fit(X, container(VALUES)).predict(X), expected)


@plain_regressor
def test_frame_of_values(estimator):
    expected = quick(estimator).fit(X, TWO_VALUES).predict(X)
    np.testing.assert_array_equal(quick(estimator).fit(X, pd.DataFrame(TWO_VALUES)).predict(X), expected)


@plain_regressor
def test_sparse_values(estimator):
    expected = quick(estimator).fit(X, TWO_VALUES).predict(X)
    np.testing.assert_array_equal(quick(estimator).fit(X, sparse.csr_array(TWO_VALUES)).predict(X), expected)


@plain_regressor
def test_constant_values_are_predicted(estimator):
    y = np.full(len(X), 7.25)
    np.testing.assert_allclose(quick(estimator, epochs=20).fit(X, y).predict(X), y, atol=0.1)


# ---------------------------------------------------------------- offsets


@every_regressor
def test_offset_of_y_survives(estimator):
    y = np.round(VALUES * 64) / 64  # so that adding the offset rounds nothing
    expected = quick(estimator, init="scaled").fit(X, y)
    model = quick(estimator, init="scaled").fit(X, y + 1e9)
    assert model.predict(X).dtype == np.float64
    np.testing.assert_allclose(model.predict(X) - 1e9, expected.predict(X), atol=0.05)
    assert np.ptp(model.predict(X)) > 0.1


@every_estimator
def test_offset_of_x_survives(estimator):
    y = target(estimator)
    expected = outputs(quick(estimator, init="scaled").fit(X, y))
    found = outputs(quick(estimator, init="scaled").fit(X + 1e9, y), X + 1e9)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert np.ptp(found) > 0.01


# ---------------------------------------------------------------- two classes and losses of several

BINARY = (LABELS > 0).astype(int)


@plain_classifier
@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "kl_divergence",
    ],
    ids=lambda loss: loss if isinstance(loss, str) else type(loss).__name__,
)
def test_losses_of_several_classes_take_two(estimator, loss):
    """They train as the binary one, which is the same loss."""
    settings = {"epochs": 20, "init": "scaled"}
    expected = quick(estimator, loss="binary_crossentropy", **settings).fit(X, BINARY).predict_proba(X)
    found = quick(estimator, loss=loss, **settings).fit(X, BINARY).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=2e-2)
    assert np.ptp(found[:, 1]) > 0.2


@plain_classifier
def test_metrics_of_several_classes_take_two(estimator):
    metrics = [
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        keras.metrics.F1Score(average="macro"),
        "accuracy",
    ]
    model = quick(estimator, epochs=5, metrics=metrics)
    model.fit(X[:70], BINARY[:70], X_val=X[70:], y_val=BINARY[70:])
    found = {name: values[model.best_epoch_] for name, values in model.history_.items()}
    predicted = model.predict(X[70:])
    for name in ("categorical_accuracy", "sparse_categorical_accuracy", "accuracy"):
        assert found[f"val_{name}"] == pytest.approx(np.mean(predicted == BINARY[70:]))
    assert found["val_f1_score"] == pytest.approx(f1_score(BINARY[70:], predicted, average="macro"), abs=1e-5)


@plain_classifier
@pytest.mark.parametrize("kind", [int, float, bool])
def test_one_hot_classes_are_told(estimator, kind):
    with pytest.warns(UserWarning, match=r"exactly one 1 in each row.*y.argmax\(axis=1\)") as found:
        quick(estimator, epochs=1).fit(X, np.eye(3)[LABELS].astype(kind))
    assert sum("one-hot" in str(warning.message) for warning in found) == 1
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*one-hot.*")
        quick(estimator, epochs=1).fit(X, INDICATORS)


# ---------------------------------------------------------------- values that are missing, huge or tiny


def with_gap(gap, dtype=float):
    y = np.array(VALUES, dtype=dtype)
    y[17] = gap
    return y


GAPS = {
    "NaN": with_gap(np.nan),
    "infinity": with_gap(-np.inf),
    "None": with_gap(None, object),
    "NaN among objects": with_gap(np.nan, object),
    "text": with_gap(np.nan).astype(str),
    "text among objects": with_gap("nan", object),
    "NA": pd.Series(with_gap(np.nan)).convert_dtypes(convert_floating=True).astype("Float64"),
    "no date": pd.Series(pd.to_datetime(with_gap(np.nan), unit="D")).to_numpy(),
    "no time": pd.Series(pd.to_timedelta(with_gap(np.nan), unit="D")).to_numpy(),
    "a column of two": np.column_stack([VALUES, with_gap(np.nan)]),
    "list": list(with_gap(None, object)),
    "polars": pl.Series(list(with_gap(None, object))),
}


@plain_regressor
@pytest.mark.parametrize("kind", GAPS)
def test_missing_values_are_named(estimator, kind):
    y = GAPS[kind]
    with pytest.raises(ValueError, match="row 17"):
        quick(estimator).fit(X, y)
    with pytest.raises(ValueError, match="row 17"):
        quick(estimator).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"In X_val, y_val: .*row 17"):
        quick(estimator).fit(X, VALUES if np.ndim(y) == 1 else TWO_VALUES, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="row 17"):
        EnsembleRegressor(quick(estimator), n_members=2, random_state=0).fit(X, y)


@every_regressor
def test_missing_values_are_named_by_every_family(estimator):
    with pytest.raises(ValueError, match="row 17"):
        quick(estimator).fit(X, GAPS["None"])


@plain_regressor
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-20, 1e155, 1e300])
def test_huge_and_tiny_values_learn_as_others(estimator, scale):
    expected = quick(estimator, epochs=10).fit(X, VALUES).predict(X)
    np.testing.assert_allclose(
        quick(estimator, epochs=10).fit(X, VALUES * scale).predict(X) / scale, expected, rtol=1e-4
    )


@plain_estimator
@pytest.mark.parametrize("scale", [1e-300, 1e160, 1e300])
def test_huge_and_tiny_columns_learn_as_others(estimator, scale):
    expected = outputs(quick(estimator, epochs=10).fit(X, target(estimator)))
    model = quick(estimator, epochs=10).fit(X * scale, target(estimator))
    np.testing.assert_allclose(outputs(model, X * scale), expected, rtol=1e-3, atol=1e-4)


@plain_regressor
@pytest.mark.parametrize("value", [-3e-20, 1e-300, 0.0, 5.0])
def test_a_constant_is_predicted(estimator, value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = quick(estimator).fit(X, np.full(len(X), value)).predict(X)
    np.testing.assert_allclose(predicted, value, rtol=0.02, atol=0.02 if value in (0.0, 5.0) else 0)


@pytest.mark.parametrize("estimator", [*PLAIN, LSTMRegressor, CNNClassifier])
def test_rows_too_far_from_training_are_an_error(estimator):
    model = quick(estimator, epochs=1).fit(X, target(estimator))
    far = X.astype(float)
    far[3, 0] = 1e300
    with pytest.raises(ValueError, match=r"X holds 1e\+300 in column 0.*standard deviation"):
        model.predict(far)
    with pytest.raises(ValueError, match=r"X holds 1e\+300"):
        quick(estimator, epochs=1).fit(X, target(estimator), X_val=far, y_val=target(estimator))
