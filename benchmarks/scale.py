"""One search by one process and by two: joblib's workers, Dask, and Keras Tuner's chief with workers.

The same random search of the same trials around a DNN on digits, each way in turn; the workers' start is timed apart,
as a longer search pays it once as well. With two cores two processes can at best halve the time.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datasets import digits
from joblib import Parallel, delayed, parallel_config
from timing import print_environment

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def search(options, **parameters):
    """Fit the search that all ways run."""
    from presets import DNNClassifier, TunerSearchCV
    from presets.search import Choice, LogUniform

    X, y = digits()
    network = DNNClassifier(epochs=options.epochs, random_state=0)
    space = {"learning_rate": LogUniform(0.01, 0.3), "dropout": Choice(0.2, 0.5)}
    rules = {"oracle": "random", "n_trials": options.trials, "cv": 3, "prune": False, "refit": False, "random_state": 0}
    return TunerSearchCV(network, space=space, **rules, **parameters).fit(X, y)


def start_worker():
    """What every worker does first: import, and start TensorFlow."""
    import presets

    presets.DNNClassifier(epochs=1).fit([[0.0], [1.0]] * 10, [0, 1] * 10)


def one_process(options):
    start_worker()
    start = time.perf_counter()
    search(options)
    return 0.0, time.perf_counter() - start


def joblib_workers(options):
    start = time.perf_counter()
    Parallel(n_jobs=2)(delayed(start_worker)() for _ in range(2))
    begun = time.perf_counter()
    search(options, n_jobs=2)
    return begun - start, time.perf_counter() - begun


def dask_workers(options):
    from distributed import Client, LocalCluster

    start = time.perf_counter()
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, env=ONE_THREAD, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.run(start_worker)
        begun = time.perf_counter()
        with parallel_config(backend="dask"):
            search(options, n_jobs=2)
        return begun - start, time.perf_counter() - begun


def chief_and_workers(options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cluster = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": str(port)}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--directory", str(Path(folder) / "search")]
        command += ["--trials", str(options.trials), "--epochs", str(options.epochs)]
        environment = os.environ | ONE_THREAD | cluster
        processes = [
            subprocess.Popen(command, env=environment | {"KERASTUNER_TUNER_ID": name})
            for name in ("chief", "worker-1", "worker-2")
        ]
        while not list(Path(folder).glob("search/trial_*.json")):
            time.sleep(0.05)
        begun = time.perf_counter()  # with a first trial, which the others are compared without
        for process in processes:
            if process.wait():
                raise RuntimeError(f"a process ended with {process.returncode}")
    return begun - start, time.perf_counter() - begun


WAYS = {
    "one process": one_process,
    "joblib, 2 processes": joblib_workers,
    "Dask, 2 processes": dask_workers,
    "Keras Tuner, chief and 2 workers": chief_and_workers,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--directory", help=argparse.SUPPRESS)  # of a chief and its workers
    options = parser.parse_args()
    if options.directory:
        search(options, directory=options.directory)
        return

    print_environment()
    print("| | start, s | search, s | times one process |")
    print("|---|---|---|---|")
    alone = None
    for name, way in WAYS.items():
        begin, seconds = way(options)
        alone = alone or seconds
        print(f"| {name} | {begin:.1f} | {seconds:.1f} | {seconds / alone:.2f} |", flush=True)


if __name__ == "__main__":
    main()
