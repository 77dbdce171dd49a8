"""What every test needs before a backend starts, and fixtures that several rooms share."""

import gc
import os

import pytest
from tried import TRIED

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def pytest_collection_finish():
    """Make compiling cheap, which is most of what the tests do.

    TensorFlow rewrites a graph before its first run, so that later runs are faster. That is a third of the time of a
    small fit, and gains nothing here. The examples of the gallery, and tests that start processes, run rewritten
    graphs. Dropped programs are followed by collections of garbage, which need not look at all that was imported.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    gc.collect()
    gc.freeze()


@pytest.fixture
def no_training(monkeypatch):
    """Make any update of a network an error of its own kind."""
    from presets.training.pool import program_class

    def update(*args, **kwargs):
        raise RuntimeError("an update was made")

    for name in ("train_epoch", "train_epochs", "train_step"):
        monkeypatch.setattr(program_class(), name, update)


def pytest_sessionfinish(session):
    """Send what a process of several has tried to the one that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tried"] = dict(TRIED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Add what one of several processes has tried."""
    TRIED.update(node.workeroutput.get("tried", {}) if hasattr(node, "workeroutput") else {})


def pytest_terminal_summary(terminalreporter):
    """Print the counts."""
    if TRIED:
        terminalreporter.section("tried without harm")
        for what, times in TRIED.most_common():
            terminalreporter.write_line(f"{times:6} {what}")
