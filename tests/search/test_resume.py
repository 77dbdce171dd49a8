"""A search that was killed goes on where it was, and touches no directory that is not its own."""

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from tried import tried

from presets import TunerSearchCV
from presets.search import Choice, LogUniform

X, y = make_classification(60, 5, random_state=0)
SPACE = {"C": LogUniform(1e-4, 1e4), "fit_intercept": Choice(True, False)}


COUNTER = SimpleNamespace(fits=0, limit=10**6)


class Interrupted(ClassifierMixin, BaseEstimator):
    """A logistic regression that interrupts the search at its n-th fit."""

    def __init__(self, C=1.0, fit_intercept=True):
        self.C = C
        self.fit_intercept = fit_intercept

    def fit(self, X, y):
        COUNTER.fits += 1
        if COUNTER.fits > COUNTER.limit:
            raise KeyboardInterrupt
        self.model_ = LogisticRegression(C=self.C, fit_intercept=self.fit_intercept).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


@pytest.fixture
def fits(monkeypatch):
    monkeypatch.setattr(COUNTER, "fits", 0)
    monkeypatch.setattr(COUNTER, "limit", 10**6)
    return COUNTER


def search(directory=None, **parameters):
    return TunerSearchCV(
        Interrupted(), space=SPACE, cv=2, directory=directory, **{"n_trials": 14, "random_state": 5, **parameters}
    )


def assert_same(resumed, unbroken):
    assert resumed.best_params_ == unbroken.best_params_
    for name, values in unbroken.cv_results_.items():
        if "time" not in name and name != "failure":
            np.testing.assert_array_equal(np.ma.asarray(resumed.cv_results_[name]), np.ma.asarray(values), err_msg=name)


# Hyperband needs a network: `test_killed_in_the_middle_of_a_trial` has one
@pytest.mark.parametrize(
    ("oracle", "limit"), [("random", 1), ("random", 9), ("grid", 1), ("grid", 6), ("bayesian", 3), ("bayesian", 14)]
)
def test_an_interrupted_search_equals_an_unbroken_one(oracle, limit, tmp_path, fits):
    tried("interrupted searches")
    unbroken = search(oracle=oracle).fit(X, y)
    n_fits = fits.fits
    fits.fits, fits.limit = 0, limit
    broken = search(tmp_path / "search", oracle=oracle, resume=True)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, y)
    n_stored = len(list((tmp_path / "search").glob("trial_*.json")))
    fits.limit = 10**6
    resumed = clone(broken).fit(X, y)
    assert_same(resumed, unbroken)
    assert 0 <= fits.fits - 1 - n_fits <= 1  # a fold of the interrupted trial at most
    assert n_stored < len(list((tmp_path / "search").glob("trial_*.json")))


def test_more_trials_may_follow(tmp_path, fits):
    first = search(tmp_path / "search", n_trials=6).fit(X, y)
    fits.fits = 0
    more = search(tmp_path / "search", n_trials=9, resume=True).fit(X, y)
    assert more.cv_results_["params"][:6] == first.cv_results_["params"]
    assert 0 < fits.fits <= 3 * 2 + 1
    assert_same(more, search(n_trials=9).fit(X, y))


def test_without_a_seed_the_stored_one_is_taken(tmp_path, fits):
    first = search(tmp_path, random_state=None, n_trials=4).fit(X, y)
    fits.fits = 0
    assert_same(search(tmp_path, random_state=None, n_trials=4, resume=True).fit(X, y), first)
    assert fits.fits == 1  # the last one, on all data


def test_a_search_is_not_overwritten(tmp_path):
    search(tmp_path, n_trials=1).fit(X, y)
    with pytest.raises(ValueError, match="already holds a search"):
        search(tmp_path, n_trials=1).fit(X, y)


@pytest.mark.parametrize(
    "other",
    [
        {"random_state": 6},
        {"oracle": "random"},
        {"space": {"C": [1.0, 2.0]}},
        {"cv": 3},
        {"estimator__C": 2.0},
        {"scoring": "f1"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_search_is_refused(other, tmp_path):
    search(tmp_path, n_trials=1).fit(X, y)
    with pytest.raises(ValueError, match="holds another search: its"):
        search(tmp_path, n_trials=1, resume=True).set_params(**other).fit(X, y)


class Times:
    """A scoring of the user's."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, estimator, X, y):
        return self.factor * estimator.score(X, y)


def flipped(y, rows):
    return np.where(np.isin(np.arange(len(y)), rows), 1 - y, y)


OTHER_DATA = {
    "X": {"X": np.where(X.max() == X, 0.0, X)},
    "y": {"y": flipped(y, [3, 4])},
    "sample_weight": {"sample_weight": np.r_[2.0, np.ones(59)]},
    "check_input": {"check_input": True},
}


class Weighted(Interrupted):
    """One that takes parameters of `fit`."""

    def fit(self, X, y, sample_weight=None, check_input=None):
        return super().fit(X, y)


@pytest.mark.parametrize("name", OTHER_DATA)
def test_other_data_are_refused(name, tmp_path):
    data = {"X": X, "y": y, "sample_weight": np.ones(60), "check_input": {"deep": False}}
    splits = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    given = search(tmp_path, n_trials=1, resume=True).set_params(estimator=Weighted(), cv=splits)
    given.fit(**data)
    given.fit(**data)
    with pytest.raises(ValueError, match=f"holds another search: its {name} "):
        given.fit(**data | OTHER_DATA[name])


def test_other_code_is_refused(tmp_path):
    given = search(tmp_path, n_trials=1, resume=True).set_params(scoring=Times(1.0))
    given.fit(X, y)
    given.set_params(scoring=Times(1.0)).fit(X, y)
    with pytest.raises(ValueError, match="its scoring differs"):
        given.set_params(scoring=Times(2.0)).fit(X, y)
    with pytest.raises(ValueError, match="its scoring is an object, that of this search is 'f1'"):
        given.set_params(scoring="f1").fit(X, y)


def test_values_without_a_readable_name(tmp_path):
    def given():
        space = {"network": Choice(Times(1.0), Times(2.0), Times(3.0))}
        return TunerSearchCV(Named(), space=space, cv=2, directory=tmp_path, random_state=0, n_trials=3, resume=True)

    first = given().fit(X, y)
    COUNTER.fits = 0
    second = given().fit(X, y)
    assert COUNTER.fits == 1  # the last one, on all data
    drawn = [[entry["network"].factor for entry in run.cv_results_["params"][1:]] for run in (first, second)]
    assert drawn[0] == drawn[1]


class Named(Interrupted):
    """One with a parameter that is shown by its address alone."""

    def __init__(self, network=None, C=1.0, fit_intercept=True):
        self.network = network
        super().__init__(C, fit_intercept)


@pytest.mark.parametrize("resume", [True, False])
def test_a_foreign_directory_is_left_alone(resume, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds files, but no search"):
        search(tmp_path, resume=resume).fit(X, y)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(ValueError, match="is a file"):
        search(tmp_path / "thesis.txt", resume=resume).fit(X, y)


@pytest.mark.parametrize("name", ["search.json", "trial_00001.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"number": 1}'])
def test_a_damaged_file_is_named(name, content, tmp_path):
    search(tmp_path, n_trials=3).fit(X, y)
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        search(tmp_path, n_trials=3, resume=True).fit(X, y)


def test_a_user_s_own_file_is_no_trial(tmp_path, fits):
    first = search(tmp_path, n_trials=3).fit(X, y)
    (tmp_path / "trial_notes.json").write_text("{}")
    (tmp_path / "trial_1.json").write_text("mine")
    assert_same(search(tmp_path, n_trials=3, resume=True).fit(X, y), first)


def test_a_trial_of_another_search_is_refused(tmp_path):
    for name, folds in (("a", 2), ("b", 3)):
        search(tmp_path / name, n_trials=2).set_params(cv=folds).fit(X, y)
    shutil.copy(tmp_path / "b" / "trial_00001.json", tmp_path / "a" / "trial_00001.json")
    with pytest.raises(ValueError, match=r"trial_00001\.json is damaged, or belongs to another search; delete it"):
        search(tmp_path / "a", n_trials=2, resume=True).fit(X, y)
    shutil.copy(tmp_path / "a" / "trial_00000.json", tmp_path / "a" / "trial_00001.json")
    with pytest.raises(ValueError, match=r"trial_00001\.json is damaged"):
        search(tmp_path / "a", n_trials=2, resume=True).fit(X, y)


@pytest.mark.parametrize("resume", [True, False])
def test_searches_that_begin_at_once_in_one_directory(resume, tmp_path):
    at_once = threading.Barrier(8)

    def begin(number):
        at_once.wait()
        try:
            return search(tmp_path / "new", n_trials=2, random_state=None, resume=resume).fit(X, y).best_params_
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(begin, range(8)))
    if resume:
        assert all(end == ends[0] for end in ends)
        assert "C" in ends[0]
    else:
        assert sum("already holds a search" in end for end in ends) == 7
        assert sum("C" in end for end in ends) == 1
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "search.json",
        "trial_00000.json",
        "trial_00001.json",
    ]


def test_a_deleted_trial_is_run_again(tmp_path, fits):
    unbroken = search(tmp_path, n_trials=5).fit(X, y)
    (tmp_path / "trial_00002.json").unlink()
    fits.fits = 0
    assert_same(search(tmp_path, n_trials=5, resume=True).fit(X, y), unbroken)
    assert fits.fits <= 3


SCRIPT = """
import sys
from sklearn.datasets import load_iris
from presets import DNNClassifier, TunerSearchCV
from presets.search import Choice, LogUniform

X, y = load_iris(return_X_y=True)
network = DNNClassifier(hidden_layer_sizes=(8,), epochs=40, random_state=0)
space = {"learning_rate": LogUniform(1e-3, 0.3), "dropout": Choice(0.2, 0.5)}
search = TunerSearchCV(
    network, space=space, oracle="hyperband", n_trials=20, cv=3, random_state=0, directory=sys.argv[1], resume=True,
    verbose=len(sys.argv) - 2,
).fit(X, y)
print(search.best_params_, search.best_score_, search.cv_results_["mean_test_score"].tolist())
"""


def test_killed_in_the_middle_of_a_trial(tmp_path, monkeypatch, capsys):
    tried("interrupted searches")
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    broken = subprocess.Popen(
        [sys.executable, script, tmp_path / "broken", "aloud"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    with broken:
        assert any("trial 3 " in line for line in broken.stdout)
        os.kill(broken.pid, signal.SIGKILL)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "broken").glob("trial_*.json")}
    assert 4 <= len(kept) < 20
    outputs = []
    for name in ("broken", "unbroken"):
        monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path / name)])
        runpy.run_path(str(script))
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != ""
    assert all((tmp_path / "broken" / name).stat().st_mtime_ns == written for name, written in kept.items())
    assert {path.name for path in (tmp_path / "broken").iterdir()} >= {f"trial_{n:05d}.json" for n in range(20)}
    json.loads((tmp_path / "broken" / "search.json").read_text())
