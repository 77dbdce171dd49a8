"""Every kind of X gives the same predictions."""

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimator_list import ONE_OF_EACH, X, outputs, quick, target
from fits import one_of_each
from scipy import sparse

from presets import KerasClassifier

NAMES = ["a", "b", "c", "d"]


CONTAINERS = {
    "float64": lambda X: X.astype("float64"),
    "float32": lambda X: X.astype("float32"),
    "float16": lambda X: X.astype("float16"),
    "int64": lambda X: X.astype("int64"),
    "int16": lambda X: X.astype("int16"),
    "objects": lambda X: X.astype(object),
    "Fortran order": lambda X: np.asfortranarray(X),
    "every other row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "lists": lambda X: X.tolist(),
    "CSR matrix": sparse.csr_matrix,
    "CSR array": sparse.csr_array,
    "CSR array float32": lambda X: sparse.csr_array(X.astype("float32")),
    "CSC matrix": sparse.csc_matrix,
    "CSC array": sparse.csc_array,
    "COO array": sparse.coo_array,
}
FRAMES = {
    "pandas": lambda X: pd.DataFrame(X, columns=NAMES),
    "pandas mixed": lambda X: pd.DataFrame(X, columns=NAMES).astype(
        {"a": "float32", "b": "int16", "c": "Int64", "d": float}
    ),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "pandas objects": lambda X: pd.DataFrame(X, columns=NAMES).astype(object),
    "polars mixed": lambda X: pl.DataFrame(X, schema=NAMES).with_columns(
        pl.col("a").cast(pl.Float32), pl.col("b").cast(pl.Int16)
    ),
}


@pytest.fixture(scope="module")
def expected():
    """Each estimator fitted to plain arrays."""
    return {estimator: quick(estimator).fit(X, target(estimator)) for estimator in ONE_OF_EACH}


@one_of_each
@pytest.mark.parametrize("container", CONTAINERS)
def test_fit_and_predict(estimator, container, expected):
    given = CONTAINERS[container](X)
    model = quick(estimator).fit(given, target(estimator))
    np.testing.assert_allclose(outputs(model, given), outputs(expected[estimator]), rtol=1e-5, atol=1e-6)
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")


@one_of_each
@pytest.mark.parametrize("container", CONTAINERS)
def test_fit_in_one_type_and_predict_in_another(estimator, container, expected):
    model = expected[estimator]
    np.testing.assert_allclose(outputs(model, CONTAINERS[container](X)), outputs(model), rtol=1e-5, atol=1e-6)


@one_of_each
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
def test_memory_mapped_arrays(estimator, dtype, expected, tmp_path):
    np.save(tmp_path / "x.npy", X.astype(dtype))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = quick(estimator).fit(mapped, target(estimator))
    np.testing.assert_allclose(outputs(model, mapped), outputs(expected[estimator]), rtol=1e-5, atol=1e-6)


@one_of_each
@pytest.mark.parametrize("frame", FRAMES)
def test_frames(estimator, frame, expected):
    given = FRAMES[frame](X)
    model = quick(estimator).fit(given, target(estimator))
    np.testing.assert_allclose(outputs(model, given), outputs(expected[estimator]), rtol=1e-5, atol=1e-6)
    assert list(model.feature_names_in_) == NAMES


@one_of_each
def test_validation_data_in_another_type(estimator):
    y = target(estimator)
    plain = quick(estimator).fit(X[:70], y[:70], X_val=X[70:], y_val=y[70:])
    mixed = quick(estimator).fit(X[:70], y[:70], X_val=sparse.csr_array(X[70:].astype("float32")), y_val=list(y[70:]))
    np.testing.assert_allclose(mixed.history_["val_loss"], plain.history_["val_loss"], rtol=1e-5)


@one_of_each
def test_booleans(estimator):
    flags = X.mean(axis=0) < X
    model = quick(estimator).fit(flags, target(estimator))
    np.testing.assert_allclose(outputs(model, flags.astype(float)), outputs(model, flags), rtol=1e-5, atol=1e-6)


@one_of_each
def test_constant_column_is_no_error(estimator):
    constant = np.column_stack([X[:, :3], np.full(len(X), 1e9)])
    model = quick(estimator).fit(constant, target(estimator))
    assert np.isfinite(outputs(model, constant)).all()


@one_of_each
def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(estimator, expected):
    model = expected[estimator]
    rows = np.tile(X, (50, 1))  # more than one call of a program
    together = outputs(model, rows)
    np.testing.assert_allclose(
        together, np.tile(outputs(model), (50, *[1] * (together.ndim - 1))), rtol=1e-7, atol=1e-7
    )
    for chosen in (slice(0, 1), slice(5, 7), slice(30, 63), [99, 0, 5]):
        np.testing.assert_allclose(outputs(model, X[chosen]), outputs(model)[chosen], rtol=1e-7, atol=1e-7)


def test_the_data_check_sees_all_columns_of_several_inputs():
    def network(shapes, n_outputs):
        inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
        return keras.Model(inputs, keras.layers.Dense(n_outputs)(keras.layers.Concatenate()(list(inputs.values()))))

    repeated = np.repeat(X[:50], 2, axis=0)
    y = np.arange(100) % 2
    for inputs in (None, {"a": [0], "b": [1, 2, 3]}):
        settings = {} if inputs is None else {"network": network, "inputs": inputs}
        model = quick(KerasClassifier, epochs=1, **settings).fit(repeated, y)
        assert "conflicting_labels" in model.health_.data.codes
