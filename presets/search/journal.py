"""The finished trials of a search in a directory, from which an interrupted search goes on."""

import json
import os
from pathlib import Path

import numpy as np

from presets.search.evaluation import Fold, Result

HEADER = "search.json"
FORMAT = "presets search 1"


class Journal:
    """What a search has found so far: in memory, and if there is a directory, in a file for each finished trial.

    Files are written beside their place and moved there, so that a process which is killed leaves none half written.

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
            ``seed`` may be None: then the seed of the journal is taken.
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
        new = {"format": FORMAT, **header, "seed": header["seed"] or draw_seed(np.random.RandomState())}
        if directory is None:
            return cls(None, new)
        directory = Path(directory)
        if (directory / HEADER).exists():
            if not resume:
                raise ValueError(
                    f"directory={str(directory)!r} holds a search already. Set resume=True to go on with it, or give "
                    "another directory."
                )
            return cls.join(directory, header)
        if directory.exists() and not directory.is_dir():
            raise ValueError(f"directory={str(directory)!r} is a file; give a directory.")
        if directory.exists() and any(not entry.name.endswith(".tmp") for entry in directory.iterdir()):
            raise ValueError(
                f"directory={str(directory)!r} holds files, but no search of this package; give an empty or a new "
                "directory."
            )
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory / HEADER, new)
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
        header = {"format": FORMAT, **header}
        for name in sorted(stored.keys() | header.keys()):
            if name == "seed" and header[name] is None:
                continue
            if stored.get(name) != header.get(name):
                raise ValueError(
                    f"directory={str(directory)!r} holds another search: its {name} is {stored.get(name)!r}, that of "
                    f"this search {header.get(name)!r}. Give another directory."
                )
        return cls(Path(directory), stored)

    def write(self, result):
        """Keep a finished trial."""
        self.results[result.number] = result
        if self.directory is not None:
            record = {name: getattr(result, name) for name in ("number", "values", "status", "failure")}
            record["folds"] = [vars(fold) for fold in result.folds]
            record["screening"] = None if result.screening is None else vars(result.screening)
            _write(self.directory / f"trial_{result.number:05d}.json", record)

    def refresh(self):
        """Read what other processes have written."""
        self.results = self._read()

    def _read(self):
        results = {}
        for path in sorted(self.directory.glob("trial_*.json")):
            record = _load(path)
            try:
                folds = {"folds": [Fold(**fold) for fold in record["folds"]]}
                if record["screening"] is not None:
                    folds["screening"] = Fold(**record["screening"])
                result = Result(**{**record, **folds}, params={})
            except (KeyError, TypeError) as error:
                raise ValueError(_damaged(path)) from error
            results[result.number] = result
        return results


def draw_seed(source):
    """A seed for an oracle; Keras Tuner takes 0 for none."""
    return int(source.randint(1, 2**31 - 1))


def _load(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(_damaged(path)) from error
    if not isinstance(content, dict):
        raise ValueError(_damaged(path))
    return content


def _damaged(path):
    remedy = "give another directory" if path.name == HEADER else "delete it to run that trial again"
    return f"{path} is damaged or not of this package; {remedy}."


def _write(path, content):
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
