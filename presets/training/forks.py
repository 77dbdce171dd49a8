"""A check for forked processes: a backend that started before the fork cannot be used, because its threads are gone."""

import os
import sys

import keras

_came_with_a_started_backend = False


def refuse_in_fork() -> None:
    """Raise an error in a forked process in which networks would wait forever.

    Raises
    ------
    RuntimeError
        If Keras's backend is TensorFlow or JAX, and it had started in the parent before the fork.
    """
    if _came_with_a_started_backend:
        raise RuntimeError(
            f"This process was forked from one in which {keras.backend.backend()} had already started. A fork does not "
            "copy the backend's threads, so networks would wait forever. Start processes with 'spawn' instead: "
            "multiprocessing.get_context('spawn'), or joblib's default backend 'loky'."
        )


def _has_started():
    """Whether the current backend has threads. A backend that is only imported has none. This imports no backend.

    torch is not checked: it has its own rules for forks, and its data loaders need them.
    """
    match keras.backend.backend():
        case "tensorflow":
            context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
            return getattr(context, "_context_handle", None) is not None
        case "jax":
            return bool(getattr(sys.modules.get("jax._src.xla_bridge"), "_backends", None))
    return False


def _remember():
    global _came_with_a_started_backend
    _came_with_a_started_backend = _came_with_a_started_backend or _has_started()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_remember)
