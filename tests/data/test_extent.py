"""Which new rows lie far outside of what training saw: never those of the same kind, whatever their shape and type."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split
from tried import tried

from presets.data.categorical_features import categorical_columns
from presets.data.drift import Extent
from presets.data.frames import read_table
from presets.data.rows import Rows
from presets.data.standardize import Standardizer
from presets.data.table import TableEncoder

RNG = np.random.default_rng(0)


def rows(X):
    return Rows(X, Standardizer.identity(X.shape[-1]), "float32")


def extent(X, names=None):
    return Extent.of(rows(X), np.arange(X.shape[0]), names)


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes, load_digits, load_wine])
@pytest.mark.parametrize("test_size", [0.25, 0.5, 0.9])
def test_unseen_rows_of_real_sets_pass(load, test_size):
    X = load().data
    for seed in range(20):
        train, test = train_test_split(X, test_size=test_size, random_state=seed)
        tried("splits of real tables without a false warning")
        seen = extent(train)
        assert seen.find_drift(rows(test)) is None
        assert all(seen.find_drift(rows(test[i : i + 1])) is None for i in range(10))


@pytest.mark.parametrize("draw", ["standard_normal", "standard_exponential", "lognormal", "poisson", "cauchy", "zeros"])
@pytest.mark.parametrize("n_rows", [20, 100, 1000])
def test_unseen_rows_of_any_distribution_pass(draw, n_rows):
    rng = np.random.default_rng(0)
    numbers = {
        "lognormal": lambda size: rng.lognormal(0, 1.5, size),
        "poisson": lambda size: rng.poisson(0.01, size).astype(float),
        "cauchy": rng.standard_cauchy,
        "zeros": lambda size: np.where(rng.random(size) < 0.05, rng.lognormal(3, 2, size), 0.0),
    }.get(draw, getattr(rng, draw, None))
    for _ in range(20):
        assert extent(numbers((n_rows, 5))).find_drift(rows(numbers((2000, 5)))) is None


@pytest.mark.parametrize("shape", [(40, 3), (40, 1), (900, 3), (40, 6, 3), (40, 5, 5, 3), (40, 700)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8])
@pytest.mark.parametrize("order", ["C", "F"])
def test_extremes_are_those_of_numpy(shape, dtype, order):
    X = np.asarray(RNG.integers(0, 200, shape), dtype=dtype, order=order)
    some = RNG.permutation(len(X))[:30]
    for numbers in (some, slice(None)):
        low, high = rows(X).extremes(numbers)
        columns = X[numbers].reshape(-1, shape[-1])
        np.testing.assert_array_equal(low, columns.min(axis=0))
        np.testing.assert_array_equal(high, columns.max(axis=0))


def test_extremes_leave_gaps_out():
    X = np.where(RNG.random((600, 4)) < 0.3, np.nan, RNG.normal(size=(600, 4)))
    X[:, 3] = np.nan
    low, high = rows(X).extremes(slice(None))
    np.testing.assert_array_equal(low, [*np.nanmin(X[:, :3], axis=0), np.nan])
    np.testing.assert_array_equal(high, [*np.nanmax(X[:, :3], axis=0), np.nan])
    assert extent(X).find_drift(rows(X)) is None


def test_sparse_rows_have_their_zeros():
    X = sparse.csr_array(sparse.random(200, 5, density=0.2, random_state=0))
    low, high = rows(X).extremes(np.arange(100))
    np.testing.assert_array_equal(low, X.toarray()[:100].min(axis=0))
    np.testing.assert_array_equal(high, X.toarray()[:100].max(axis=0))
    assert extent(X).find_drift(rows(X)) is None
    assert "Columns 0, 1, 2, 3, 4 of X" in extent(X).find_drift(rows(X * 1000)).what


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.integers(40, 200), st.integers(0, 2), st.sampled_from([1e3, -1e3, 1e5]), st.sampled_from([1, 5, 60]))
def test_a_column_times_a_thousand_is_found(n_rows, column, factor, n_new):
    tried("columns in another unit")
    X = np.random.default_rng(n_rows).normal(size=(n_rows, 3))
    new = X[:n_new].copy()
    new[0, column] = X[:, column].max()
    new[:, column] *= factor
    found = extent(X, ["a", "b", "c"]).find_drift(rows(new))
    assert found.what.startswith(f"Column {'abc'[column]!r} of X lies far outside")
    assert found.figure > 50


def test_columns_are_listed_and_the_first_has_its_figures():
    X = RNG.normal(size=(100, 7))
    what = extent(X).find_drift(rows(X * 1000)).what
    assert "Columns 0, 1, 2, 3, 4 and 2 more of X lie far outside" in what
    assert f"column 0 has values from {1000 * X[:, 0].min():g} to" in what


def test_constant_columns_have_no_range():
    seen = extent(np.array([[0.0, 2024.0]] * 100))
    assert seen.find_drift(rows(np.array([[1.0, 2025.0]] * 20))) is None
    assert "Column 1 of" in seen.find_drift(rows(np.array([[0.0, 2024e3]]))).what
    assert "Column 0 of" in seen.find_drift(rows(np.array([[5.0, 2024.0]] * 20))).what


def test_whole_numbers_that_became_fractions():
    seen = extent(RNG.integers(0, 256, (50, 8, 8, 1)).astype(np.float32))
    new = RNG.random((5, 8, 8, 1))
    for fractions in (new, 2 * new - 1):
        assert "fractions of at most" in seen.find_drift(rows(fractions)).what
    assert seen.find_drift(rows(np.zeros((5, 8, 8, 1)))) is None
    assert seen.find_drift(rows(np.ones((5, 8, 8, 1), np.uint8))) is None
    assert seen.find_drift(rows(200 * new)) is None


def test_values_of_any_size():
    X = np.array([[-1e300, 1e-300]] * 10 + [[1e300, 2e-300]] * 10)
    assert extent(X).find_drift(rows(X)) is None


def test_tables_have_their_own_names_and_dates():
    frame = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3, 4] * 10,
            "s": ["a", "b", "c", "d"] * 10,
            "when": pd.date_range("2024-01-01", periods=40, freq="D"),
            "nothing": None,
        }
    )
    table = read_table(frame)
    encoder = TableEncoder.learn(
        table,
        np.arange(30),
        None,
        standardize="robust",
        categorical=categorical_columns(table, "from_dtype"),
        max_onehot=8,
        min_frequency=1,
    )
    seen = Extent.of(encoder.rows(table, "float32"), np.arange(30))
    assert seen.names == ["n", "when"]

    def find(**columns):
        return seen.find_drift(encoder.rows(read_table(frame.assign(**columns)), "float32"))

    assert find() is None
    assert find(n=np.nan, s="new", when=pd.NaT, nothing=7.0) is None
    assert "Column 'n' of X" in find(n=frame.n * 1000).what
    assert "Column 'when' of X" in find(when=frame.when - pd.Timedelta(days=4000)).what
