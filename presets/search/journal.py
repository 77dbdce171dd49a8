"""The finished trials of a search, in a directory from which an interrupted search can continue."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, Self

import numpy as np

from presets.atomic import replacing
from presets.search.evaluation import Fold, Result
from presets.search.header import difference

TRIAL = re.compile(r"trial_\d{5,}\.json")


class SealedDirectory:
    """A directory with a header, which says what its files belong to.

    Files are written whole, also if the process is killed. If several processes start in one directory, one of them
    succeeds. Each file has a seal, which reveals damage and files of another search.

    Parameters
    ----------
    directory : Path or None
        None stores nothing.
    header : dict
        What the files belong to; `open` compares it.
    """

    header_name = "search.json"

    def __init__(self, directory: Path | None, header: dict[str, Any]) -> None:
        self.directory, self.header = directory, header

    @classmethod
    def open(cls, directory: str | os.PathLike[str] | None, header: dict[str, Any], *, resume: bool) -> Self:
        """Start in a directory, or continue there.

        Parameters
        ----------
        directory : path-like or None
        header : dict of str to JSON
            From `describe`. If ``seed`` is None, the directory keeps its own seed, or draws one.
        resume : bool
            Whether to continue what the directory already holds.

        Returns
        -------
        SealedDirectory

        Raises
        ------
        ValueError
            If the directory holds other files or another search, or a search and `resume` is False.
        """
        new = {**header, "seed": header["seed"] or draw_seed(np.random.RandomState())}
        if directory is None:
            return cls(None, new)
        directory = Path(directory)
        if directory.exists() and not directory.is_dir():
            raise ValueError(f"directory={str(directory)!r} is a file; it must be a directory.")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"directory={str(directory)!r} cannot be created: {error}") from error
        if _holds_anything(directory) and not (directory / cls.header_name).exists():
            raise ValueError(
                f"directory={str(directory)!r} holds files, but no search of this package; use an empty or new "
                "directory."
            )
        try:
            write_sealed(directory / cls.header_name, new, exclusive=True)
        except FileExistsError:
            if resume:
                return cls.join(directory, header)
            raise ValueError(
                f"directory={str(directory)!r} already holds a search. Set resume=True to continue it, or use another "
                "directory."
            ) from None
        return cls(directory, new)

    @classmethod
    def join(cls, directory: str | os.PathLike[str], header: dict[str, Any]) -> Self:
        """Continue in a directory.

        Raises
        ------
        ValueError
            If it belongs to another search.
        """
        stored = read_sealed(Path(directory) / cls.header_name)
        found = difference(stored, header)
        if found is not None:
            raise ValueError(f"directory={str(directory)!r} holds another search: {found}. Use another directory.")
        return cls(Path(directory), stored)


class Journal(SealedDirectory):
    """The finished trials of a search: in memory and, if there is a directory, in one file for each trial.

    Parameters
    ----------
    directory : Path or None
    header : dict
        Description of the search, from `describe`.
    """

    def __init__(self, directory: Path | None, header: dict[str, Any]) -> None:
        super().__init__(directory, header)
        self.results: dict[int, Result] = {} if directory is None else self._read()

    def write(self, result: Result) -> None:
        """Store a finished trial."""
        self.results[result.number] = result
        if self.directory is not None:
            record = {name: getattr(result, name) for name in ("number", "values", "status", "failure")}
            record["folds"] = [vars(fold) for fold in result.folds]
            record["screening"] = None if result.screening is None else vars(result.screening)
            write_sealed(self.directory / _name(result.number), record, of=self.header)

    def refresh(self) -> None:
        """Read the trials that other processes have written."""
        self.results = self._read()

    def _read(self):
        results = {}
        for path in sorted(self.directory.iterdir()):
            if TRIAL.fullmatch(path.name):
                record = read_sealed(path, of=self.header)
                if path.name != _name(record["number"]):
                    raise ValueError(_damaged(path, True))
                record["folds"] = [Fold(**fold) for fold in record["folds"]]
                record["screening"] = None if record["screening"] is None else Fold(**record["screening"])
                results[record["number"]] = Result(**record, params={})
        return results


def draw_seed(source: np.random.RandomState) -> int:
    """Draw the seed of an oracle. It is never 0, which Keras Tuner reads as no seed."""
    return int(source.randint(1, 2**31 - 1))


def _holds_anything(directory):
    """Whether there are files, apart from temporary ones of a process that starts a search or was killed then."""
    return any(not entry.name.endswith(".tmp") for entry in directory.iterdir())


def _name(number):
    return f"trial_{number:05d}.json"


def write_sealed(path, content, *, of=None, exclusive=False):
    """Write a file with a seal, which reveals damage and trials of another search."""
    with replacing(path, "w", exclusive=exclusive) as file:
        json.dump({**content, "seal": _seal(content, of)}, file, indent=1, allow_nan=False)


def read_sealed(path, *, of=None):
    """Read a file that `write_sealed` wrote.

    Raises
    ------
    ValueError
        If it is damaged, or belongs to another search.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("seal") == _seal(content, of):
            return content
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(_damaged(path, of is not None)) from error
    raise ValueError(_damaged(path, of is not None))


def _seal(content, of):
    return hashlib.sha256(json.dumps([of, content], sort_keys=True).encode()).hexdigest()


def _damaged(path, of_trial):
    remedy = "delete it to run that trial again" if of_trial else "use another directory"
    return f"{path} is damaged, or belongs to another search; {remedy}."
