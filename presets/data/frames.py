"""The columns of any table: numbers, categories or dates, from frames of any library and from arrays."""

from __future__ import annotations

import datetime
import decimal
import numbers
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from presets.data.kinds import is_frame, kind_of
from presets.typing import Array

PLAIN = "buif"
"""numpy's kinds of types that are plain numbers."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : object
        Its name, or its number in an array.
    kind : {"number", "category", "date"}
    values : ndarray of shape (n_rows,)
        Numbers, with NaN for missing ones. For a category: the numbers of the levels, with -1 for missing ones. For
        dates: datetime64, with NaT for missing ones.
    levels : list of str
        Levels of a category, in any order. Some may be unused.
    """

    name: Any
    kind: str
    values: Array
    levels: list[str] = field(default_factory=list)

    @property
    def is_missing(self) -> Array:
        """Whether each value is missing."""
        if self.kind == "category":
            return self.values < 0
        return np.isnat(self.values) if self.kind == "date" else np.isnan(self.values)

    def of_kind(self, kind: str) -> Column:
        """Convert the column to another kind. All columns can become categories, and empty columns any kind.

        Raises
        ------
        TypeError
            If this conversion is not possible.
        """
        if kind == self.kind:
            return self
        if kind == "category":
            return self.as_category()
        if not self.is_missing.all():
            raise TypeError(f"Column {self.name!r} had {_PLURALS[kind]} in fit, but has {_PLURALS[self.kind]} now.")
        return Column(self.name, kind, np.full(len(self.values), *_EMPTY[kind]))

    def as_category(self) -> Column:
        """Convert the column to a category; each different value becomes a level."""
        if self.kind == "category":
            return self
        distinct, codes = np.unique(self.values, return_inverse=True)
        missing = self.is_missing
        return Column(self.name, "category", np.where(missing, -1, codes), [_level(value) for value in distinct])


_PLURALS = {"number": "numbers", "category": "strings or categories", "date": "dates"}
_EMPTY: dict[str, tuple[Any, ...]] = {"number": (np.nan,), "date": (np.datetime64("NaT"), "datetime64[us]")}


@dataclass(frozen=True, eq=False)
class Table:
    """A table with columns of several kinds.

    Parameters
    ----------
    columns : list of Column
    """

    columns: list[Column]

    def __len__(self) -> int:
        return len(self.columns[0].values)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self), len(self.columns)

    def take(self, rows: Array) -> Table:
        """Some rows of the table, given by their numbers."""
        return Table([Column(c.name, c.kind, c.values[rows], c.levels) for c in self.columns])

    @property
    def names(self) -> list[Any]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    def as_numbers(self) -> Array:
        """The table as an array, if all columns are numbers or empty.

        Raises
        ------
        TypeError
            If a column has other values.
        """
        return np.stack([column.of_kind("number").values.astype(np.float64) for column in self.columns], axis=1)

    @classmethod
    def of_numbers(cls, X: Any, names: Any = None) -> Table:
        """The columns of an array of numbers."""
        names = range(X.shape[1]) if names is None else names
        return cls([Column(name, "number", values) for name, values in zip(names, X.T, strict=True)])


def read_table(X: Any) -> Table | None:
    """Read a table that may contain more than numbers.

    Parameters
    ----------
    X : array-like, frame or sparse matrix

    Returns
    -------
    Table or None
        None if X contains only numbers, and no missing objects; scikit-learn's checks accept such X. Also None if X is
        no table; scikit-learn's checks refuse such X.

    Raises
    ------
    TypeError, ValueError
        If a column has values that no network can use; the message names the column.
    """
    if sparse.issparse(X) or kind_of(X) != "table":
        return None
    named = _named_columns(X)
    if not named or not len(named[0][1]):
        return None
    columns = [_read_column(name, values) for name, values in named]
    if all(column.kind == "number" for column in columns) and not any(
        column.is_missing.any() or _is_wide(values)
        for column, (_, values) in zip(columns, named, strict=True)
        if not _is_plain(values)
    ):
        return None
    return Table(columns)


def read_usable(X: Any) -> tuple[Table | None, list[Any]]:
    """Read the columns of a table that a network can use.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_samples, n_features)

    Returns
    -------
    table : Table or None
        None if these columns are numbers without gaps.
    faulty : list
        Names or numbers of the other columns.
    """
    if sparse.issparse(X):
        return None, []
    named = _named_columns(X) or _all_columns(X)
    columns, faulty = [], []
    for name, values in named:
        try:
            columns.append(_read_column(name, values))
        except (TypeError, ValueError):
            faulty.append(name)
    is_mixed = any(column.kind != "number" or column.is_missing.any() for column in columns)
    return (Table(columns), faulty) if is_mixed else (None, faulty)


def _all_columns(X):
    if is_frame(X):
        columns = X.get_columns() if hasattr(X, "get_columns") else [X.iloc[:, i] for i in range(X.shape[1])]
        return list(zip(X.columns, columns, strict=True))
    values = np.asarray(X)
    return list(enumerate(values.T)) if values.ndim == 2 else []


def _named_columns(X):
    """Pairs of name and values; empty if all columns have number types."""
    if is_frame(X):
        named = _all_columns(X)
        return [] if all(_is_plain(values) for _, values in named) else named
    values = np.asarray(X)
    if values.dtype.names:
        return [(name, values[name]) for name in values.dtype.names]
    if values.ndim != 2 or values.dtype.kind in PLAIN + "c":
        return []
    if values.dtype.kind in "US" and isinstance(X, list | tuple):  # numpy has converted numbers to strings
        values = np.array(X, dtype=object)
    return list(enumerate(values.T))


def _is_plain(values):
    """Whether an array, or a column of pandas or polars, has a number type."""
    dtype = values.dtype
    if hasattr(dtype, "is_numeric"):
        return _is_number_of_numpy(dtype)
    return not hasattr(dtype, "categories") and getattr(dtype, "kind", "O") in PLAIN


def _is_number_of_numpy(dtype):
    """Whether a type of polars is one of numbers that numpy has too."""
    return dtype.is_numeric() and not dtype.is_decimal() and not str(dtype).endswith("128")


def _is_wide(values):
    """Whether a column of polars holds integers of 128 bits, of which polars makes no array."""
    return hasattr(values.dtype, "is_integer") and values.dtype.is_integer() and not _is_number_of_numpy(values.dtype)


def _read_column(name, values):
    if hasattr(values.dtype, "is_numeric"):
        values = _from_polars(values)
    elif hasattr(values.dtype, "categories"):
        return _category(name, values.cat.codes.to_numpy(), values.cat.categories)
    elif not isinstance(values, np.ndarray):
        values = _from_pandas(values)
    if values.ndim != 1:
        raise ValueError(
            f"Column {name!r} contains arrays of shape {values.shape[1:]}; put each number into its own column."
        )
    match values.dtype.kind:
        case "b" | "u" | "i" | "f":
            return _number(name, values)
        case "M":
            return Column(name, "date", values.astype("datetime64[us]"))
        case "m":
            return _number(name, _seconds(values))
        case "U":
            distinct, codes = np.unique(values, return_inverse=True)
            return _category(name, codes, distinct)
        case "c":
            raise ValueError(
                f"Complex data not supported: column {name!r}. Split it into two columns, real and imaginary part."
            )
        case _:
            return _read_objects(name, values.astype(object))


def _from_polars(series):
    dtype = series.dtype
    if getattr(dtype, "time_zone", None):
        series = series.dt.replace_time_zone(None)
    if dtype.is_temporal() or _is_number_of_numpy(dtype):
        return series.to_numpy()
    return np.fromiter(series.to_list(), dtype=object, count=len(series))


def _from_pandas(series):
    """Numbers, times or objects. A time with a zone becomes its local time."""
    dtype = series.dtype
    match getattr(dtype, "kind", "O"):
        case "M":
            is_zoned = getattr(dtype, "tz", None) or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)
            series = series.dt.tz_localize(None) if is_zoned else series
            return series.astype("datetime64[us]").to_numpy()
        case "m":
            return series.astype("timedelta64[us]").to_numpy()
        case "b" | "u" | "i" | "f" if not isinstance(dtype, np.dtype):
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
        case _:
            return series.to_numpy() if isinstance(dtype, np.dtype) else series.to_numpy(dtype=object)


def _seconds(values):
    return np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s"))


def _number(name, values):
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise ValueError(f"X contains infinity (inf) in column {name!r}; replace it, for example by NaN.")
    return Column(name, "number", values)


def _read_objects(name, values):
    """Read Python objects: numbers, strings (also mixed with numbers), or dates. None, NaN, NA and NaT are missing."""
    types = {type(value) for value in values}
    gaps = {t for t in types if t.__name__ in ("NoneType", "NAType", "NaTType")}
    types -= gaps
    known = {kind: {t for t in types if issubclass(t, of)} for kind, of in _OBJECTS.items()}
    others = types - set().union(*known.values())
    if others or (known["date"] and (known["str"] or known["number"])):
        found = sorted(t.__name__ for t in others) or ["dates with other values"]
        # scikit-learn's checks expect Python's own words, "argument must be a string ... number"
        raise TypeError(
            f"Column {name!r} contains {', '.join(found)}, but an argument must be a string or a real number, not "
            f"{found[0]!r}. Convert it to numbers, strings or datetimes."
        )
    is_gap = np.array([type(value) in gaps or value != value for value in values])
    if known["str"]:
        index: dict[str, int] = {}
        codes = [-1 if gap else index.setdefault(value, len(index)) for value, gap in zip(values, is_gap, strict=True)]
        return _category(name, np.array(codes), list(index))
    if known["date"]:
        days = [None if gap else _without_zone(value) for value, gap in zip(values, is_gap, strict=True)]
        return Column(name, "date", np.array(days, dtype="datetime64[us]"))
    try:
        floats = [np.nan if gap else _as_float(value) for value, gap in zip(values, is_gap, strict=True)]
    except OverflowError as error:
        raise ValueError(
            f"Column {name!r} contains a number that no float can hold. Divide the column by a constant."
        ) from error
    return _number(name, np.array(floats))


def _as_float(value):
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return value / np.timedelta64(1, "s") if isinstance(value, np.timedelta64) else float(value)


_OBJECTS = {
    "str": str,
    "number": numbers.Real | decimal.Decimal | np.bool_ | datetime.timedelta | np.timedelta64,
    "date": datetime.date | np.datetime64,
}


def _without_zone(value):
    return value.replace(tzinfo=None) if getattr(value, "tzinfo", None) is not None else value


def _category(name, codes, values):
    """A column of categories. Values with the same name, such as 1 and "1", are one level."""
    names = [_level(value) for value in values]
    levels = list(dict.fromkeys(names))
    places = {level: place for place, level in enumerate(levels)}
    lookup = np.array([*(places[level] for level in names), -1])
    return Column(name, "category", lookup[codes], levels)


_EXACT = 1 << 53
"""Whole numbers below this one are exact as floats."""


def _level(value):
    """The name of a level. 2.0 has the name "2", because a column of whole numbers with gaps has floats."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    return str(int(value)) if is_number and abs(value) < _EXACT and value == int(value) else str(value)
