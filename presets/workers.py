"""A worker process's share of the machine, taken before a backend starts.

joblib announces it in ``OMP_NUM_THREADS``; TensorFlow reads other names, and takes every core and the whole memory of
every GPU where it isn't told. All of it goes through the environment, since a backend may start as early as when a
worker unpickles an optimizer.
"""

import glob
import multiprocessing
import os
import re
import warnings


def take_share():
    """In a worker process of joblib, dask or ray, limit threads to the worker's share and take one GPU.

    Nothing is done in other processes, nor where the variables are set already.
    """
    if multiprocessing.parent_process() is None and not _loky_number():
        return
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", threads)
    gpus = _gpus()
    if not gpus:
        return
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if len(gpus) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[_loky_number() % len(gpus)]
    elif _loky_number() <= 1:
        warnings.warn("Several workers share one GPU (n_jobs > 1); n_jobs=1 is usually as fast there.", stacklevel=2)


def _loky_number():
    """Number of this loky worker from 1, or 0 in any other process."""
    found = re.search(r"Loky\w*-(?:\d+:)*(\d+)", multiprocessing.current_process().name)
    return int(found[1]) if found else 0


def _gpus():
    """Numbers of the NVIDIA GPUs that this process may use, without starting a backend."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name not in ("", "-1")]
    return [str(number) for number in range(len(glob.glob("/proc/driver/nvidia/gpus/*")))]
