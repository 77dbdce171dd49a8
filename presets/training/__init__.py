"""How any Keras model is trained: compiled epochs, a pool of programs, the rules of the article."""

from presets.training.pool import clear_programs

__all__ = ["clear_programs"]
