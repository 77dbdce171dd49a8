"""What is learnt of a table with categories, dates and gaps, and how its rows are encoded."""

import numpy as np
import pandas as pd
import pytest

from presets.data.categorical_features import categorical_columns
from presets.data.frames import Table, read_table
from presets.data.strings import find_misread_strings
from presets.data.table import MAX_LEVELS, TableEncoder

ALL = np.arange(12)


def learn(frame, rows=None, weights=None, *, features="from_dtype", **options):
    table = read_table(frame)
    table = Table.of_numbers(np.asarray(frame, dtype=np.float64)) if table is None else table
    options = {"standardize": True, "max_onehot": 8, "min_frequency": 1} | options
    rows = np.arange(len(table)) if rows is None else rows
    return TableEncoder.learn(table, rows, weights, categorical=categorical_columns(table, features), **options)


def encoded(encoder, frame):
    table = read_table(frame)
    return encoder.rows(frame if table is None else table, "float64").take(slice(None))


def column(encoder, frame, name):
    dense = encoded(encoder, frame)
    dense = dense["numbers"] if isinstance(dense, dict) else dense
    return dense[:, encoder.input_names.index(name)]


def test_numbers_are_standardised_over_what_is_there():
    frame = pd.DataFrame({"n": [1.0, np.nan, 3, 5] * 3, "s": ["a", "b", "c", "a"] * 3})
    encoder = learn(frame)
    values = column(encoder, frame, "n")
    np.testing.assert_allclose(values[[0, 2, 3]], (np.array([1, 3, 5]) - 3) / np.sqrt(8 / 3))
    assert values[1] == 0
    np.testing.assert_allclose(column(encoder, frame, "n is missing")[:2], [-1 / np.sqrt(3), np.sqrt(3)])
    raw = learn(frame, standardize=False)
    np.testing.assert_array_equal(column(raw, frame, "n")[:4], [1, 3, 3, 5])
    np.testing.assert_array_equal(column(raw, frame, "n is missing")[:4], [0, 1, 0, 0])


def test_weights_count_as_repetitions():
    frame = pd.DataFrame({"n": [1.0, np.nan, 3, 7], "s": ["a", "b", "b", None]})
    weights = np.array([1.0, 2, 3, 2])
    repeated = frame.loc[frame.index.repeat(weights.astype(int))]
    np.testing.assert_allclose(encoded(learn(frame, weights=weights), frame), encoded(learn(repeated), frame))


def test_two_levels_share_a_column_and_few_have_one_each():
    frame = pd.DataFrame({"two": ["a", "b"] * 6, "few": list("xyzxyz") * 2, "gaps": ["a", "b", None] * 4})
    encoder = learn(frame, standardize=False)
    names = ["two=b", "few=x", "few=y", "few=z", "gaps=b", "gaps is missing", "(unused)", "(unused)"]
    assert encoder.input_names == names
    np.testing.assert_array_equal(encoded(encoder, frame)[1], [1, 0, 1, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(np.delete(encoded(learn(frame), frame), [6, 7], axis=1).mean(axis=0), 0, atol=1e-12)


def test_new_levels_and_gaps_are_the_mean_or_the_rare_ones():
    frame = pd.DataFrame({"few": list("xyzxyz") * 2, "rare": [*"aabbccaabbc", "d"]})
    encoder = learn(frame, min_frequency=2)
    new = pd.DataFrame({"few": ["new", None], "rare": ["new", None]})
    np.testing.assert_array_equal(encoded(encoder, new)[:, :3], 0)
    np.testing.assert_array_equal(encoded(encoder, new)[:, 3:], encoded(encoder, frame)[[11, 11], 3:])
    assert "rare is rare" in encoder.input_names


def test_many_levels_are_rows_of_one_table():
    levels = [f"level {i}" for i in range(10)]
    frame = pd.DataFrame({"n": 1.0, "p": levels + levels, "q": [None, *levels[:9]] * 2})
    encoder = learn(frame)
    assert encoder.input_shape == {"numbers": (1,), "levels": (2,)}
    codes = encoded(encoder, frame)["levels"]
    assert codes.dtype == np.int32
    assert codes[0, 1] == 3  # the row of q's gaps
    assert len(np.unique(codes)) == 10 + 9 + 1
    assert codes.min() >= 2
    assert codes.max() < encoder.n_embedded <= encoder.embedding_rows == 32
    new = pd.DataFrame({"n": [1.0, 1.0], "p": ["new", None], "q": ["new", None]})
    np.testing.assert_array_equal(encoded(encoder, new)["levels"], [[0, 1], [0, 3]])


def test_a_hundred_thousand_levels_are_cut():
    frame = pd.DataFrame({"id": np.arange(100_000).astype(str), "n": 1.0})
    encoder = learn(frame)
    assert encoder.n_embedded == MAX_LEVELS + 2
    assert (encoded(encoder, frame)["levels"] == 0).sum() == 100_000 - MAX_LEVELS
    assert learn(frame, min_frequency=2).embedding_rows == 0


def test_folds_with_other_levels_and_gaps_have_one_shape():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{i}": rng.choice(list("abcdefghijklmnopqr")[: 6 + i], 60) for i in range(12)})
    encoders = [learn(frame, rng.permutation(60)[:45]) for _ in range(5)]
    assert len({(str(encoder.input_shape), encoder.embedding_rows) for encoder in encoders}) == 1


def test_folds_with_other_dates_and_empty_columns_have_one_shape():
    frame = pd.DataFrame(
        {"when": pd.date_range("2023-12-20", periods=60, freq="6h"), "late": [np.nan] * 30 + [1.0] * 30}
    )
    encoders = [learn(frame, np.arange(start, start + 12)) for start in (0, 12, 44)]
    assert len({(encoder.width, encoder.n_numbers) for encoder in encoders}) == 1
    assert [len(encoder.numbers) for encoder in encoders] == [3, 3, 6]
    assert (encoded(encoders[0], frame)[:, 3:6] == 0).all()


def test_dates_give_the_parts_that_vary():
    frame = pd.DataFrame({"when": pd.date_range("2024-01-30", periods=12, freq="D"), "s": "a"})
    frame.loc[3, "when"] = pd.NaT
    encoder = learn(frame, standardize=False)
    assert encoder.input_names[:3] == ["when (month)", "when (weekday)", "when (elapsed)"]
    np.testing.assert_array_equal(column(encoder, frame, "when (month)")[[0, 1, 2]], [1, 1, 2])
    np.testing.assert_array_equal(column(encoder, frame, "when (weekday)")[[0, 1]], [1, 2])
    assert column(encoder, frame, "when is missing")[3] == 1
    hours = pd.DataFrame({"when": pd.date_range("1969-12-31 20:00", periods=12, freq="h"), "s": "a"})
    values = column(learn(hours, standardize=False), hours, "when (hour)")
    np.testing.assert_array_equal(values[:6], [20, 21, 22, 23, 0, 1])


@pytest.mark.parametrize("features", [[False, True], [1], ["k"]])
def test_categorical_features_in_all_forms(features):
    frame = pd.DataFrame({"n": [1.0, 2, 3] * 4, "k": [1, 2, 3] * 4, "s": ["a"] * 12})
    features = [*features, True] if features == [False, True] else [*features, "s"] if "k" in features else [1, 2]
    encoder = learn(frame, features=features, standardize=False)
    assert encoder.input_names[:4] == ["n", "k=1", "k=2", "k=3"]
    as_floats = frame.assign(k=frame.k.astype(float).where(frame.k != 3))  # a gap makes floats of whole numbers
    np.testing.assert_array_equal(encoded(encoder, as_floats)[:2], encoded(encoder, frame)[:2])


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ([True], ValueError, r"mask of shape \(1,\).*2 columns"),
        ([5], ValueError, "no 5"),
        (["x"], ValueError, "no 'x'"),
        ([0], TypeError, "'s' has strings"),
        (None, TypeError, "'s' has strings"),
    ],
)
def test_categorical_features_that_do_not_fit(features, error, message):
    with pytest.raises(error, match=message):
        learn(pd.DataFrame({"n": [1.0, 2], "s": ["a", "b"]}), features=features)


def test_columns_that_change_their_kind_are_named():
    frame = pd.DataFrame({"n": [1.0, 2] * 6, "when": pd.date_range("2024", periods=12), "s": ["a", "b"] * 6})
    encoder = learn(frame)
    for name, values, now in (("n", "x", "strings"), ("when", 1.0, "numbers"), ("n", frame.when, "dates")):
        with pytest.raises(TypeError, match=f"'{name}' had .* in fit, but has {now}"):
            encoded(encoder, frame.assign(**{name: values}))
    nothing = encoded(encoder, frame.assign(n=None, when=None, s=None))
    np.testing.assert_array_equal(nothing, 0)


def test_strings_that_say_more_than_categories():
    n = np.arange(40)
    frame = pd.DataFrame(
        {
            "plain": np.where(n % 3, "a", "b"),
            "id": [f"K{i:05d}" for i in n],
            "text": [f"the {i} quick brown foxes" for i in n],
            "date": [f"2024-01-{i % 28 + 1:02d}" for i in n],
            "few ids": ["a", "b", *[None] * 38],
        }
    )
    findings = {finding.code: finding for finding in find_misread_strings(read_table(frame))}
    assert {code: finding.what.split("'")[1] for code, finding in findings.items()} == {
        "date_strings": "date",
        "text_strings": "text",
        "id_strings": "id",
    }
    assert all("skrub" in finding.to_do for finding in findings.values())
