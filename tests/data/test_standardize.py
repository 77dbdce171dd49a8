"""Zero mean and unit variance (A2), whatever the data's container, size and offset."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from presets.data import standardize
from presets.data.encoder import Encoder
from presets.data.rows import Rows
from presets.data.standardize import RobustStandardizer, Standardizer

X = np.random.default_rng(0).normal(size=(60, 5)) * [1, 100, 1e-3, 7, 1] + [0, 5, -2, 1e9, 1e-6]
ALL = np.arange(len(X))


def test_statistics_are_those_of_a_standard_scaler():
    found, expected = Standardizer.fit(X, ALL), StandardScaler().fit(X)
    np.testing.assert_allclose(found.mean, expected.mean_, rtol=1e-12)
    np.testing.assert_allclose(found.scale, expected.scale_, rtol=1e-9)


def test_only_some_rows_count():
    found, expected = Standardizer.fit(X, ALL[10:40]), Standardizer.fit(X[10:40], np.arange(30))
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.scale, expected.scale)


def test_weights_are_repetitions():
    weights = np.random.default_rng(1).integers(0, 4, len(X))
    found, expected = Standardizer.fit(X, ALL, weights), Standardizer.fit(X, np.repeat(ALL, weights))
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 3.0, len(X))], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, 1e9, 1e-9, -3e5])
def test_constant_column_has_scale_one(value, weights):
    found = Standardizer.fit(np.full((60, 2), value), ALL, weights)
    np.testing.assert_array_equal(found.scale, [1, 1])
    np.testing.assert_allclose(found.mean, value)
    assert np.abs(found.transform(np.full((3, 2), value), "float32")).max() < 1e-6


def test_one_row_is_constant():
    np.testing.assert_array_equal(Standardizer.fit(X[:1], ALL[:1]).scale, np.ones(5))


@pytest.mark.parametrize(
    "container",
    [sparse.csr_matrix, sparse.csr_array, np.asfortranarray, lambda X: X.astype("float64")],
    ids=["CSR matrix", "CSR array", "Fortran order", "copy"],
)
def test_containers(container):
    found, expected = Standardizer.fit(container(X), ALL), Standardizer.fit(X, ALL)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-14)
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-12)


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_blocks_of_any_size_give_the_same(monkeypatch, block):
    expected = Standardizer.fit(X, ALL)
    everything = Rows(X, expected, "float32").take(slice(None))
    monkeypatch.setattr(standardize, "BLOCK", block)
    monkeypatch.setattr("presets.data.rows.BLOCK", block)
    found = Standardizer.fit(X, ALL)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-9)
    np.testing.assert_array_equal(Rows(X, expected, "float32").take(slice(None)), everything)


def test_offset_does_not_swallow_the_signal():
    signal = np.arange(60.0)[:, None]
    far, near = Standardizer.fit(signal + 2.0**40, ALL), Standardizer.fit(signal, ALL)
    np.testing.assert_allclose(far.transform(signal + 2.0**40, "float32"), near.transform(signal, "float32"), rtol=1e-6)


def test_float32_data_are_summed_in_float64():
    values = np.full((100_000, 1), 0.1, dtype="float32")
    values[0] = 1e7
    assert Standardizer.fit(values, np.arange(100_000)).mean[0] == pytest.approx(
        values.mean(dtype="float64"), rel=1e-12
    )


def test_inverse_returns_to_the_unit():
    standardizer = Standardizer.fit(X, ALL)
    there = standardizer.transform(X, "float64")
    np.testing.assert_allclose(there.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(there.std(axis=0), 1, atol=1e-6)
    back = standardizer.inverse_transform(there.astype("float32"))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, X, atol=1e-4)


def test_rows_are_encoded_when_taken():
    rows = Rows(sparse.csr_array(X), Standardizer.fit(X, ALL), "float32")
    expected = Standardizer.fit(X, ALL).transform(X, "float32")
    assert len(rows) == 60
    assert rows.row_bytes == 5 * 4
    for chosen in (np.array([5, 3, 3, 59]), slice(10, 20), slice(None)):
        taken = rows.take(chosen)
        assert taken.dtype == np.float32
        np.testing.assert_allclose(taken, expected[chosen], rtol=1e-6)


def test_encoder_may_leave_values_alone():
    encoder = Encoder.of_table(X, ALL, None, standardize=False)
    assert encoder.input_shape == encoder.raw_shape == (5,)
    np.testing.assert_array_equal(encoder.rows(X, "float64").take(slice(None)), X)


def test_robust_statistics_are_those_of_the_middle_half():
    X = np.random.default_rng(0).normal(5.0, 2.0, (4001, 2))
    standardizer = RobustStandardizer.fit(X, np.arange(4001))
    low, median, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    np.testing.assert_allclose(standardizer.mean, median, rtol=1e-6)
    np.testing.assert_allclose(standardizer.scale, high - low, rtol=1e-2)
    z = (X - median) / (high - low)
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    np.testing.assert_allclose(standardizer.transform(X, "float64"), expected, rtol=2e-2, atol=1e-2)


def test_robust_scale_of_columns_with_equal_quartiles():
    X = np.zeros((20, 2))
    X[0, 0] = 4.0
    np.testing.assert_array_equal(RobustStandardizer.fit(X, np.arange(20)).scale, [2.0, 1.0])


def test_a_robust_weight_counts_as_so_many_rows():
    X = np.random.default_rng(0).normal(size=(50, 3))
    weights = np.random.default_rng(1).integers(1, 4, 50)
    weighted = RobustStandardizer.fit(X, np.arange(50), weights)
    repeated = RobustStandardizer.fit(X.repeat(weights, axis=0), np.arange(weights.sum()))
    np.testing.assert_array_equal(weighted.mean, repeated.mean)
    np.testing.assert_array_equal(weighted.scale, repeated.scale)


def test_robust_statistics_of_a_sparse_matrix():
    X = np.random.default_rng(0).normal(size=(50, 3))
    dense, thin = (RobustStandardizer.fit(data, np.arange(10, 50)) for data in (X, sparse.csr_matrix(X)))
    np.testing.assert_array_equal(thin.mean, dense.mean)


# ---------------------------------------------------------------- numbers of any size

ORDINARY = np.random.default_rng(3).normal(size=(50, 3)) * [1, 20, 300] + [5, 0, -4]


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e-100, 1e100, 1e160, 1e300])
def test_columns_of_any_size_are_standardised(unit):
    expected = Standardizer.fit(ORDINARY, np.arange(50))
    found = Standardizer.fit(ORDINARY * unit, np.arange(50))
    np.testing.assert_allclose(found.mean / unit, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.scale / unit, expected.scale, rtol=1e-12)
    encoded = found.transform(ORDINARY * unit, "float32")
    np.testing.assert_allclose(encoded, expected.transform(ORDINARY, "float32"), rtol=1e-5, atol=1e-6)


def test_opposite_ends_of_float64():
    X = np.array([[1.7e308], [-1.7e308]])
    standardizer = Standardizer.fit(X, np.arange(2))
    np.testing.assert_allclose(standardizer.transform(X, "float32"), [[1.0], [-1.0]], rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-300, 5.0, 1e300])
def test_constant_columns_of_any_size_have_scale_1(value):
    X = np.column_stack([np.full(50, value), ORDINARY[:, 0]])
    np.testing.assert_array_equal(Standardizer.fit(X, np.arange(50)).scale[0], 1.0)


def test_values_that_the_type_cannot_hold_are_an_error():
    standardizer = Standardizer.fit(ORDINARY, np.arange(50))
    with pytest.raises(ValueError, match=r"y holds 1e\+200 in column 1.*float32"):
        standardizer.transform(np.array([[0.0, 1.0, 2.0], [0.0, 1e200, 2.0]]), "float32", "y")
    assert np.isfinite(standardizer.transform(np.array([[0.0, 1e200, 2.0]]), "float64")).all()
    padded = standardizer.transform(np.array([[np.nan, 1.0, 2.0]]), "float32")
    assert np.isnan(padded[0, 0])
