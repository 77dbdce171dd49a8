"""A forked process says what to do, where a backend that its parent had started would wait for ever."""

import os
import subprocess
import sys

import keras
import pytest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system"),
    pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch has its own rules"),
]

SCRIPT = """
import os
import numpy as np
from presets import DNNClassifier, clear_programs

X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
network = DNNClassifier(hidden_layer_sizes=(4,), epochs=1, random_state=0)

def in_child(work):
    child = os.fork()
    if child == 0:
        try:
            print(work(), flush=True)
        except RuntimeError as error:
            print("RuntimeError:", error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)

in_child(lambda: f"before: {network.fit(X, y).predict(X).shape}")
network.fit(X, y)
in_child(lambda: f"without networks: {X.sum() == X.sum()}")
in_child(lambda: network.predict(X))
in_child(lambda: network.fit(X, y))
in_child(lambda: DNNClassifier(hidden_layer_sizes=(5,), optimizer="adam").fit(X, y))
in_child(lambda: network.model_)
in_child(lambda: in_child(lambda: network.predict(X)))
print("parent:", network.predict(X).shape)
"""


def test_forks():
    output = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], stdout=subprocess.PIPE, text=True, timeout=300, check=True
    ).stdout
    first, second, *refused, none, last = output.splitlines()
    assert first == "before: (40,)"
    assert second == "without networks: True"
    assert len(refused) == 5
    for line in refused:
        assert line.startswith(f"RuntimeError: This process was forked from one in which {keras.backend.backend()} had")
        assert "multiprocessing.get_context('spawn')" in line
        assert "loky" in line
    assert none == "None"
    assert last == "parent: (40,)"
