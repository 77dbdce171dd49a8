"""Memory of this process and of its worker processes."""

import os
import sys
from pathlib import Path

PROCESSES = Path("/proc")


def in_use():
    """Bytes of memory of this process and of all processes that it started.

    Systems without ``/proc``, such as macOS and Windows, only tell the highest value so far of this process.

    Returns
    -------
    int
        Memory that several processes share counts for each of them.
    """
    try:
        return sum(map(_resident, _family(os.getpid())))
    except OSError:
        return _most()


def _family(process):
    """The process with this number, its children, their children and so on."""
    yield process
    for children in (PROCESSES / str(process) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _resident(process):
    try:
        pages = (PROCESSES / str(process) / "statm").read_text().split()[1]
    except OSError:
        if process == os.getpid():
            raise
        return 0  # a child that has ended
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _most():
    try:
        import resource
    except ImportError:  # on Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
