"""A child of `fork` cannot use a backend that had started before: the backend's threads did not come along."""

import os
import sys

import keras

_came_with_a_started_backend = False


def refuse_in_fork():
    """Raise an error in a forked process where networks would wait for ever.

    Raises
    ------
    RuntimeError
        If TensorFlow or JAX, whichever Keras uses, had started in the parent before the fork.
    """
    if _came_with_a_started_backend:
        raise RuntimeError(
            f"This process was forked from one in which {keras.backend.backend()} had started. The threads of "
            "a backend do not come along, and networks would wait for ever. Start processes by 'spawn' instead: "
            "multiprocessing.get_context('spawn'), or joblib's default backend 'loky'."
        )


def _has_started():
    """Whether the present backend has threads; a backend that is only imported has none, and nothing is imported here.

    torch is left out: it has its own rules for forks, and its data loaders rest on them.
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
