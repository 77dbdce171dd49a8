"""A user's program for type checkers. `tox -e types` checks it with mypy and with pyright's rules; nothing runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_type

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline  # pyright: ignore[reportUnknownVariableType]  scikit-learn has no types
from sklearn.preprocessing import StandardScaler

import presets
from presets import (
    AugmentationDisplay,
    CNNClassifier,
    DNNClassifier,
    DNNRegressor,
    EnsembleClassifier,
    EnsembleRegressor,
    KerasRegressor,
    LSTMRegressor,
    NetworkBuilder,
    RepeatedRunsDisplay,
    TrainingCurveDisplay,
    TunerSearchCV,
    UpdateRatioDisplay,
    check_data,
    check_gradients,
    diagnose,
    likely_wrong_labels,
    make_windows,
    preset_grid,
    repeated_runs,
)
from presets.search import Choice, LogUniform, SearchSpace, dnn_space, space_for

X = np.random.default_rng(0).normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)


def fit_and_predict() -> None:
    network = DNNClassifier(hidden_layer_sizes=[64, 64], learning_rate=0.01, epochs=5, random_state=0)
    assert_type(network.fit(X, y, sample_weight=np.ones(len(X))), DNNClassifier)
    assert_type(network.predict(X), NDArray[Any])
    assert_type(network.predict_proba(X), NDArray[Any])
    assert_type(network.partial_fit(X, y), DNNClassifier)
    assert_type(network.score(X, y), float)
    assert_type(network.classes_, NDArray[Any])
    assert_type(network.history_, dict[str, list[float]])
    assert_type(network.n_epochs_, int)
    assert_type(network.best_epoch_, int)
    assert_type(network.stopped_by_, str)
    assert_type(network.rate_rule_, str)
    assert_type(network.init_.reason, str)
    assert_type(network.health_.dead_units, dict[str, float])
    assert_type(network.n_features_in_, int)
    model: keras.Model = network.model_
    print(model)


def presets_by_name() -> None:
    assert_type(DNNRegressor.from_preset("tuned", dropout=0.2), DNNRegressor)
    for name in DNNClassifier.list_presets():
        print(name.upper())
    assert_type(preset_grid(DNNClassifier(), "article", "deep"), list[dict[str, list[Any]]])


def sequences_and_images() -> None:
    windows, targets = make_windows(np.arange(100.0), window=10, horizon=2)
    forecast = LSTMRegressor(units=(32,), validation_split="last").fit(windows, targets)
    assert_type(forecast.predict(windows), NDArray[Any])
    ragged = [np.zeros((length, 2)) for length in (3, 5, 4)]
    LSTMRegressor().fit(ragged, [0.0, 1.0, 2.0])
    images = np.zeros((20, 8, 8), dtype=np.uint8)
    assert_type(CNNClassifier(filters=[8]).fit(images, np.arange(20) % 2).predict_proba(images), NDArray[Any])


@dataclass
class Dense(NetworkBuilder):
    """A network of the user's own."""

    width: int = 64

    def __call__(self, input_shape: Any, n_outputs: int) -> keras.Model:
        layers = keras.layers.Dense(self.width, activation="relu"), keras.layers.Dense(n_outputs)
        model: keras.Model = keras.Sequential(layers)
        return model


def own_networks() -> None:
    network = KerasRegressor(network=Dense(width=32)).fit(X, X[:, 0])
    assert_type(network, KerasRegressor)
    assert_type(network.output_activation_, str)


def searches() -> None:
    space = dnn_space().only("learning_rate", "dropout") | {"batch_size": Choice(32, 64)}
    assert_type(space, SearchSpace)
    assert_type(space_for(DNNClassifier()).parameters, list[str])
    search = TunerSearchCV(make_pipeline(StandardScaler(), DNNClassifier()), space=space, n_trials=5).fit(X, y)
    assert_type(search, TunerSearchCV)
    assert_type(search.best_score_, float)
    assert_type(search.best_params_, dict[str, Any])
    assert_type(search.predict(X), NDArray[Any])
    assert_type(search.search_report(), str)
    TunerSearchCV(DNNRegressor(), space={"dropout": [0.1, 0.2], "l2": LogUniform(1e-6, 1e-3)}, timeout=60)
    grid: BaseEstimator = GridSearchCV(DNNClassifier(), {"dropout": [0.1, 0.5]}, cv=2)
    draws: BaseEstimator = RandomizedSearchCV(DNNClassifier(), space.distributions(), n_iter=3)
    print(grid, draws)


def ensembles_and_runs() -> None:
    ensemble = EnsembleClassifier(DNNClassifier(epochs=5), n_members=3).fit(X, y)
    assert_type(ensemble.predict_members(X), NDArray[Any])
    _mean, std = EnsembleRegressor(DNNRegressor()).fit(X, y).predict(X, return_std=True)
    assert_type(std, NDArray[Any])
    runs = repeated_runs(DNNClassifier(), X, y, n_repeats=2)
    assert_type(runs.interval, tuple[float, float])
    assert_type(runs.compare(runs).mean, float)
    RepeatedRunsDisplay.from_runs({"one": runs, "other": runs})


def checks() -> None:
    assert_type(check_data(X, y).codes, list[str])
    rows = likely_wrong_labels(LogisticRegression(), X, y)
    print(X[rows])
    network = DNNClassifier().fit(X, y)
    for finding in diagnose(network).alarms:
        assert_type(finding.to_do, str)
    assert_type(check_gradients(network, X, y).passed, bool)
    assert_type(TrainingCurveDisplay.from_estimator(network, metric="loss"), TrainingCurveDisplay)
    UpdateRatioDisplay.from_estimator(network).plot()
    AugmentationDisplay.from_estimator(CNNClassifier().fit(X, y), X)


def files() -> None:
    presets.save(DNNClassifier().fit(X, y), Path("network.skops"))
    loaded = presets.load("network.skops", trusted=["my_networks.build_network"], max_size=1 << 20)
    print(loaded.predict(X))
    presets.clear_programs()


def automl() -> None:
    auto = presets.AutoClassifier(time_limit=60, random_state=0).fit(X, y)
    assert_type(auto, presets.AutoClassifier)
    assert_type(auto.predict(X), NDArray[Any])
    assert_type(auto.predict_proba(X), NDArray[Any])
    assert_type(auto.classes_, NDArray[Any])
    assert_type(auto.score(X, y), float)
    assert_type(auto.notes_, list[str])
    print(auto.leaderboard())
    auto.report("report.html", X, y)
