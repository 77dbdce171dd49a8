"""Messages of a fit while it runs."""

import math
import shutil
import sys

WIDTH = 20
"""Width of the bar in characters."""


class Progress:
    """Prints a line for each candidate that has ended. A terminal also shows a bar with the running candidate.

    Parameters
    ----------
    name : str
        Start of each line.
    clock : Clock
    verbose : int
        0 prints nothing.
    """

    def __init__(self, name, clock, verbose):
        self._name, self._clock, self._verbose = name, clock, verbose

    def runs(self, trial, best, part=""):
        """Show which candidate runs now, and with which part of it. The terminal has this in one line."""
        if self._verbose and sys.stdout.isatty():
            text = f"{self._bar()}{trial.name} runs{part}{_best(best)}"
            print(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)

    def ended(self, trial, best):
        """Print the result of a candidate."""
        if self._verbose:
            start = "\r\x1b[K" if sys.stdout.isatty() else ""
            reason = f" ({trial.reason})" if trial.reason else ""
            score = "" if math.isnan(trial.score) else f", score {trial.score:.4g}"
            print(
                f"{start}[{self._name}] {trial.name} {trial.status}{reason}{score}{_best(best)}{self._left()}",
                flush=True,
            )

    def _left(self):
        clock = self._clock
        return f", {max(clock.left, 0):.0f} s left" if clock.is_limited else f", after {clock.elapsed:.0f} s"

    def _bar(self):
        clock = self._clock
        if not clock.is_limited:
            return ""
        done = min(int(WIDTH * clock.elapsed / clock.limit), WIDTH)
        return f"[{'#' * done}{'-' * (WIDTH - done)}] {max(clock.left, 0):.0f} s left, "


def _best(best):
    return "" if best is None else f", best {best.score:.4g} ({best.name})"
