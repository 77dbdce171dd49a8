"""Ways to compute the same: steps, types, optimizers, scaling."""

import keras
import numpy as np
import pytest
from estimator_list import (
    CLASSIFIERS,
    PLAIN,
    X,
    label,
    outputs,
    quick,
    target,
)
from fits import X_TRAIN, X_VAL, assert_same, every_estimator, fit, one_of_each, parts, plain_estimator
from sklearn.preprocessing import StandardScaler


@one_of_each
@pytest.mark.parametrize(
    "parameters", [{}, {"optimizer": "adam", "l2": 0.01}, {"momentum": 0.9, "clipnorm": 0.1}], ids=label
)
def test_step_by_step_gives_the_same_numbers(estimator, parameters):
    parameters = {name: value for name, value in parameters.items() if name in estimator().get_params()}
    compiled, stepwise = fit(estimator, **parameters), fit(estimator, steps_per_execution=1, **parameters)
    assert_same(stepwise, compiled, rtol=1e-4, atol=1e-5)
    for name, values in compiled.history_.items():
        np.testing.assert_allclose(stepwise.history_[name], values, rtol=1e-3, err_msg=name)


@plain_estimator
def test_standardized_data_need_no_scaling(estimator):
    scaled = X * np.array([64.0, 0.25, 8.0, 1.0]) + np.array([0.0, 512.0, -64.0, 8.0])
    np.testing.assert_allclose(
        outputs(quick(estimator).fit(scaled, target(estimator)), scaled), outputs(fit(estimator)), rtol=1e-4, atol=1e-5
    )


@plain_estimator
def test_data_may_come_standardized(estimator):
    scaled = StandardScaler().fit_transform(X)
    plain = quick(estimator, standardize=False, validation_fraction=0).fit(scaled, target(estimator))
    inside = fit(estimator, validation_fraction=0)
    np.testing.assert_allclose(outputs(plain, scaled), outputs(inside), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_statistics_are_those_of_the_training_part(estimator):
    given = parts(estimator)
    moved = given | {"X_val": X_VAL + 1e6}
    for validation in (given, moved):
        model = quick(estimator, epochs=1).fit(**validation)
        normalization = next(layer for layer in model.model_.layers if isinstance(layer, keras.layers.Normalization))
        np.testing.assert_allclose(np.ravel(normalization.mean), X_TRAIN.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(np.ravel(normalization.variance), X_TRAIN.var(axis=0), rtol=1e-5)


@every_estimator
@pytest.mark.parametrize(
    ("dtype", "probability_dtype"),
    [("float64", "float64"), ("mixed_float16", "float32"), ("mixed_bfloat16", "float32")],
)
def test_types_of_the_network(estimator, dtype, probability_dtype):
    model = fit(estimator, dtype=dtype, epochs=40 if estimator in PLAIN else 2)
    assert outputs(model).dtype == (probability_dtype if estimator in CLASSIFIERS else "float64")
    assert estimator not in PLAIN or model.score(X, target(estimator)) > 0.7
    if estimator in CLASSIFIERS:
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, atol=1e-3)


@plain_estimator
@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("sgd", 0.1),
        ("adam", 0.01),
        ("RMSprop", 0.01),
        ("adagrad", 0.1),
        ("nadam", 0.01),
        ("adamw", 0.01),
        (keras.optimizers.Adam(0.02), 0.02),
        (keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0), 0.05),
        (keras.optimizers.SGD(0.05, weight_decay=1e-4, global_clipnorm=15.0), 0.05),
    ],
    ids=label,
)
def test_optimizers(estimator, optimizer, rate):
    parameters = {"learning_rate": rate} if isinstance(optimizer, str) else {}
    model = fit(estimator, optimizer=optimizer, epochs=30, **parameters)
    assert model.history_["learning_rate"][0] == pytest.approx(rate)
    assert model.score(X, target(estimator)) > 0.6
    if not isinstance(optimizer, str):
        assert not optimizer.built


@plain_estimator
def test_optimizer_object_equals_its_name(estimator):
    named = fit(estimator, momentum=0.9, nesterov=True, clipnorm=0.5, learning_rate=0.05)
    given = fit(estimator, optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=0.5))
    assert_same(given, named)


@plain_estimator
def test_clipping_is_counted(estimator):
    assert set(fit(estimator, clipnorm=1e-6).history_["clipped"]) == {1.0}
    assert set(fit(estimator, clipnorm=None, global_clipnorm=1e-6).history_["clipped"]) == {1.0}
    assert set(fit(estimator, clipnorm=1e6).history_["clipped"]) == {0.0}
    assert set(fit(estimator, clipnorm=None).history_["clipped"]) == {0.0}


@plain_estimator
@pytest.mark.parametrize("parameter", ["l1", "l2"])
def test_penalties_shrink_the_weights(estimator, parameter):
    def size(model):
        return sum(np.square(weights).sum() for weights in model.model_.get_weights() if weights.ndim == 2)

    assert size(fit(estimator, **{parameter: 0.05}, epochs=30)) < size(fit(estimator, epochs=30))


@plain_estimator
@pytest.mark.parametrize("activation", ["tanh", "elu", keras.activations.gelu], ids=label)
def test_activations(estimator, activation):
    if "activation" not in estimator().get_params():
        pytest.skip(f"{estimator.__name__} has no activation")
    assert fit(estimator, activation=activation, epochs=40).score(X, target(estimator)) > 0.7
