"""Limits for a worker process, set before its backend starts.

joblib gives each worker a number of threads in ``OMP_NUM_THREADS``. TensorFlow reads other variables; without them it
uses all cores, and the whole memory of each GPU. The limits are environment variables, because a backend may start
early, for example when a worker unpickles an optimizer.
"""

import glob
import multiprocessing
import os
import re
import warnings


def take_share() -> None:
    """Limit a worker process of joblib, dask or ray to its share of the threads, and to one GPU.

    Other processes, and variables that are already set, do not change.
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
        warnings.warn("Several workers share one GPU (n_jobs > 1); n_jobs=1 is usually as fast.", stacklevel=2)


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
