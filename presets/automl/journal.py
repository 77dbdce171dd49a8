"""Completed candidates in a directory, from which an interrupted fit can continue."""

import math
from pathlib import Path
from urllib.parse import quote
from zipfile import BadZipFile

import numpy as np

from presets.atomic import replacing
from presets.automl.trials import COMPLETED
from presets.evaluation.networks import networks
from presets.persistence import load, save
from presets.search.digest import digest
from presets.search.journal import SealedDirectory, read_sealed, write_sealed

FORMAT = "presets automl 3"
TEXTS = "name", "reason", "notes"
NUMBERS = "score", "fit_seconds", "predict_seconds", "n_bytes", "temperature"
"""Values of a trial that are stored, besides the scores of its folds."""


class Journal(SealedDirectory):
    """The stored results of a fit: figures, predictions out of fold and models of each completed candidate.

    If the process is killed, no file is left half written. If a file cannot be written, a note says so, and the fit
    continues.

    Parameters
    ----------
    directory : Path or None
        None stores nothing.
    header : dict
        Description of the fit. `open` compares it with the stored one.

    Attributes
    ----------
    trusted : sequence of str
        Names of types that its files may contain, as for `load`.
    notes : list of str
        Problems when files were written or read.
    """

    header_name = "automl.json"

    def __init__(self, directory, header):
        super().__init__(directory, header)
        self._records = {} if directory is None else self._read(directory)
        self.trusted: tuple[str, ...] = ()
        self.notes: list[str] = []

    @classmethod
    def header_of(cls, directory):
        """The header in a directory, or an empty dict if there is none."""
        path = Path(directory) / cls.header_name
        return read_sealed(path) if path.exists() else {}

    def _read(self, directory):
        """Figures of the candidates by their names. `restore` reads the models later."""
        files = (path for path in directory.glob("*.json") if path.name != self.header_name)
        return {record["name"]: record for record in (read_sealed(path, of=self.header) for path in sorted(files))}

    def restore(self, trial, out_of_fold):
        """Restore the stored result of a candidate, if it was completed.

        Parameters
        ----------
        trial : Trial
            A trial that has not started. It gets the stored values.
        out_of_fold : dict of str to (ndarray, ndarray)
            It gets the rows and predictions of the trial.

        Returns
        -------
        bool
        """
        record = self._records.get(trial.name)
        if record is None or record["candidate"] != digest(trial.estimator):
            return False
        try:
            models = load(self._file(trial, "skops"), trusted=self.trusted)
            with np.load(self._file(trial, "npz"), allow_pickle=False) as arrays:
                out_of_fold[trial.name] = arrays["rows"], arrays["predictions"]
        except (BadZipFile, KeyError, OSError, ValueError) as error:
            self.notes.append(f"directory: {trial.name} was run again, because its files cannot be read: {error}")
            return False
        trial.models = models
        trial.estimator.set_params(**record["epochs"])
        for name in TEXTS:
            setattr(trial, name, record[name])
        for name in NUMBERS:
            setattr(trial, name, float(record[name]))
        trial.fold_scores = [float(score) for score in record["fold_scores"]]
        return True

    def digest(self, trial):
        """Digest of a candidate that has not started, or "" without a directory."""
        return "" if self.directory is None else digest(trial.estimator)

    def write(self, trial, candidate, rows, predictions):
        """Store a completed candidate.

        Parameters
        ----------
        trial : Trial
        candidate : str
            Its digest, computed before its number of epochs was lowered.
        rows, predictions : ndarray
            Its predictions out of fold, and their rows.
        """
        if self.directory is None or trial.status != COMPLETED:
            return
        record = {name: getattr(trial, name) for name in TEXTS}
        record |= {name: _number(getattr(trial, name)) for name in NUMBERS}
        record["fold_scores"] = [_number(score) for score in trial.fold_scores]
        record["epochs"] = {f"{prefix}epochs": n.epochs for prefix, n in networks(trial.estimator).items()}
        record["candidate"] = candidate
        try:
            save(trial.models, self._file(trial, "skops"))
            with replacing(self._file(trial, "npz")) as file:
                np.savez(file, rows=rows, predictions=predictions)
            write_sealed(self._file(trial, "json"), record, of=self.header)  # last, since it marks all as complete
        except TypeError as error:
            self.notes.append(f"directory: {trial.name} was not stored: {error}")
        except OSError as error:
            self.notes.append(f"directory: nothing was stored from {trial.name} on: {error}")
            self.directory = None

    def _file(self, trial, kind):
        assert self.directory is not None
        return self.directory / f"candidate {quote(trial.name, safe=' ')}.{kind}"  # no name can be that of the header


def _number(value):
    """A number for JSON. Those that JSON lacks, such as NaN, become strings that `float` reads."""
    return value if math.isfinite(value) else repr(float(value))


def describe(auto, rows, groups):
    """Describe a fit by everything that changes the scores of its candidates.

    Parameters
    ----------
    auto : AutoClassifier or AutoRegressor
    rows : Rows
    groups : ndarray or None

    Returns
    -------
    dict of str to JSON
    """
    data = {"X": rows.X, "y": rows.y, "sample_weight": rows.sample_weight, "groups": groups}
    return {
        "format": FORMAT,
        "class": type(auto).__name__,
        "calibrate": rows.calibrate,
        "scoring": "sha256 " + digest(auto.scoring) if callable(auto.scoring) else repr(auto.scoring),
        "n_folds": len(rows.splits),
        "data": {name: "sha256 " + digest(value) for name, value in data.items()},
        "folds": "sha256 " + digest(rows.splits),
    }
