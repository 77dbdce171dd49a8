"""A worker process takes its share of the machine, and others are left alone."""

import os

import pytest
from joblib import Parallel, delayed

from presets import workers

NAMES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_FORCE_GPU_ALLOW_GROWTH", "CUDA_VISIBLE_DEVICES")


@pytest.fixture
def in_worker(monkeypatch):
    """Pretend to be the loky worker of a number, with some GPUs; the real ones are tried by `test_real_workers`."""

    def pretend(number, gpus=()):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.setattr(workers, "_loky_number", lambda: number)
        monkeypatch.setattr(workers, "_gpus", lambda: list(gpus))

    return pretend


def test_threads_are_the_share(in_worker):
    in_worker(2)
    workers.take_share()
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == os.environ["TF_NUM_INTEROP_THREADS"] == "1"


def test_each_worker_takes_one_of_several_gpus(in_worker):
    taken = []
    for number in (1, 2, 3):
        in_worker(number, ["0", "1"])
        workers.take_share()
        taken.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert sorted(taken[:2]) == ["0", "1"]
    assert taken[2] == taken[0]
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_workers_on_one_gpu_warn_once(in_worker, recwarn):
    for number in (1, 2):
        in_worker(number, ["0"])
        workers.take_share()
    assert [str(w.message) for w in recwarn if "share one GPU" in str(w.message)] != []
    assert len(recwarn) == 1


def test_other_processes_are_left_alone(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    workers.take_share()
    assert dict(os.environ) == before


def _environment():
    import presets  # noqa: F401

    return {name: os.environ.get(name) for name in (*NAMES, "OMP_NUM_THREADS")}


def test_real_workers():
    for environment in Parallel(n_jobs=2)(delayed(_environment)() for _ in range(2)):
        assert environment["OMP_NUM_THREADS"] is not None
        assert environment["TF_NUM_INTRAOP_THREADS"] == environment["OMP_NUM_THREADS"]
