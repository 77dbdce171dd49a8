"""Searches on Dask's processes give what they give in one."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from presets import AutoClassifier, DNNClassifier, TunerSearchCV
from presets.search import Choice, LogUniform

distributed = pytest.importorskip("distributed")

X, y = make_classification(80, 6, random_state=0)
NETWORK = DNNClassifier(hidden_layer_sizes=(8,), epochs=3, random_state=0)


@pytest.fixture(scope="module")
def client():
    environment = {
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
    }
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, env=environment, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_grid_search(client):
    search = GridSearchCV(NETWORK, {"learning_rate": [0.1, 0.03], "dropout": [0.2, 0.5]}, cv=2)
    alone = clone(search).fit(X, y)
    with parallel_config(backend="dask", scatter=[X, y]):
        spread = clone(search).set_params(n_jobs=2).fit(X, y)
    np.testing.assert_allclose(spread.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=1e-6)
    workers = client.run(lambda: "presets" in sys.modules)
    assert list(workers.values()) == [True, True]


def test_tuner_search(client):
    space = {"learning_rate": LogUniform(0.01, 0.5), "dropout": Choice(0.2, 0.5)}
    search = TunerSearchCV(NETWORK, space=space, oracle="random", n_trials=4, cv=2, prune=False, random_state=0)
    alone = clone(search).fit(X, y)
    with parallel_config(backend="dask", scatter=[X, y]):
        spread = clone(search).set_params(n_jobs=2).fit(X, y)
    assert spread.cv_results_["params"] == alone.cv_results_["params"]
    np.testing.assert_allclose(spread.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=1e-6)


class Unsendable(ClassifierMixin, BaseEstimator):
    """Its fitted attribute cannot be pickled."""

    def fit(self, X, y):
        self.classes_, self.steps_ = np.unique(y), (step for step in ())
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_auto_ml(client):
    candidates = [("unsendable", Unsendable()), ("network", NETWORK)]
    auto = AutoClassifier(candidates=candidates[1:], time_limit=None, cv=2, random_state=0)
    alone = clone(auto).fit(X, y)
    with parallel_config(backend="dask"):
        spread = clone(auto).set_params(n_jobs=2, candidates=candidates).fit(X, y)
    assert "Unsendable cannot be sent between processes" in spread.trials_[0].reason
    np.testing.assert_allclose(spread.predict_proba(X), alone.predict_proba(X), atol=1e-6)
