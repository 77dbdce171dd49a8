"""Columns that are no numbers are named, once a check has failed."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from presets import DNNClassifier
from presets.data.columns import as_numbers, faulty_columns, naming_columns

X = np.array([[1.0, np.nan, 3.0, np.inf], [5.0, 6.0, 7.0, 8.0]])


@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        (X, [1, 3]),
        (X.astype("float32"), [1, 3]),
        (X.tolist(), [1, 3]),
        (sparse.csr_array(X), [1, 3]),
        (sparse.csr_matrix(X), [1, 3]),
        (sparse.coo_array(X), [1, 3]),
        (pd.DataFrame(X, columns=list("abcd")), ["b", "d"]),
        (pl.DataFrame(X, schema=list("abcd")), ["b", "d"]),
        (pd.DataFrame({"n": [1, 2], "s": ["x", "y"], "t": pd.to_datetime(["2020-01-01"] * 2)}), ["s", "t"]),
        (pl.DataFrame({"n": [1, 2], "s": ["x", "y"]}), ["s"]),
        (pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "m": [True, False]}), ["n"]),
        ([[1, "x"], [2, "y"]], [1]),
        ([[1, None], [2, 3]], [1]),
        (X[:, [0, 2]], []),
        (X[0], []),
        ([[1, 2], [3]], []),
        (X.astype(complex), [1, 3]),
    ],
)
def test_faulty_columns(given, faulty):
    assert faulty_columns(given) == faulty


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_errors_say_which_columns(error):
    with pytest.raises(error, match=r"^the first line Faulty columns: 1, 3\b.*\. Impute"), naming_columns(X):
        raise error("the first line\nand more")


def test_errors_about_something_else_stay_what_they_are():
    with pytest.raises(ValueError, match=r"^another reason$"), naming_columns(X[:, :1]):
        raise ValueError("another reason")


def test_objects_become_numbers():
    numbers = as_numbers(np.array([[1, 2.5], [True, 0]], dtype=object))
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, [[1, 2.5], [1, 0]])
    with pytest.raises(ValueError, match="X contains NaN"):
        as_numbers(np.array([[1, None]], dtype=object))
    assert as_numbers(X) is X


def test_a_pipeline_of_frames_names_the_columns_of_the_user():
    frame = pd.DataFrame({"city": ["a", "b"] * 30, "size": [1.0, np.inf] * 30})
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["city"]), (FunctionTransformer(feature_names_out="one-to-one"), ["size"])
    )
    pipeline = make_pipeline(encode, DNNClassifier(epochs=1))
    with pytest.raises(ValueError, match=r"Faulty columns: 2 \(counted in the array.*set_output"):
        pipeline.fit(frame, [0, 1] * 30)
    with pytest.raises(ValueError, match=r"Faulty columns: 'functiontransformer__size'\."):
        pipeline.set_output(transform="pandas").fit(frame, [0, 1] * 30)
