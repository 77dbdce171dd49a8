"""Reports of findings: each has a description, its figure, and what to do."""

import dataclasses
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, overload

SEVERITIES = ("serious", "warning", "note")
"""A serious finding spoils the training, a warning probably costs score, and a note is good to know."""

SHOWN = 5
"""Greatest number of names or rows that a message lists."""


def listed(names: Sequence[Any]) -> str:
    """List names, and count those beyond the first few."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more


@dataclass(frozen=True)
class Finding:
    """One finding of a check.

    Parameters
    ----------
    code : str
        Name of the kind of finding, such as "few_rows".
    severity : {"serious", "warning", "note"}
    what : str
        Description, with figures.
    to_do : str
        What to do about it.
    item : str
        Item of the article, such as "A5.4".
    figure : float or None, optional
        The figure that led to the finding.
    parameter : str or None, optional
        The parameter to change, if there is one.
    columns : tuple, optional
        Names or numbers of the columns that the finding is about.
    """

    code: str
    severity: str
    what: str
    to_do: str
    item: str
    figure: float | None = None
    parameter: str | None = None
    columns: tuple[Any, ...] = ()

    def __str__(self):
        return f"{self.what} {self.to_do} ({self.item})"

    def named(self, names):
        """The same finding, with names for the columns that it knows by number.

        Parameters
        ----------
        names : sequence of str

        Returns
        -------
        Finding
        """
        numbers = [column for column in self.columns if isinstance(column, Integral) and column < len(names)]
        if not numbers:
            return self
        shown = ", ".join(f"{number} is {names[number]!r}" for number in numbers[:SHOWN])
        more = f", and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
        columns = tuple(names[c] if c in numbers else c for c in self.columns)
        return dataclasses.replace(self, what=f"{self.what} (Of these columns {shown}{more}.)", columns=columns)


class Report(Sequence[Finding]):
    """Findings, the most serious first. Print it, or show it as a table in a notebook.

    Parameters
    ----------
    title : str
        What was checked.
    findings : iterable of Finding
        Findings of the same severity keep their order: causes before their effects.
    """

    def __init__(self, title: str, findings: Iterable[Finding]) -> None:
        self.title = title
        self.findings = tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index):
        return self.findings[index]

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Serious findings and warnings, without notes.

        Returns
        -------
        tuple of Finding
        """
        return tuple(finding for finding in self if finding.severity != "note")

    @property
    def codes(self) -> list[str]:
        """Codes of the findings, in their order.

        Returns
        -------
        list of str
        """
        return [finding.code for finding in self]

    def __repr__(self):
        return f"<Report {self.title!r}: {', '.join(self.codes) or 'nothing found'}>"

    def __str__(self):
        lines = [self.title, "=" * len(self.title)]
        for number, finding in enumerate(self, start=1):
            lines += [
                f"{number}. [{finding.severity}] {finding.code} ({finding.item})",
                f"   {finding.what}",
                f"   -> {finding.to_do}",
            ]
        return "\n".join([*lines, "" if len(self) else "Nothing found."]).rstrip()

    def _repr_html_(self):
        cells = [
            (finding.severity, finding.code, finding.what, finding.to_do, finding.parameter or "", finding.item)
            for finding in self
        ]
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        header = "".join(
            f"<th>{name}</th>" for name in ("severity", "finding", "what", "what to do", "parameter", "item")
        )
        table = f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>" if cells else "Nothing found."
        return f"<div><b>{html.escape(self.title)}</b>{table}</div>"
