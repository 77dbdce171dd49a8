"""The memory that counts for `memory_limit`."""

import subprocess
import sys
from pathlib import Path

import pytest

from presets.automl.memory import in_use

HOLDS = "data = bytearray({size}); print(len(data), flush=True); input()"
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
def test_children_and_their_children_count():
    size, before = 100_000_000, in_use()
    program = STARTS.format(program=HOLDS.format(size=size))
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == f"{size}\n"
    assert in_use() > before + size
    child.communicate("\n")
    assert in_use() < before + size
