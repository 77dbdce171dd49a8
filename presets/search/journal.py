"""The finished trials of a search in a directory, from which an interrupted search goes on."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np

from presets.atomic import replacing
from presets.search.evaluation import Fold, Result
from presets.search.header import difference

HEADER = "search.json"
TRIAL = re.compile(r"trial_\d{5,}\.json")


class Journal:
    """What a search has found so far: in memory, and if there is a directory, in a file for each finished trial.

    A process that is killed leaves no file half written. Of several processes that begin a search in one directory one
    succeeds. Damaged files, and those of another search, are found by their seals.

    Parameters
    ----------
    directory : Path or None
    header : dict
        What the search is; `open` compares it.
    """

    def __init__(self, directory, header):
        self.directory, self.header = directory, header
        self.results = {} if directory is None else self._read()

    @classmethod
    def open(cls, directory, header, *, resume):
        """Begin a journal, or go on with one.

        Parameters
        ----------
        directory : path-like or None
        header : dict of str to JSON
            From `describe`. ``seed`` may be None: then the seed of the journal is taken.
        resume : bool
            Whether a journal that is there is gone on with.

        Returns
        -------
        Journal

        Raises
        ------
        ValueError
            If the directory holds something else, a search that is not to be gone on with, or another search.
        """
        new = {**header, "seed": header["seed"] or draw_seed(np.random.RandomState())}
        if directory is None:
            return cls(None, new)
        directory = Path(directory)
        if directory.exists() and not directory.is_dir():
            raise ValueError(f"directory={str(directory)!r} is a file; give a directory.")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"directory={str(directory)!r} cannot be made: {error}") from error
        if _holds_anything(directory) and not (directory / HEADER).exists():
            raise ValueError(
                f"directory={str(directory)!r} holds files, but no search of this package; give an empty or a new "
                "directory."
            )
        try:
            _write(directory / HEADER, new, exclusive=True)
        except FileExistsError:
            if resume:
                return cls.join(directory, header)
            raise ValueError(
                f"directory={str(directory)!r} holds a search already. Set resume=True to go on with it, or give "
                "another directory."
            ) from None
        return cls(directory, new)

    @classmethod
    def join(cls, directory, header):
        """Go on with a journal that is there.

        Raises
        ------
        ValueError
            If it is of another search.
        """
        stored = _load(Path(directory) / HEADER)
        found = difference(stored, header)
        if found is not None:
            raise ValueError(f"directory={str(directory)!r} holds another search: {found}. Give another directory.")
        return cls(Path(directory), stored)

    def write(self, result):
        """Keep a finished trial."""
        self.results[result.number] = result
        if self.directory is not None:
            record = {name: getattr(result, name) for name in ("number", "values", "status", "failure")}
            record["folds"] = [vars(fold) for fold in result.folds]
            record["screening"] = None if result.screening is None else vars(result.screening)
            _write(self.directory / _name(result.number), record, of=self.header)

    def refresh(self):
        """Read what other processes have written."""
        self.results = self._read()

    def _read(self):
        results = {}
        for path in sorted(self.directory.iterdir()):
            if TRIAL.fullmatch(path.name):
                record = _load(path, of=self.header)
                if path.name != _name(record["number"]):
                    raise ValueError(_damaged(path))
                record["folds"] = [Fold(**fold) for fold in record["folds"]]
                record["screening"] = None if record["screening"] is None else Fold(**record["screening"])
                results[record["number"]] = Result(**record, params={})
        return results


def draw_seed(source):
    """A seed for an oracle; Keras Tuner takes 0 for none."""
    return int(source.randint(1, 2**31 - 1))


def _holds_anything(directory):
    """Whether there is any file but those of a process that begins a search at this moment, or was killed then."""
    return any(not entry.name.endswith(".tmp") for entry in directory.iterdir())


def _name(number):
    return f"trial_{number:05d}.json"


def _write(path, content, *, of=None, exclusive=False):
    """Write a file with a seal, by which damage is seen, and a trial of another search."""
    with replacing(path, "w", exclusive=exclusive) as file:
        json.dump({**content, "seal": _seal(content, of)}, file, indent=1, allow_nan=False)


def _load(path, *, of=None):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("seal") == _seal(content, of):
            return content
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(_damaged(path)) from error
    raise ValueError(_damaged(path))


def _seal(content, of):
    return hashlib.sha256(json.dumps([of, content], sort_keys=True).encode()).hexdigest()


def _damaged(path):
    remedy = "give another directory" if path.name == HEADER else "delete it to run that trial again"
    return f"{path} is damaged or not of this search; {remedy}."
