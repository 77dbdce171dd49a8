"""Columns of any table: what each kind and type of values is read as, or the error that names the column."""

import datetime
import decimal
import fractions

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from presets.data.frames import read_table
from presets.data.kinds import kind_of

DAYS = [datetime.date(2024, 1, 1), None, datetime.date(2024, 1, 3)]
TIMES = [datetime.datetime(2024, 1, 1, 5), None, datetime.datetime(2024, 1, 3)]

# what a column of three rows, the middle one missing where it can be, is read as
READ = {
    "numbers with a gap": ([1.5, np.nan, 2.0], "number", [1.5, np.nan, 2.0]),
    "objects of numbers with a gap": (np.array([1, None, 2.5], object), "number", [1, np.nan, 2.5]),
    "booleans with a gap": (np.array([True, None, False], object), "number", [1, np.nan, 0]),
    "decimals": (np.array([decimal.Decimal("1.5"), None, decimal.Decimal(2)], object), "number", [1.5, np.nan, 2]),
    "nothing at all": (np.array([None, None, None], object), "number", [np.nan] * 3),
    "Int64": (pd.array([1, None, 3], dtype="Int64"), "number", [1, np.nan, 3]),
    "Float64": (pd.array([1.5, None, 3], dtype="Float64"), "number", [1.5, np.nan, 3]),
    "boolean": (pd.array([True, None, False], dtype="boolean"), "number", [1, np.nan, 0]),
    "sparse": (pd.arrays.SparseArray([0.0, 0.0, 2.0]), "number", [0, 0, 2]),
    "objects of time spans": (
        np.array([datetime.timedelta(minutes=1), None, np.timedelta64(3, "m")], object),
        "number",
        [60, np.nan, 180],
    ),
    "fractions": (np.array([fractions.Fraction(3, 2), None, 2], object), "number", [1.5, np.nan, 2]),
    "timedelta": (pd.to_timedelta([1, None, 3], unit="min"), "number", [60, np.nan, 180]),
    "strings": (["b", None, "a"], "category", ["b", None, "a"]),
    "string type": (pd.array(["b", None, "a"], dtype="string"), "category", ["b", None, "a"]),
    "objects of strings": (np.array(["b", np.nan, "a"], object), "category", ["b", None, "a"]),
    "strings beside numbers": (np.array(["b", None, 2.0], object), "category", ["b", None, "2"]),
    "numbers as strings": (["1", None, "2"], "category", ["1", None, "2"]),
    'a level called "nan"': (["nan", None, "a"], "category", ["nan", None, "a"]),
    "an empty string": (["", None, "a"], "category", ["", None, "a"]),
    "categorical": (pd.Categorical(["b", None, "a"], categories=["b", "c", "a"]), "category", ["b", None, "a"]),
    "categorical of numbers": (pd.Categorical([2, None, 1]), "category", ["2", None, "1"]),
    "intervals": (pd.cut([1, np.nan, 3], [0, 2, 4]), "category", ["(0, 2]", None, "(2, 4]"]),
    "datetimes": (pd.to_datetime(TIMES), "date", TIMES),
    "datetimes with a zone": (pd.to_datetime(TIMES).tz_localize("Europe/Paris"), "date", TIMES),
    "objects of dates": (np.array(DAYS, object), "date", DAYS),
}


def as_lists(column):
    if column.kind == "category":
        return [None if code < 0 else column.levels[code] for code in column.values]
    return column.values


@pytest.mark.parametrize("kind", READ)
def test_a_column_of_pandas(kind):
    values, expected, result = READ[kind]
    column = read_table(pd.DataFrame({"beside": ["x", "y", "z"], "it": values})).columns[1]
    assert (column.name, column.kind) == ("it", expected)
    if expected == "category":
        assert as_lists(column) == result
    else:
        result = np.array(result, dtype="datetime64[us]" if expected == "date" else np.float64)
        np.testing.assert_array_equal(column.values, result)


POLARS = {
    "numbers": (pl.Series([1, None, 3]), "number", [1, np.nan, 3]),
    "booleans": (pl.Series([True, None, False]), "number", [1, np.nan, 0]),
    "decimals": (pl.Series([decimal.Decimal("1.5"), None, decimal.Decimal(2)]), "number", [1.5, np.nan, 2]),
    "integers of 128 bits": (pl.Series([1, None, 3], dtype=pl.Int128), "number", [1, np.nan, 3]),
    "nothing at all": (pl.Series([None, None, None]), "number", [np.nan] * 3),
    "durations": (pl.Series([datetime.timedelta(minutes=1), None, None]), "number", [60, np.nan, np.nan]),
    "strings": (pl.Series(["b", None, "a"]), "category", ["b", None, "a"]),
    "categorical": (pl.Series(["b", None, "a"], dtype=pl.Categorical), "category", ["b", None, "a"]),
    "enum": (pl.Series(["b", None, "a"], dtype=pl.Enum(["c", "b", "a"])), "category", ["b", None, "a"]),
    "dates": (pl.Series(DAYS), "date", DAYS),
    "datetimes": (pl.Series(TIMES), "date", TIMES),
    "datetimes with a zone": (pl.Series(TIMES).dt.replace_time_zone("Europe/Paris"), "date", TIMES),
}


@pytest.mark.parametrize("kind", POLARS)
def test_a_column_of_polars(kind):
    values, expected, result = POLARS[kind]
    column = read_table(pl.DataFrame({"beside": ["x", "y", "z"], "it": values})).columns[1]
    assert column.kind == expected
    if expected == "category":
        assert as_lists(column) == result
    else:
        result = np.array(result, dtype="datetime64[us]" if expected == "date" else np.float64)
        np.testing.assert_array_equal(column.values, result)


REFUSED = {
    "bytes": (np.array([b"a", b"b"], object), TypeError, "bytes"),
    "lists": (np.array([[1], [2], None], object)[:2], TypeError, "list"),
    "dicts": (np.array([{}, {}], object), TypeError, "dict"),
    "dates beside strings": (np.array([datetime.date(2024, 1, 1), "a"], object), TypeError, "dates with"),
    "periods": (pd.period_range("2024", periods=2, freq="M"), TypeError, "Period"),
    "complex numbers": (np.array([1j, 2]), ValueError, "Complex"),
    "a number too large": (np.array([10**400, 1], object), ValueError, "no float can hold"),
    "times of the day": (np.array([datetime.time(1), None], object), TypeError, "time"),
    "infinity": (np.array([1.0, np.inf]), ValueError, "infinity"),
    "infinity beside a gap": (np.array([None, np.inf], object), ValueError, "infinity"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_column_is_refused_by_name(kind):
    values, error, message = REFUSED[kind]
    with pytest.raises(error, match=f"{message}.*") as caught:
        read_table(pd.DataFrame({"beside": ["x", "y"], "it": pd.Series(values, dtype=values.dtype)}))
    assert "'it'" in str(caught.value)


def test_rows_of_any_form_give_the_same_columns():
    rows = [["a", 1.0], ["b", 2.0]]
    record = np.array([("a", 1.0), ("b", 2.0)], dtype=[("s", "U1"), ("n", float)])
    for X in (rows, np.array(rows, object), record, pd.DataFrame(rows), pl.DataFrame(rows, orient="row")):
        table = read_table(X)
        assert [column.kind for column in table.columns] == ["category", "number"]
        assert as_lists(table.columns[0]) == ["a", "b"]
        np.testing.assert_array_equal(table.columns[1].values, [1.0, 2.0])
    assert read_table(record).names == ["s", "n"]


def test_columns_of_one_name_and_names_of_several_levels():
    frame = pd.DataFrame([["a", 1.0], ["b", 2.0]], columns=["x", "x"])
    assert [column.kind for column in read_table(frame).columns] == ["category", "number"]
    frame.columns = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    assert read_table(frame).names == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    "X",
    [
        np.ones((3, 2)),
        np.ones((3, 2), object),
        [[1, 2.5], [3, 4]],
        sparse.csr_array(np.ones((3, 2))),
        pd.DataFrame({"a": [1, 2], "b": [True, False]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pl.DataFrame({"a": [1, 2], "b": [True, False]}),
        pd.DataFrame({"a": np.array([1, 2.5], object)}),
        np.ones(3),
        np.ones((3, 2, 2)),
        [[1, 2], [3]],
        pd.DataFrame({"a": ["x"]})[:0],
    ],
)
def test_numbers_and_what_is_no_table_are_left_to_scikit_learn(X):
    assert read_table(X) is None


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (pd.DataFrame({"a": [1]}), "table"),
        (pl.DataFrame({"a": [1]}), "table"),
        (sparse.csr_array(np.ones((2, 2))), "table"),
        (np.ones((2, 3)), "table"),
        ([[1, 2], [3, 4]], "table"),
        (np.zeros(2, dtype=[("a", float)]), "table"),
        (np.ones((2, 3, 4)), "array"),
        ([np.ones((2, 3)), np.ones((4, 3))], "ragged"),
        ([[1, 2], [3]], "ragged"),
        (np.array([np.ones(2), np.ones(3)], object), "ragged"),
    ],
)
def test_kind_of(X, kind):
    assert kind_of(X) == kind


def test_a_lazy_frame_is_refused():
    with pytest.raises(TypeError, match=r"LazyFrame.*collect\(\)"):
        read_table(pl.DataFrame({"a": ["x"]}).lazy())


def test_columns_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    columns = {
        "strings": (["b", None, "a"], arrow.string()),
        "dictionary": (["b", None, "a"], arrow.dictionary(arrow.int32(), arrow.string())),
        "numbers": ([1, None, 3], arrow.int64()),
        "booleans": ([True, None, False], arrow.bool_()),
        "decimals": ([decimal.Decimal("1.5"), None, decimal.Decimal(2)], arrow.decimal128(10, 2)),
        "dates": (DAYS, arrow.date32()),
        "datetimes": (TIMES, arrow.timestamp("us")),
        "durations": ([datetime.timedelta(minutes=1), None, None], arrow.duration("us")),
    }
    table = read_table(pd.DataFrame({n: pd.array(v, dtype=pd.ArrowDtype(t)) for n, (v, t) in columns.items()}))
    read = {column.name: column for column in table.columns}
    assert [column.kind for column in table.columns] == ["category"] * 2 + ["number"] * 3 + ["date"] * 2 + ["number"]
    assert as_lists(read["strings"]) == as_lists(read["dictionary"]) == ["b", None, "a"]
    np.testing.assert_array_equal(read["decimals"].values, [1.5, np.nan, 2])
    np.testing.assert_array_equal(read["datetimes"].values, np.array(TIMES, dtype="datetime64[us]"))
    np.testing.assert_array_equal(read["durations"].values, [60, np.nan, np.nan])


def test_numbers_that_numpy_lacks_are_read_though_all_columns_are_numbers():
    table = read_table(pl.DataFrame({"a": [1, 2], "b": pl.Series([3, 4], dtype=pl.Int128)}))
    np.testing.assert_array_equal(table.as_numbers(), [[1, 3], [2, 4]])
