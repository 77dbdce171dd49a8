"""Searches of other libraries drive the estimators."""

import keras_tuner
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier
from presets.search import Choice, LogUniform, SearchSpace

X, y = make_classification(80, 6, n_informative=4, n_classes=3, random_state=0)
SPACE = SearchSpace({"learning_rate": LogUniform(0.01, 0.5), "dropout": Choice(0.2, 0.5)})


def network(**parameters):
    return DNNClassifier(**{"hidden_layer_sizes": (8,), "epochs": 4, "random_state": 0, **parameters})


def test_halving_over_epochs():
    grid = {"learning_rate": [0.01, 0.1, 0.3], "dropout": [0.2, 0.5]}
    search = HalvingGridSearchCV(
        network(), grid, resource="epochs", min_resources=1, max_resources=6, factor=2, cv=2, random_state=0
    ).fit(X, y)
    assert set(search.cv_results_["n_resources"]) == {1, 2, 4}
    assert search.best_estimator_.n_epochs_ == search.best_params_["epochs"] == 4


def test_optuna_prunes_through_partial_fit():
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=1),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    search = integration.OptunaSearchCV(
        network(),
        {"learning_rate": optuna.distributions.FloatDistribution(1e-5, 0.5, log=True)},
        cv=2,
        enable_pruning=True,
        max_iter=5,
        n_trials=6,
        random_state=0,
        study=study,
    ).fit(X, y)
    states = [trial.state.name for trial in study.trials]
    assert states.count("COMPLETE") + states.count("PRUNED") == 6
    assert "PRUNED" in states
    assert search.predict(X).shape == y.shape


def test_sklearn_tuner_with_a_pipeline(tmp_path):
    space = SPACE.prefixed("dnnclassifier__")

    def build(hp):
        for name, dimension in space.items():
            dimension.register(hp, name, {})
        return make_pipeline(StandardScaler(), network()).set_params(**space.settings(hp.values))

    tuner = keras_tuner.SklearnTuner(
        keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("score", "max"), max_trials=3, seed=1),
        build,
        cv=StratifiedKFold(2),
        directory=tmp_path,
        project_name="search",
    )
    tuner.oracle.verbose = 0
    tuner.search(X, y)
    assert 0.01 <= tuner.get_best_hyperparameters()[0]["dnnclassifier__learning_rate"] <= 0.5
    np.testing.assert_array_equal(tuner.get_best_models()[0].classes_, [0, 1, 2])
