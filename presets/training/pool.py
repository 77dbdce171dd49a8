"""The pool of compiled programs in this process. Each program serves one fit at a time."""

import collections
import contextlib
import gc
import os
import threading

import keras

from presets.training.forks import refuse_in_fork

MAX_PROGRAMS = 16
"""Greatest number of idle programs. Each keeps the variables of its network and some MB of graphs."""

DROPPED_TOGETHER = 8
"""The memory of dropped programs is released after this many, because that takes a tenth of a second."""


class ProgramPool:
    """A bounded, thread-safe store of idle programs. The program with the oldest use is dropped first.

    Parameters
    ----------
    max_programs : int
    """

    def __init__(self, max_programs=MAX_PROGRAMS):
        self.max_programs = max_programs
        self._lock = threading.Lock()
        self._idle = collections.deque()
        self._n_dropped = 0

    @contextlib.contextmanager
    def borrow(self, recipe, sample, *, trains=True):
        """Lend a program for this recipe. If none is idle, a new one is made.

        Parameters
        ----------
        recipe : Recipe
        sample : tuple of arrays
            A few encoded rows ``(x, y)`` or ``(x, y, weights)``.
        trains : bool, default=True
            Whether the program must train. If not, any program of the same network serves, whatever its training.

        Raises
        ------
        RuntimeError
            In a forked process that cannot use the backend.

        Yields
        ------
        Program
            For this borrower only. The next borrower loads it again, so an error or an interrupt does no harm.
        """
        refuse_in_fork()
        keys = recipe.keys()
        with program_class().scope(recipe):
            program = self._take(keys, sample, trains) or program_class()(recipe, sample)
            try:
                yield program
            finally:
                with self._lock:
                    self._idle.append(program)
                    while len(self._idle) > self.max_programs:
                        self._idle.popleft()
                        self._n_dropped += 1
                if self._n_dropped >= DROPPED_TOGETHER:
                    self._release_memory()

    def _take(self, keys, sample, trains):
        """Take out the matching program with the latest use.

        A program is dropped if the user's code in it reads other values by now: its next compilation would give another
        network than the earlier ones.
        """
        with self._lock:
            for program in reversed(self._idle.copy()):
                if program.serves(keys, sample, trains):
                    self._idle.remove(program)
                    if program.is_as_built(trains):
                        return program
        return None

    def clear(self):
        """Drop all idle programs."""
        with self._lock:
            self._idle.clear()
        self._release_memory()

    def _release_memory(self):
        """Release the memory of dropped programs: their objects form cycles, and backends keep compiled code."""
        self._n_dropped = 0
        gc.collect()
        program_class().release_memory()

    def __len__(self):
        return len(self._idle)


def program_class():
    """The program class for the current Keras backend."""
    match keras.backend.backend():
        case "tensorflow":
            from presets.training.tensorflow import TensorFlowProgram

            return TensorFlowProgram
        case "jax":
            from presets.training.jax import JaxProgram

            return JaxProgram
        case "torch":
            from presets.training.torch import TorchProgram

            return TorchProgram
        case other:
            raise RuntimeError(f"presets needs the Keras backend tensorflow, jax or torch, but it is {other!r}.")


POOL = ProgramPool()


def clear_programs() -> None:
    """Drop all compiled programs that this process keeps for later fits of the same architecture.

    This frees memory. Later fits compile again.

    Examples
    --------
    >>> import presets
    >>> presets.clear_programs()
    """
    POOL.clear()


def _forget_in_child():
    """Forget the parent's programs in a forked child, because their threads are gone."""
    global POOL
    POOL.__init__(POOL.max_programs)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
