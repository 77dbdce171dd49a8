"""Columns of strings that are probably no categories: text, ids and dates."""

import re
from typing import Any

import numpy as np

from presets.data.frames import Table
from presets.data.report import Finding, listed

DISTINCT = 0.9
"""Short strings are ids if at least this share of the values is different."""

DISTINCT_TEXT, WORDS = 0.5, 3
"""Strings are text if at least this share is different, with at least so many words on average."""

ROWS = 20
"""Columns with fewer values than this are not checked."""

SAMPLE = 200
"""Number of values of a column that are checked."""

_DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?\s*$"
)


def find_misread_strings(table: Table) -> list[Finding]:
    """Find columns that are treated as categories, but look like something else.

    Parameters
    ----------
    table : presets.data.frames.Table

    Returns
    -------
    list of Finding
        One for each kind of column.
    """
    by_kind: dict[str, list[Any]] = {}
    for column in table.columns:
        kind = _looks_like(column) if column.kind == "category" else None
        if kind is not None:
            by_kind.setdefault(kind, []).append(column.name)
    return [_finding(kind, by_kind[kind]) for kind in _ADVICE if kind in by_kind]


def _looks_like(column):
    used, counts = np.unique(column.values[column.values >= 0], return_counts=True)
    if counts.sum() < ROWS:
        return None
    values = [column.levels[i] for i in used[:: max(len(used) // SAMPLE, 1)]]
    distinct = len(used) / counts.sum()
    if np.mean([_DATE.match(value) is not None for value in values]) >= DISTINCT:
        return "date"
    if distinct >= DISTINCT_TEXT and np.mean([len(value.split()) for value in values]) >= WORDS:
        return "text"
    return "id" if distinct >= DISTINCT else None


_ADVICE = {
    "date": ("dates", "Convert them to datetimes first (pandas.to_datetime, or skrub.ToDatetime)."),
    "text": ("text", "Encode the text first, with skrub.StringEncoder or skrub.TextEncoder."),
    "id": ("ids, different in nearly every row", "Remove ids, or encode their parts with skrub.StringEncoder."),
}


def _finding(kind, names):
    what, to_do = _ADVICE[kind]
    return Finding(
        f"{kind}_strings",
        "warning",
        f"Columns {listed(names)} are treated as categories, but look like {what}."
        if len(names) > 1
        else f"Column {listed(names)} is treated as a category, but looks like {what}.",
        to_do,
        "A1",
        figure=len(names),
    )
