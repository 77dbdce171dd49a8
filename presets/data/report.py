"""Findings in plain words, each with its figure and what to do."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

SEVERITIES = ("serious", "warning", "note")
"""From what spoils the training, over what probably costs score, to what is only worth knowing."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Parameters
    ----------
    code : str
        Name of the kind of finding, such as "few_rows".
    severity : {"serious", "warning", "note"}
    what : str
        What was found, with its figures.
    to_do : str
        What to do about it.
    item : str
        Where the article speaks of it, such as "A5.4".
    figure : float or None, optional
        The number on which the finding rests.
    parameter : str or None, optional
        The parameter to change, if one helps.
    """

    code: str
    severity: str
    what: str
    to_do: str
    item: str
    figure: float | None = None
    parameter: str | None = None

    def __str__(self):
        return f"{self.what} {self.to_do} ({self.item})"


class Report(Sequence):
    """Findings, the gravest first; printable, and a table in a notebook.

    Parameters
    ----------
    title : str
        What was looked at.
    findings : iterable of Finding
        Within one severity they keep their order: causes before what follows from them.
    """

    def __init__(self, title, findings):
        self.title = title
        self.findings = tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))

    def __getitem__(self, index):
        return self.findings[index]

    def __len__(self):
        return len(self.findings)

    @property
    def alarms(self):
        """The findings that are more than notes.

        Returns
        -------
        tuple of Finding
        """
        return tuple(finding for finding in self if finding.severity != "note")

    @property
    def codes(self):
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
