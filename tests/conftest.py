"""What every test needs before a backend starts, and fixtures that several rooms share."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture
def no_training(monkeypatch):
    """Make any update of a network an error of its own kind."""
    from presets.training.pool import program_class

    def update(*args, **kwargs):
        raise RuntimeError("an update was made")

    for name in ("train_epoch", "train_epochs", "train_step"):
        monkeypatch.setattr(program_class(), name, update)
