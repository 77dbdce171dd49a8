"""Averages of several runs (A12)."""

import pickle

import numpy as np
import pytest
from estimator_list import ENSEMBLES, LABELS, VALUES, X
from joblib import parallel_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from presets import DNNClassifier, DNNRegressor, EnsembleClassifier, EnsembleRegressor

QUICK = {"hidden_layer_sizes": (8,), "init": "scaled", "epochs": 3}
CLASSES = EnsembleClassifier(DNNClassifier(**QUICK), n_members=3, random_state=0)
NUMBERS = EnsembleRegressor(DNNRegressor(**QUICK), n_members=3, random_state=0)


@parametrize_with_checks(ENSEMBLES)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def classes():
    return clone(CLASSES).fit(X, LABELS)


@pytest.fixture(scope="module")
def numbers():
    return clone(NUMBERS).fit(X, VALUES)


def test_probabilities_are_averaged(classes):
    members = classes.predict_members(X)
    assert members.shape == (3, 100, 3)
    np.testing.assert_array_equal(members[1], classes.members_[1].predict_proba(X))
    np.testing.assert_allclose(classes.predict_proba(X), members.mean(axis=0))
    np.testing.assert_array_equal(classes.predict(X), classes.classes_[members.mean(axis=0).argmax(axis=1)])


def test_values_are_averaged_and_their_spread_is_known(numbers):
    members = numbers.predict_members(X)
    mean, std = numbers.predict(X, return_std=True)
    np.testing.assert_allclose(mean, members.mean(axis=0))
    np.testing.assert_allclose(std, members.std(axis=0, ddof=1))
    np.testing.assert_array_equal(numbers.predict(X), mean)


def test_members_differ_in_seed_and_split(classes):
    seeds = [member.random_state for member in classes.members_]
    assert len(set(seeds)) == 3
    assert len({member.history_["val_loss"][0] for member in classes.members_}) == 3
    assert CLASSES.estimator.random_state is None


def test_random_state_repeats(classes):
    np.testing.assert_array_equal(clone(CLASSES).fit(X, LABELS).predict_proba(X), classes.predict_proba(X))


def test_members_side_by_side_are_the_same(classes):
    with parallel_config(backend="threading"):
        shared = clone(CLASSES).set_params(n_jobs=2).fit(X, LABELS)
    np.testing.assert_allclose(shared.predict_proba(X), classes.predict_proba(X), rtol=1e-5)


def test_pickle(classes):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(classes)).predict_proba(X), classes.predict_proba(X))


def test_pipelines_labels_and_search():
    labels = np.array(["low", "middle", "high"])[LABELS]
    ensemble = EnsembleClassifier(make_pipeline(StandardScaler(), DNNClassifier(**QUICK)), n_members=2, random_state=0)
    search = GridSearchCV(ensemble, {"estimator__dnnclassifier__dropout": [0.0, 0.3]}, cv=2).fit(X, labels)
    assert set(search.predict(X)) <= {"low", "middle", "high"}
    assert is_classifier(ensemble)
    assert search.best_estimator_.n_features_in_ == 4


def test_weights_and_validation_data_reach_the_members():
    weights = np.r_[np.zeros(50), np.ones(50)]
    ensemble = clone(NUMBERS).fit(X, VALUES, weights, X_val=X[:20], y_val=VALUES[:20])
    assert [(m.health_.n_training, m.health_.n_validation) for m in ensemble.members_] == [(50, 20)] * 3


def test_multilabel_and_several_outputs():
    indicators = np.stack([LABELS > 0, LABELS > 1], axis=1).astype(int)
    predicted = clone(CLASSES).fit(X, indicators).predict(X)
    assert predicted.shape == (100, 2)
    assert set(np.unique(predicted)) <= {0, 1}
    mean, std = clone(NUMBERS).fit(X, np.stack([VALUES, -VALUES], axis=1)).predict(X, return_std=True)
    assert mean.shape == std.shape == (100, 2)


def test_bad_parameters():
    with pytest.raises(ValueError, match="n_members"):
        EnsembleClassifier(DNNClassifier(), n_members=1).fit(X, LABELS)
    with pytest.raises(ValueError, match="estimator"):
        EnsembleClassifier(Ridge()).fit(X, LABELS)
    with pytest.raises(NotFittedError):
        CLASSES.predict(X)
    with pytest.raises(AttributeError, match="classes_"):
        _ = CLASSES.classes_
