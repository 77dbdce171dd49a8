"""The data of the benchmarks: tabular sets of a folder with a MANIFEST.json, digits, and synthetic rows."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MAX_ROWS = 10_000  # a 75/25 split leaves at most 7,500 training rows
# an identifier and a split flag, by the manifest's notes
UNUSED_COLUMNS = {"mpg": ["name"], "vowel": ["Train or Test"]}


@dataclass(frozen=True)
class Tabular:
    """One tabular set, split, encoded by the statistics of its training rows: numbers standardised, categories one-hot.

    The target of a regression is standardised as well: its unit then handicaps no contender, and R2 does not change.
    """

    name: str
    metric: str  # "accuracy" or "R2"
    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray


def tabular_names(folder):
    """Names of the tabular sets in `folder`, in the manifest's order."""
    return [entry["name"] for entry in _manifest(folder) if entry["task"].startswith("tabular-")]


def load_tabular(folder, name, split=0):
    """Read the set `name` of `folder`, sample it down to 10,000 rows, split it 75/25, encode and standardise it.

    `split` is the seed of the split.
    """
    entry, table, y = _sampled(folder, name)
    table = table.drop(columns=UNUSED_COLUMNS.get(name, []))
    frame = _split(entry, table, y, split)
    y_train, y_test = frame.y_train, frame.y_test
    encoder = _columns(table, entry["categorical"]).fit(frame.X_train)
    if not frame.is_classification:
        scaler = StandardScaler().fit(y_train[:, np.newaxis])
        y_train, y_test = (scaler.transform(part[:, np.newaxis])[:, 0] for part in (y_train, y_test))
    return Tabular(
        name=name,
        metric="accuracy" if frame.is_classification else "R2",
        X_train=encoder.transform(frame.X_train).astype(np.float32),
        X_test=encoder.transform(frame.X_test).astype(np.float32),
        y_train=y_train,
        y_test=y_test,
    )


@dataclass(frozen=True)
class Frame:
    """One tabular set, split, with the columns of a frame."""

    is_classification: bool
    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray


def load_frame(folder, name, split=0):
    """Read the set `name` of `folder`, sample it down to 10,000 rows and split it 75/25, as `load_tabular` does."""
    entry, table, y = _sampled(folder, name)
    table = table.drop(columns=UNUSED_COLUMNS.get(name, []))
    categorical = [column for column in entry["categorical"] if column in table]
    return _split(entry, table.astype(dict.fromkeys(categorical, "category")), y, split)


def load_raw_frame(folder, name, split=0):
    """The set `name` of `folder` as a raw frame with all its columns, of at most 10,000 rows, split 75/25.

    Columns that the manifest calls categorical are strings; a regression's y is standardised.
    """
    entry, table, y = _sampled(folder, name)
    for column in set(entry["categorical"]) & set(table):
        table[column] = table[column].astype(object).where(table[column].notna(), None).map(_as_string)
    for column in table.select_dtypes(["object", "string"]):
        if column not in entry["categorical"] and _are_times(table[column]):
            table[column] = pd.to_datetime(table[column])
    frame = _split(entry, table, y, split)
    y_train, y_test = frame.y_train, frame.y_test
    if not frame.is_classification:
        mean, scale = y_train.mean(), y_train.std()
        y_train, y_test = (y_train - mean) / scale, (y_test - mean) / scale
    return frame.X_train, frame.X_test, y_train, y_test


def _sampled(folder, name):
    """Entry of the manifest, columns and target of the set `name`, with at most 10,000 rows."""
    entry = next(entry for entry in _manifest(folder) if entry["name"] == name)
    table = pd.read_csv(Path(folder) / entry["file"])
    if len(table) > MAX_ROWS:
        table = table.sample(MAX_ROWS, random_state=0)
    return entry, table, table.pop(entry["target"]).to_numpy()


def _split(entry, table, y, split):
    is_classification = entry["task"] == "tabular-classification"
    parts = train_test_split(table, y, test_size=0.25, random_state=split, stratify=y if is_classification else None)
    return Frame(is_classification, *parts)


def load_arrays(folder, name):
    """Training and test part of the sequences or images `name` of `folder`: X_train, y_train, X_test, y_test."""
    entry = next(entry for entry in _manifest(folder) if entry["name"] == name)
    with np.load(Path(folder) / entry["file"]) as arrays:
        return tuple(arrays[part] for part in ("X_train", "y_train", "X_test", "y_test"))


def load_series(folder, name):
    """The series `name` of `folder`, in float64, in the order of time."""
    entry = next(entry for entry in _manifest(folder) if entry["name"] == name)
    return pd.read_csv(Path(folder) / entry["file"])[entry["target"]].to_numpy(dtype=np.float64)


def digits():
    """scikit-learn's digits, 1797 x 64, in types that every contender takes (torch wants float32 and int64)."""
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float32), y.astype(np.int64)


def synthetic(n_rows, shape, n_classes=10):
    """Standard normal inputs of `shape` whose class is the largest of `n_classes` random projections."""
    random = np.random.default_rng(0)
    X = random.standard_normal((n_rows, *shape), dtype=np.float32)
    flat = X.reshape(n_rows, -1)
    return X, np.argmax(flat @ random.standard_normal((flat.shape[1], n_classes), dtype=np.float32), axis=1)


def _as_string(value):
    return None if value is None else str(value)


def _are_times(column):
    try:
        pd.to_datetime(column)
    except (TypeError, ValueError):
        return False
    return True


def _manifest(folder):
    return json.loads((Path(folder) / "MANIFEST.json").read_text())


def _columns(table, categorical):
    """One-hot categories, missing being one of them; numbers imputed by the median and standardised."""
    categorical = [column for column in categorical if column in table]
    numeric = [column for column in table if column not in categorical]
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categorical),
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
    )
