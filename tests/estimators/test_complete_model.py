"""The complete Keras model around a trained network."""

import contextlib

import keras
import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    LABELS,
    PLAIN_CLASSIFIERS,
    PLAIN_REGRESSORS,
    REGRESSORS,
    VALUES,
    X,
    outputs,
    quick,
    target,
)
from fits import fit, one_of_each, plain_estimator

COMPLETE = {
    "binary": (PLAIN_CLASSIFIERS, LABELS > 0),
    "multiclass": (CLASSIFIERS, LABELS),
    "multilabel": (PLAIN_CLASSIFIERS, np.column_stack([LABELS > 0, LABELS > 1]).astype(int)),
    "values": (REGRESSORS, VALUES),
    "two columns of values": (PLAIN_REGRESSORS, np.column_stack([VALUES, 1000 - VALUES])),
}


@pytest.mark.parametrize(
    ("estimator", "kind"), [(estimator, kind) for kind, (estimators, _) in COMPLETE.items() for estimator in estimators]
)
def test_complete_model_predicts_the_same_also_from_its_file(estimator, kind, tmp_path):
    model = quick(estimator, epochs=10).fit(X, COMPLETE[kind][1])
    expected = outputs(model)[:, 1:] if kind == "binary" else outputs(model).reshape(len(X), -1)
    assert isinstance(model.model_, keras.Model)
    assert model.model_ is model.model_
    model.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for complete in (model.model_, loaded):
        found = complete.predict(X.astype("float32"), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@one_of_each
def test_complete_model_holds_only_layers_of_keras(estimator):
    model = fit(estimator).model_
    for layer in model._flatten_layers():
        assert type(layer).__module__.startswith("keras."), layer


@plain_estimator
def test_complete_model_follows_the_last_fit(estimator):
    model = fit(estimator)
    model.model_  # noqa: B018
    model.set_params(random_state=5).fit(X, target(estimator))
    expected = fit(estimator, random_state=5).model_.predict(X.astype("float32"), verbose=0)
    np.testing.assert_allclose(model.model_.predict(X.astype("float32"), verbose=0), expected, rtol=1e-6)


@plain_estimator
def test_training_the_complete_model_further_leaves_the_estimator_alone(estimator):
    model = fit(estimator)
    before = outputs(model)
    model.model_.set_weights([weights * 0 for weights in model.model_.get_weights()])
    np.testing.assert_array_equal(outputs(model), before)


@pytest.mark.parametrize("estimator", CLASSIFIERS + REGRESSORS)
@pytest.mark.parametrize("offset", [0.0, 1.7e9])
def test_complete_model_of_columns_far_from_zero(estimator, offset):
    """It gives what the estimator predicts, in the type that holds these numbers."""
    far = X + offset
    model = quick(estimator, epochs=10, learning_rate=0.03).fit(far, target(estimator))
    context = pytest.warns(UserWarning, match="so model_ reads X in float64") if offset else contextlib.nullcontext()
    with context:
        complete = model.model_
    assert complete.inputs[0].dtype == ("float64" if offset else "float32")
    raw = far.reshape(-1, *[size or X.shape[1] for size in complete.input_shape[1:]]).astype(complete.inputs[0].dtype)
    found = np.asarray(complete(raw))
    expected = outputs(model, far)
    expected = expected if expected.ndim == 2 else expected[:, None]
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, np.ptp(target(estimator))))


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_complete_model_of_values_far_from_zero(loss):
    model = quick(PLAIN_REGRESSORS[0], loss=loss).fit(X, VALUES + 1e9)
    found = model.model_.predict(X, verbose=0)[:, 0]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, model.predict(X), rtol=0, atol=1e-5 * np.ptp(VALUES))
