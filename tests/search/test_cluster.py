"""Keras Tuner's chief and workers: one search by several processes, of which one dies."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from presets import TunerSearchCV

SCRIPT = """
import json, os, signal, sys, time
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from presets import TunerSearchCV
from presets.search import LogUniform, cluster

cluster.HEARTBEAT, cluster.LEASE = 0.2, 2.0  # so that the test need not wait for half a minute

class Doomed(LogisticRegression):
    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        time.sleep(0.1)  # both workers get some
        if os.environ["KERASTUNER_TUNER_ID"] == "doomed" and type(self).fits == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)

X, y = load_iris(return_X_y=True)
search = TunerSearchCV(
    Doomed(), space={"C": LogUniform(1e-3, 1e3)}, oracle="random", n_trials=12, cv=3, prune=False, random_state=0,
    directory=sys.argv[1],
).fit(X, y)
table = search.cv_results_
scores = table["split1_test_score"].tolist()
print(json.dumps([search.best_params_, table["params"], table["status"].tolist(), scores]))
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each process printed, and how it ended."""
    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "search.py"
    script.write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
    }
    processes = {
        name: subprocess.Popen(
            [sys.executable, script, folder / "shared"],
            env=environment | {"KERASTUNER_TUNER_ID": name},
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("chief", "worker", "doomed")
    }
    try:
        return {name: (process.communicate(timeout=200)[0], process.returncode) for name, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()


def test_the_trial_of_a_killed_worker_is_taken_up(outputs):
    assert outputs["doomed"][1] == -signal.SIGKILL
    assert outputs["chief"][1] == outputs["worker"][1] == 0
    _, params, status, _ = json.loads(outputs["worker"][0])
    assert status == ["completed"] * 12
    assert len({entry["C"] for entry in params}) == 12


def test_every_process_has_the_result_of_one_alone(outputs):
    assert outputs["chief"][0] == outputs["worker"][0]
    best, params, _, scores = json.loads(outputs["chief"][0])
    from sklearn.datasets import load_iris

    from presets.search import LogUniform

    alone = TunerSearchCV(
        LogisticRegression(), space={"C": LogUniform(1e-3, 1e3)}, oracle="random", n_trials=12, cv=3, random_state=0
    ).set_params(prune=False)
    alone.fit(*load_iris(return_X_y=True))
    assert alone.cv_results_["params"] == params
    assert alone.cv_results_["split1_test_score"].tolist() == scores
    assert alone.best_params_ == best


@pytest.mark.parametrize("parameters", [{}, {"directory": "d", "resume": True}, {"directory": "d", "n_jobs": 2}])
def test_what_does_not_fit_is_refused(parameters, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker")
    search = TunerSearchCV(LogisticRegression(), space={"C": [1.0, 2.0]}, **parameters)
    with pytest.raises(ValueError, match="give all of them the same new directory"):
        search.fit([[0.0], [1.0]], [0, 1])
