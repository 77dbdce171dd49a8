"""The process's compiled programs, lent to one fit at a time."""

import collections
import contextlib
import gc
import os
import threading

import keras

from presets.training.forks import refuse_in_fork

MAX_PROGRAMS = 16
"""Idle programs kept. Each holds its network's variables and some MB of graphs."""

DROPPED_TOGETHER = 8
"""Programs dropped before their memory is looked for, which takes a tenth of a second."""


class ProgramPool:
    """A bounded, thread-safe store of idle programs; the longest unused goes first.

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
        """Lend a program for this recipe, made now if none is idle.

        Parameters
        ----------
        recipe : Recipe
        sample : tuple of arrays
            A few encoded rows ``(x, y)`` or ``(x, y, weights)``.
        trains : bool, default=True
            Whether the program is to train. If not, one that trains the same network otherwise does as well.

        Raises
        ------
        RuntimeError
            In a forked process that cannot use the backend.

        Yields
        ------
        Program
            For the borrower alone. Whoever borrows it next loads it anew, so an error or an interrupt in between does
            no harm.
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
        """Take out the program that was used last among those that fit.

        One whose code of the user's reads something else by now is dropped: what it compiles from now on would be
        another network than what it compiled before.
        """
        with self._lock:
            for program in reversed(self._idle.copy()):
                if program.serves(keys, sample, trains):
                    self._idle.remove(program)
                    if program.is_as_built(trains):
                        return program
        return None

    def clear(self):
        """Drop every idle program."""
        with self._lock:
            self._idle.clear()
        self._release_memory()

    def _release_memory(self):
        """Give back what dropped programs held: they are cycles of objects, and backends keep what they compiled."""
        self._n_dropped = 0
        gc.collect()
        program_class().release_memory()

    def __len__(self):
        return len(self._idle)


def program_class():
    """The kind of program of the present Keras backend."""
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
            raise RuntimeError(f"presets trains on the Keras backends tensorflow, jax and torch, not on {other!r}.")


POOL = ProgramPool()


def clear_programs():
    """Drop every compiled program that this process keeps for the next fit of the same architecture.

    Examples
    --------
    >>> import presets
    >>> presets.clear_programs()  # before a test of memory, for instance
    """
    POOL.clear()


def _forget_in_child():
    """A forked child must not use its parent's programs: their threads did not come along."""
    global POOL
    POOL.__init__(POOL.max_programs)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
