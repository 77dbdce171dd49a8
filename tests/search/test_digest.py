"""Digests are equal where the values are equal, in every process, and different where anything that counts differs."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from presets import DNNClassifier
from presets.search.digest import BLOCK, digest

NUMBERS = np.arange(24.0).reshape(6, 4)
FRAME = pd.DataFrame(
    {"number": [1.5, np.nan, 2.0], "word": ["a", None, "b"], "day": pd.to_datetime(["2026-01-02"] * 3)}
)
WIDTH = 8


def network(width):
    """A function with a closure, a default and a global."""

    def build(input_shape, n_outputs, activation="relu"):
        return keras.Sequential([keras.layers.Dense(width * WIDTH, activation=activation)])

    return build


def other_network(width):
    def build(input_shape, n_outputs, activation="relu"):
        """Another docstring."""
        return keras.Sequential([keras.layers.Dense(width + WIDTH, activation=activation)])

    return build


def with_default(function, value):
    function.__defaults__ = (value,)
    return function


class Scaled(BaseEstimator):
    def __init__(self, factor=1.0):
        self.factor = factor

    def transform(self, X):
        return X * self.factor


class Slots:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def scaled_otherwise():
    class Scaled(BaseEstimator):
        def __init__(self, factor=1.0):
            self.factor = factor

        def transform(self, X):
            return X / self.factor

    return Scaled


SAME = {
    "order in memory": (NUMBERS, np.asfortranarray(NUMBERS)),
    "a view": (NUMBERS[::2], NUMBERS[::2].copy()),
    "byte order": (NUMBERS, NUMBERS.astype(">f8")),
    "several blocks": (np.ones((3, BLOCK // 8))[:, ::2], np.ones((3, BLOCK // 16))),
    "sparse formats": (sparse.csr_array(NUMBERS), sparse.coo_array(NUMBERS)),
    "units of time": (FRAME, FRAME.assign(day=FRAME["day"].astype("datetime64[s]"))),
    "types of strings": (FRAME.astype({"word": object}), FRAME.astype({"word": "string"})),
    "categories": (FRAME, FRAME.astype({"word": "category"})),
    "gaps": (FRAME, FRAME.assign(word=["a", np.nan, "b"])),
    "index": (FRAME, FRAME.set_index([[7, 8, 9]])),
    "dicts": ({0: 1.0, "b": [2]}, {"b": [2], 0: 1.0}),
    "sets": ({"a", "b", "c"}, {"c", "b", "a"}),
    "numbers of numpy": ({"alpha": 0.5}, {"alpha": np.float64(0.5)}),
    "functions": (network(2), network(2)),
    "estimators": (DNNClassifier(dropout=0.5), DNNClassifier().set_params(dropout=0.5)),
    "names of layers": (keras.layers.RandomFlip(), keras.layers.RandomFlip()),
    "optimizers": (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)),
    "generators": (np.random.RandomState(3), np.random.RandomState(3)),
}

OTHER = {
    "a number": (NUMBERS, np.where(NUMBERS == 23, 24.0, NUMBERS)),
    "shape": (NUMBERS, NUMBERS.reshape(4, 6)),
    "dtype": (NUMBERS, NUMBERS.astype(np.float32)),
    "the last block": (np.zeros(BLOCK // 4), np.r_[np.zeros(BLOCK // 4 - 1), 1.0]),
    "lists of arrays": ([NUMBERS, NUMBERS[:2]], [NUMBERS[:2], NUMBERS]),
    "where lists end": (["ab", "c"], ["a", "bc"]),
    "how deep lists are": ([[1], 2], [[1, 2]]),
    "objects": (np.array(["a", 1], dtype=object), np.array(["a", "1"], dtype=object)),
    "a mask": (np.ma.masked_equal([1, 2], 1), np.ma.masked_equal([1, 2], 2)),
    "sparse": (sparse.csr_array(NUMBERS), sparse.csr_array(NUMBERS[:, ::-1])),
    "names of columns": (FRAME, FRAME.rename(columns={"word": "text"})),
    "order of columns": (FRAME, FRAME[["word", "number", "day"]]),
    "a word": (FRAME, FRAME.assign(word=["a", None, "c"])),
    "a gap": (FRAME, FRAME.assign(word=["a", "", "b"])),
    "nanoseconds": (FRAME["day"], FRAME["day"].astype("datetime64[ns]") + pd.Timedelta(1, "ns")),
    "polars": (pl.DataFrame({"a": ["x", None]}), pl.DataFrame({"a": ["x", "y"]})),
    "types of numbers": ({"a": 1}, {"a": True}),
    "a closure": (network(2), network(3)),
    "code": (network(2), other_network(2)),
    "a default": (network(2), with_default(network(2), "tanh")),
    "partial": (functools.partial(f1_score, average="macro"), functools.partial(f1_score, average="micro")),
    "methods": (Scaled(), scaled_otherwise()()),
    "parameters": (make_pipeline(StandardScaler(), Ridge()), make_pipeline(StandardScaler(), Ridge(2.0))),
    "a function in an estimator": (FunctionTransformer(np.log), FunctionTransformer(np.exp)),
    "scorers": (make_scorer(f1_score), make_scorer(f1_score, average="macro")),
    "what was learnt": (
        FrozenEstimator(Ridge().fit(NUMBERS, NUMBERS[:, 0])),
        FrozenEstimator(Ridge().fit(NUMBERS, NUMBERS[:, 1])),
    ),
    "settings of a layer": (keras.layers.RandomFlip("vertical"), keras.layers.RandomFlip("horizontal")),
    "an optimizer": (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.2)),
    "a callback": (keras.callbacks.EarlyStopping(patience=1), keras.callbacks.EarlyStopping(patience=2)),
    "a cached function": (functools.cache(lambda: 1), functools.cache(lambda: 2)),
    "slots": (Slots(1), Slots(2)),
    "a lambda": (lambda x: x + 1, lambda x: x + 2),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_equal_values(pair):
    assert digest(pair[0]) == digest(pair[1])


@pytest.mark.parametrize("pair", OTHER.values(), ids=OTHER)
def test_other_values(pair):
    assert digest(pair[0]) != digest(pair[1])


def test_a_global_that_a_function_uses(monkeypatch):
    before = digest(network(2))
    monkeypatch.setitem(globals(), "WIDTH", 16)
    assert digest(network(2)) != before


class Counted(Scaled):
    calls = 0
    limit = 3

    def transform(self, X):
        type(self).calls += 1
        return X[: self.limit]


def test_a_class_attribute(monkeypatch):
    before = digest(Counted())
    Counted().transform(NUMBERS)
    assert digest(Counted()) == before
    monkeypatch.setattr(Counted, "limit", 4)
    assert digest(Counted()) != before


def test_weights_of_a_model():
    def model(bias):
        inputs = keras.Input((2,))
        return keras.Model(inputs, keras.layers.Dense(1, "relu", True, "zeros", bias)(inputs))

    assert digest(model("zeros")) == digest(model("zeros")) != digest(model("ones"))


def test_what_holds_itself():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    ring = [1]
    ring.append(ring)
    assert digest(even) != digest(odd)
    assert digest(ring) == digest(ring)


SCRIPT = """
import sys
sys.path[:0] = {paths!r}
from test_digest import SAME, digest
print(*[digest(first) for first, _ in SAME.values()])
"""


def test_another_process():
    here = Path(__file__).parent
    script = SCRIPT.format(paths=[str(here), str(here.parents[1])])
    output = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.split() == [digest(first) for first, _ in SAME.values()]
