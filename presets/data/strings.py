"""Columns of strings that say more than categories: text, ids and dates."""

import re

import numpy as np

from presets.data.report import Finding

DISTINCT = 0.9
"""Share of different values from which on short strings are ids, and no category."""

DISTINCT_TEXT, WORDS = 0.5, 3
"""Share of different values, and words in the mean, from which on strings are text."""

ROWS = 20
"""Rows with a value that it takes to tell."""

SAMPLE = 200
"""Values of a column that are looked at."""

_DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?\s*$"
)


def find_misread_strings(table):
    """Look for columns that are taken for categories, and look like something else.

    Parameters
    ----------
    table : presets.data.frames.Table

    Returns
    -------
    list of Finding
        One for each kind of column.
    """
    by_kind: dict[str, list] = {}
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
    "date": ("dates", "Turn such strings into datetimes before (pandas.to_datetime, or skrub.ToDatetime)."),
    "text": ("text", "Encode text before, by skrub.StringEncoder or skrub.TextEncoder."),
    "id": ("ids, different in nearly every row", "Leave ids out, or encode their parts, by skrub.StringEncoder."),
}


def _finding(kind, names):
    what, to_do = _ADVICE[kind]
    listed = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Finding(
        f"{kind}_strings",
        "warning",
        f"Columns {listed} are taken for categories, but look like {what}."
        if len(names) > 1
        else f"Column {listed} is taken for a category, but looks like {what}.",
        to_do,
        "A1",
        figure=len(names),
    )
