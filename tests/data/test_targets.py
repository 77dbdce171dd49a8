"""Targets: what a network learns, and what the user gets back."""

import math

import numpy as np
import pytest
from scipy import sparse

from presets.data.targets import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    class_target,
    codes,
    fit_value_standardizer,
    naming_missing_labels,
    value_target,
)

NO_LIMITS = (-np.inf, np.inf)


def learn(y, rows, weights, limits=NO_LIMITS, activation="linear", is_standardised=True):
    """The target of a regressor."""
    standardizer = fit_value_standardizer(y, rows, weights, limits)
    return value_target(standardizer, y.ndim == 1, activation=activation, is_standardised=is_standardised)


INDICATORS = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0]])
OUTPUTS = np.array([[-2.0, 1.0, 3.0], [0.5, -0.5, -4.0], [-1.0, -1.0, -1.0]], dtype="float32")


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.array([1, 0, 1]), BinaryTarget),
        (np.array(["b", "a", "b"]), BinaryTarget),
        (np.array([True, False]), BinaryTarget),
        (np.array([-1.0, 1.0]), BinaryTarget),
        (np.array([4, 2, 9]), MulticlassTarget),
        (np.array(["b", "a", "c"], dtype=object), MulticlassTarget),
        (INDICATORS, MultilabelTarget),
    ],
)
def test_labels_decide_on_the_kind(y, kind):
    assert type(class_target(y)) is kind


def test_known_classes_win_over_those_of_y():
    target = class_target(np.array([1, 0, 1]), classes=[2, 1, 0, 1])
    assert isinstance(target, MulticlassTarget)
    np.testing.assert_array_equal(target.classes, [0, 1, 2])


@pytest.mark.parametrize(("y", "shown"), [([3, 3], "(3)"), (["x"], "('x')"), ([True, True], "(True)")])
def test_one_class_is_an_error(y, shown):
    with pytest.raises(ValueError, match="one class only") as caught:
        class_target(np.array(y))
    assert shown in str(caught.value)


def test_two_classes_are_one_logit():
    target = class_target(np.array(["no", "yes"]))
    np.testing.assert_array_equal(target.encode(np.array(["yes", "no"]), "float32"), [[1], [0]])
    outputs = np.array([[3.0], [-1.0]], dtype="float32")
    np.testing.assert_array_equal(target.predict(outputs), ["yes", "no"])
    probabilities = target.decode(outputs)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, [[0.047426, 0.952574], [0.731059, 0.268941]], rtol=1e-4)
    assert (target.n_outputs, target.activation) == (1, "sigmoid")


def test_several_classes_are_a_logit_each():
    target = class_target(np.array([10, 30, 20]))
    np.testing.assert_array_equal(target.encode(np.array([30, 10]), "float32"), [2, 0])
    np.testing.assert_array_equal(target.predict(OUTPUTS), [30, 10, 10])
    probabilities = target.decode(OUTPUTS)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(probabilities[2], 1 / 3, rtol=1e-6)
    assert (target.n_outputs, target.activation) == (3, "softmax")


def test_huge_logits_are_still_probabilities():
    outputs = np.array([[1e4, -1e4, 0.0]], dtype="float32")
    np.testing.assert_array_equal(class_target(np.array([0, 1, 2])).decode(outputs), [[1, 0, 0]])
    np.testing.assert_array_equal(class_target(np.array([0, 1])).decode(outputs[:, :1]), [[0, 1]])


def test_labels_that_are_not_exclusive_are_a_logit_each():
    target = class_target(INDICATORS)
    encoded = target.encode(INDICATORS, "float32")
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded, INDICATORS)
    np.testing.assert_array_equal(target.predict(OUTPUTS), [[0, 1, 1], [1, 0, 0], [0, 0, 0]])
    assert (target.n_outputs, target.activation) == (3, "sigmoid")


def test_unknown_labels_are_named():
    with pytest.raises(ValueError, match=r"not among the classes: \[7, 8\]"):
        codes(np.array([1, 8, 7, 8]), np.array([1, 2]))
    with pytest.raises(ValueError, match=r"\['z'\]"):
        codes(np.array(["a", "z"]), np.array(["a", "b"]))


@pytest.mark.parametrize(
    ("target", "y"),
    [
        (class_target(np.array([0, 1])), INDICATORS),
        (class_target(np.array([0, 1, 2])), INDICATORS),
        (class_target(INDICATORS), np.array([0, 1, 2])),
        (class_target(INDICATORS), INDICATORS[:, :2]),
        (learn(np.arange(3.0), np.arange(3), None), np.ones((3, 2))),
        (learn(np.ones((3, 2)), np.arange(3), None), np.ones(3)),
    ],
)
def test_other_columns_are_refused(target, y):
    with pytest.raises(ValueError, match=r"y has \d column"):
        target.encode(y, "float32")


@pytest.mark.parametrize("y", [np.arange(6.0), np.arange(6.0)[:, None], np.arange(12.0).reshape(6, 2)])
def test_values_are_standardised_and_return(y):
    target = learn(y, np.arange(len(y)), None)
    encoded = target.encode(y, "float32")
    assert encoded.shape == (6, y.size // 6)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(encoded.std(axis=0), 1, rtol=1e-6)
    back = target.predict(encoded)
    assert back.shape == y.shape
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, y, atol=1e-5)


@pytest.mark.parametrize("y", [np.arange(6.0) + 1e9, np.arange(6.0) * 1e-44, np.full(6, 1e9)])
def test_values_that_float32_cannot_hold_return_in_float64(y):
    target = learn(y, np.arange(len(y)), None)
    back = target.predict(target.encode(y, "float32"))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, y, atol=1e-5 * max(y.std(), 1e-44))


def test_float64_stays_float64():
    target = learn(np.arange(6.0), np.arange(6), None)
    assert target.predict(target.encode(np.arange(6.0), "float64")).dtype == np.float64


def test_statistics_of_values_are_weighted_and_of_the_training_rows():
    y = np.array([1.0, 2.0, 3.0, 1000.0])
    target = learn(y, np.arange(3), np.array([1.0, 0.0, 1.0, 9.0]))
    assert target.unit == {"offset": [2.0], "scale": [1.0], "factor": 1.0}


def test_classes_have_no_unit():
    assert class_target(np.array([0, 1])).unit == {}


@pytest.mark.parametrize("y", [["a", None, "b"], [1.0, np.nan, 2.0], np.array(["a", np.nan, "b"], dtype=object)])
def test_missing_labels_are_named_if_a_check_fails(y):
    with pytest.raises(ValueError, match="y contains NaN or None in row 1"), naming_missing_labels(y):
        raise ValueError("something is wrong")


@pytest.mark.parametrize("y", [None, ["a", "b"], sparse.csr_array(INDICATORS)])
def test_other_errors_stay_what_they_are(y):
    with pytest.raises(ValueError, match=r"^something else$"), naming_missing_labels(y):
        raise ValueError("something else")


@pytest.mark.parametrize("activation", ["linear", "softplus", "share"])
@pytest.mark.parametrize("scale", [1e-9, 0.1, 1.0])
def test_an_output_of_zero_is_the_mean_and_one_more_a_standard_deviation(activation, scale):
    y = np.array([[0.0, 1.0], [4.0, 2.0], [8.0, 9.0], [3.0, 3.0]]) * scale / 10
    target = learn(y, np.arange(4), None, activation=activation, is_standardised=False)
    step = 1e-4
    at_zero, above = target.predict(np.zeros((1, 2))), target.predict(np.full((1, 2), step))
    lowest = 1e-3 if activation == "share" else 0
    np.testing.assert_allclose(at_zero[0], np.maximum(y.mean(axis=0), lowest))
    np.testing.assert_allclose((above - at_zero)[0] / step, y.std(axis=0), rtol=1e-2)
    np.testing.assert_array_equal(target.encode(y, "float64"), y)


def test_limits_of_a_network_hold_in_the_unit_of_y():
    y = np.array([0.0, 30.0, 40.0])
    target = learn(y, np.arange(3), None, limits=(0.0, np.inf))
    assert target.unit["offset"] == [0.0]
    np.testing.assert_allclose(target.unit["scale"], np.sqrt(np.mean(np.square(y))))
    target = learn(y / 40, np.arange(3), None, limits=(0.0, 1.0))
    assert (target.unit["offset"], target.unit["scale"]) == ([0.0], [1.0])
    for limits in ((0.0, 1.0), (-math.inf, 0.0), (-1.0, 1.0)):
        with pytest.raises(ValueError, match="row 1"):
            learn(y, np.arange(3), None, limits=limits)


def test_constant_zero_has_a_softplus_too():
    target = learn(np.zeros(3), np.arange(3), None, activation="softplus", is_standardised=False)
    assert np.isfinite(target.predict(np.zeros((3, 1)))).all()
