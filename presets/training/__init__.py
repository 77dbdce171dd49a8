"""Training of any Keras model: compiled epochs, a pool of programs, and the article's rules."""

from presets.training.pool import clear_programs

__all__ = ["clear_programs"]
