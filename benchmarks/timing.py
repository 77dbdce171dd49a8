"""Timing side by side: interleaved rounds, medians, ratios, and a line that says where and with what."""

import contextlib
import io
import os
import platform
import statistics
import sys
import time
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("tensorflow", "jax", "torch", "keras", "scikit-learn", "numpy", "scikeras", "skorch")


def print_environment():
    """One line with the machine, the cores this process may use, the backend and the versions."""
    versions = [f"{package} {installed}" for package in PACKAGES if (installed := _version(package))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    load = os.getloadavg()[0]
    print(f"# {_processor()}, {cores} cores, load {load:.1f}; Python {platform.python_version()},", end=" ")
    print(f"KERAS_BACKEND={backend}, {', '.join(versions)}\n", flush=True)
    if load > cores / 2:
        print("# The machine is busy: these figures are not for quoting.\n", flush=True)


def interleave(contenders, rounds, prepare=None):
    """Call every contender once per round, each round beginning with another: all meet the same disturbances.

    What they print is thrown away (keras.wrappers cannot be told to be silent).

    Parameters
    ----------
    contenders : dict of str to callable
    rounds : int
    prepare : dict of str to callable, optional
        What to call before a contender's clock runs.

    Returns
    -------
    seconds : dict of str to list of float
        One entry per round.
    results : dict of str to object
        What each contender returned last.
    """
    seconds, results = defaultdict(list), {}
    names = list(contenders)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            if prepare and name in prepare:
                prepare[name]()
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                results[name] = contenders[name]()
            seconds[name].append(time.perf_counter() - start)
            print(f"  round {number + 1}/{rounds}  {name:<28} {seconds[name][-1]:10.4f} s", file=sys.stderr, flush=True)
    return {name: seconds[name] for name in names}, results


def print_ratios(seconds, base, notes=None):
    """A Markdown table of median seconds, their range over the rounds, and the ratio to the contender `base`.

    Parameters
    ----------
    seconds : dict of str to list of float
    base : str
        The contender whose median is 1.
    notes : dict of str to str, optional
        A last column, e.g. scores.
    """
    base_median = statistics.median(seconds[base])
    print(f"| | median s | range s | times {base} |{' result |' if notes else ''}")
    print(f"|---|---|---|---|{'---|' if notes else ''}")
    for name, values in seconds.items():
        median = statistics.median(values)
        row = f"| {name} | {median:.4g} | {min(values):.4g}-{max(values):.4g} | {median / base_median:.2f} |"
        print(row + (f" {notes[name]} |" if notes else ""))
    print(flush=True)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
