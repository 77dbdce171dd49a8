"""Keras Tuner's searches over the estimators."""

from presets.search.dimensions import Choice, LogUniform, Options, SearchSpace, Uniform
from presets.search.hypermodels import CNNHyperModel, DNNHyperModel, LSTMHyperModel
from presets.search.spaces import cnn_space, dnn_space, lstm_space, space_for, training_space
from presets.search.tuner_search import TunerSearchCV

__all__ = [
    "CNNHyperModel",
    "Choice",
    "DNNHyperModel",
    "LSTMHyperModel",
    "LogUniform",
    "Options",
    "SearchSpace",
    "TunerSearchCV",
    "Uniform",
    "cnn_space",
    "dnn_space",
    "lstm_space",
    "space_for",
    "training_space",
]
