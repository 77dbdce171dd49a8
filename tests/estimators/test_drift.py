"""Values at prediction that lie far outside of what training saw."""

import io
import pickle
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from estimator_list import CLASSIFIERS, X, outputs, quick, target
from scipy import sparse
from sklearn.datasets import load_digits

import presets
from presets import CNNClassifier, DNNClassifier, DNNRegressor, LSTMClassifier, diagnose

N = 80
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, N),
        "length": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(size=N)),
        "colour": RNG.choice(["red", "green"], N),
        "when": pd.date_range("2024-01-01", periods=N, freq="7h"),
    }
)
Y = np.arange(N) % 2


def warned(function, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    return [str(warning.message) for warning in caught if "far outside" in str(warning.message)]


@pytest.fixture(scope="module")
def of_numbers():
    return quick(DNNRegressor).fit(X, X[:, 0])


@pytest.fixture(scope="module")
def of_frame():
    return quick(DNNClassifier).fit(FRAME, Y)


def fresh(model):
    """The same model, which has not warned yet."""
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("rows", [1, len(X)])
@pytest.mark.parametrize("change", [lambda values: values * 1000, lambda values: values + 1e6])
def test_a_column_in_another_unit_is_named_once(of_numbers, change, rows):
    model = fresh(of_numbers)
    moved = X[:rows] * 1.0
    moved[:, 2] = change(moved[:, 2])
    [message] = warned(model.predict, moved)
    assert message.startswith("Column 2 of X lies far outside of the training data: it has values from ")
    assert warned(model.predict, moved) == []
    assert warned(model.predict, moved * 1e6) == []
    assert [finding.code for finding in model.drift_] == ["drift"]
    assert model.drift_[0] in diagnose(model).findings
    assert fresh(of_numbers).drift_ == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("age", lambda column: column * 1000),
        ("length", lambda column: column * 1000),
        ("when", lambda column: column - pd.Timedelta(days=10_000)),
    ],
)
def test_columns_of_a_frame_are_named_as_the_user_named_them(of_frame, name, change):
    model = fresh(of_frame)
    [message] = warned(model.predict, FRAME.assign(**{name: change(FRAME[name])}))
    assert f"Column {name!r} of X lies far outside" in message
    numbers = quick(DNNClassifier).fit(FRAME[["age"]], Y)
    assert "Column 'age'" in warned(numbers.predict, FRAME[["age"]] * 1000)[0]


@pytest.mark.parametrize("standardize", [True, False, "robust"])
def test_the_unit_of_the_network_does_not_matter(standardize):
    model = quick(DNNClassifier, standardize=standardize).fit(FRAME, Y)
    assert "'age'" in warned(model.predict, FRAME.assign(age=FRAME.age * 1000))[0]
    assert warned(fresh(model).predict, FRAME) == []


@pytest.mark.parametrize("estimator", CLASSIFIERS)
def test_every_family_warns_and_gives_the_same_numbers(estimator):
    model = quick(estimator, epochs=1).fit(X, target(estimator))
    expected = outputs(model)
    assert len(warned(model.predict, X * 1000)) == 1
    np.testing.assert_array_equal(outputs(model), expected)


def test_sequences_of_unequal_length():
    sequences = [RNG.normal(size=(5 + i % 3, 2)) for i in range(N)]
    model = quick(LSTMClassifier, epochs=1).fit(sequences, Y)
    assert warned(model.predict, sequences[:7]) == []
    assert "Feature 1 of X" in warned(model.predict, [sequence * [1, 1000] for sequence in sequences])[0]


def test_images_of_another_range():
    images = np.round(load_digits().images[:N] * 16).clip(0, 255).astype(np.uint8)
    options = {"filters": (2,), "dense_units": 2, "epochs": 1, "random_state": 0}
    whole = CNNClassifier(**options).fit(images, Y)
    fractions = CNNClassifier(**options).fit(images / 255.0, Y)
    with pytest.warns(UserWarning, match=r"fractions of at most 1, .*whole numbers of up to 255\..*such as 255"):
        whole.predict(images / 255.0)
    assert "Channel 0 of X lies far outside" in warned(fractions.predict, images)[0]
    assert warned(fresh(whole).predict, images // 100) == []
    assert warned(fresh(whole).predict, images.astype(float)) == []


def test_sparse_rows():
    model = quick(DNNRegressor).fit(sparse.csr_array(X), X[:, 0])
    assert warned(model.predict, sparse.csr_array(X[::2])) == []
    assert "Columns 0, 1, 2, 3 of X" in warned(model.predict, sparse.csr_array(X * 1000))[0]


def test_all_rows_beyond_the_range():
    celsius = RNG.normal(20, 5, (N, 1))
    model = quick(DNNRegressor).fit(celsius, celsius[:, 0])
    assert warned(model.predict, celsius[:3] + 273) == []  # so few may be outliers
    assert "Column 0 of X lies far" in warned(model.predict, celsius + 273)[0]


def test_threads_warn_once(of_numbers):
    model = fresh(of_numbers)

    def predict_in_threads():
        threads = [threading.Thread(target=model.predict, args=(X * 1000,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(warned(predict_in_threads)) == 1


def test_what_goes_on_has_seen_all_of_it(of_frame):
    model = quick(DNNRegressor, standardize=False).partial_fit(X[:10], X[:10, 0])
    model.partial_fit(X * 1000, X[:, 0])
    assert warned(model.predict, X * 1000) == []
    again = quick(DNNClassifier, warm_start=True).fit(FRAME, Y).fit(FRAME.assign(age=FRAME.age * 1000), Y)
    assert warned(again.predict, FRAME.assign(age=FRAME.age * 1000)) == []


def test_files_keep_what_training_saw(of_frame):
    file = io.BytesIO()
    presets.save(of_frame, file)
    loaded = presets.load(io.BytesIO(file.getvalue()))
    assert "'age'" in warned(loaded.predict, FRAME.assign(age=FRAME.age * 1000))[0]
