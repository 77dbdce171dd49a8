"""What scikit-learn's tools rely on, and its checks miss."""

import copy
import inspect
import os
import pickle
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pandas as pd
import pytest
from estimator_list import (
    LABELS,
    X,
    outputs,
    quick,
    target,
)
from fits import (
    every_classifier,
    every_estimator,
    every_regressor,
    one_of_each,
    plain_classifier,
    plain_estimator,
    plain_regressor,
)
from joblib import Parallel, delayed
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

WEIGHTS = np.linspace(0.5, 2.0, len(X))


def objects():
    """Parameters that are objects of Keras's, new ones at each call."""
    return {
        "optimizer": keras.optimizers.Adam(0.02),
        "metrics": [keras.metrics.MeanSquaredError(name="mse")],
        "callbacks": [keras.callbacks.EarlyStopping(patience=2)],
        "init": keras.initializers.HeNormal(seed=1),
    }


# ---------------------------------------------------------------- parameters


@every_estimator
def test_clone_keeps_every_parameter(estimator):
    values = {name: f"a value for {name}" for name in inspect.signature(estimator).parameters}
    assert clone(estimator(**values)).get_params() == values


@every_estimator
def test_parameters_are_keyword_only(estimator):
    kinds = {parameter.kind for parameter in inspect.signature(estimator).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@one_of_each
def test_clone_with_objects_fits_to_the_same_numbers(estimator):
    original = quick(estimator, **objects())
    copied = clone(original)
    np.testing.assert_array_equal(
        outputs(copied.fit(X, target(estimator))), outputs(original.fit(X, target(estimator)))
    )


@one_of_each
def test_fit_changes_no_parameter(estimator):
    parameters = objects()
    watched = {name: value for name, value in parameters.items() if name != "callbacks"}  # which record what they see
    states = {name: repr(vars(value)) for name, value in watched.items() if not isinstance(value, list)}
    states |= {name: repr(vars(value[0])) for name, value in watched.items() if isinstance(value, list)}
    model = quick(estimator, **parameters)
    before = model.get_params()
    model.fit(X, target(estimator))
    after = model.get_params()
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    for name, value in watched.items():
        assert repr(vars(value[0] if isinstance(value, list) else value)) == states[name], name


@one_of_each
def test_fit_changes_no_array_of_the_caller(estimator):
    y = target(estimator)
    given = {
        "X": X * 1.0,
        "y": y.copy(),
        "sample_weight": WEIGHTS.copy(),
        "X_val": X[:20] * 1.0,
        "y_val": y[:20].copy(),
    }
    before = copy.deepcopy(given)
    model = quick(estimator).fit(**given)
    outputs(model, given["X"])
    for name, values in given.items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)


@plain_classifier
def test_fit_changes_no_class_weight(estimator):
    class_weight = {0: 1, 1: 3, 2: 0.5}
    weights = WEIGHTS.copy()
    quick(estimator, class_weight=class_weight).fit(X, LABELS, sample_weight=weights)
    assert class_weight == {0: 1, 1: 3, 2: 0.5}
    np.testing.assert_array_equal(weights, WEIGHTS)


# ---------------------------------------------------------------- what kind of estimator it is


@every_classifier
def test_classifier_is_known_as_one(estimator):
    assert is_classifier(estimator())
    assert not is_regressor(estimator())


@every_regressor
def test_regressor_is_known_as_one(estimator):
    assert is_regressor(estimator())
    assert not is_classifier(estimator())


@plain_classifier
def test_folds_are_stratified(estimator):
    order = np.argsort(LABELS, kind="stable")
    scores = cross_val_score(
        quick(estimator),
        X[order],
        LABELS[order],
        cv=3,
        scoring=lambda model, X, y: len(np.unique(y)),
        error_score="raise",
    )
    assert list(scores) == [3, 3, 3]


# ---------------------------------------------------------------- scikit-learn's tools


@plain_classifier
@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"])
def test_binary_scorers(estimator, scoring):
    scores = cross_val_score(quick(estimator, epochs=30), X, LABELS > 0, cv=2, scoring=scoring, error_score="raise")
    chance = {"roc_auc": 0.5, "average_precision": 0.7, "neg_log_loss": -np.log(2), "neg_brier_score": -0.25}
    assert (scores > chance[scoring]).all()


@plain_classifier
def test_multiclass_scorers(estimator):
    scores = cross_validate(
        quick(estimator, epochs=30), X, LABELS, cv=2, scoring=["roc_auc_ovr", "neg_log_loss"], error_score="raise"
    )
    assert (scores["test_roc_auc_ovr"] > 0.7).all()
    assert (scores["test_neg_log_loss"] > -np.log(3)).all()


@plain_classifier
def test_meta_classifiers(estimator):
    model = quick(estimator, epochs=40)
    members = [("network", model), ("linear", LogisticRegression(max_iter=500))]
    for meta in (
        VotingClassifier(members, voting="soft"),
        StackingClassifier(members, cv=2),
        CalibratedClassifierCV(model, cv=2),
        BaggingClassifier(model, n_estimators=2, random_state=0),
    ):
        assert meta.fit(X, LABELS).score(X, LABELS) > 0.6, meta


@plain_regressor
def test_meta_regressors(estimator):
    y = target(estimator)
    members = [("network", quick(estimator, epochs=40)), ("linear", RidgeCV())]
    for meta in (VotingRegressor(members), StackingRegressor(members, cv=2)):
        assert meta.fit(X, y).score(X, y) > 0.6, meta


@plain_estimator
def test_permutation_importance_finds_the_signal(estimator):
    y = target(estimator)
    model = quick(estimator, epochs=30).fit(X, y)
    importances = permutation_importance(model, X, y, n_repeats=2, random_state=0).importances_mean
    assert min(importances[:2]) > max(importances[2:])


@plain_estimator
def test_cross_val_predict(estimator):
    y = target(estimator)
    assert cross_val_predict(quick(estimator), X, y, cv=2).shape == y.shape
    if is_classifier(estimator()):
        assert cross_val_predict(quick(estimator), X, y, cv=2, method="predict_proba").shape == (len(y), 3)


@one_of_each
def test_set_output_in_a_pipeline(estimator):
    frame = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler(), quick(estimator)).set_output(transform="pandas")
    pipeline.fit(frame, target(estimator))
    assert list(pipeline[-1].feature_names_in_) == list("abcd")
    assert len(pipeline.predict(frame)) == len(frame)


@plain_estimator
def test_grid_search_over_a_pipeline(estimator):
    name = estimator.__name__.lower()
    grid = {f"{name}__learning_rate": [0.1, 1e-6], f"{name}__dropout": [0.2, 0.5]}
    search = GridSearchCV(make_pipeline(StandardScaler(), quick(estimator, epochs=30)), grid, cv=2, error_score="raise")
    search.fit(X, target(estimator))
    assert search.best_params_[f"{name}__learning_rate"] == 0.1
    assert search.score(X, target(estimator)) > 0.5


# ---------------------------------------------------------------- metadata routing


@plain_estimator
def test_sample_weight_is_routed_to_fit_and_score(estimator):
    y = target(estimator)
    folds = KFold(2)
    with config_context(enable_metadata_routing=True):
        model = quick(estimator).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = cross_val_score(model, X, y, cv=folds, params={"sample_weight": WEIGHTS}, error_score="raise")
    by_hand = [
        quick(estimator)
        .fit(X[train], y[train], sample_weight=WEIGHTS[train])
        .score(X[test], y[test], sample_weight=WEIGHTS[test])
        for train, test in folds.split(X)
    ]
    np.testing.assert_allclose(routed, by_hand, rtol=1e-6)


@one_of_each
def test_pipeline_transforms_the_validation_data(estimator):
    y = target(estimator)
    X_train, y_train, X_val, y_val = X[:70], y[:70], X[70:], y[70:]
    with config_context(enable_metadata_routing=True):
        model = quick(estimator).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("network", model)], transform_input=["X_val"])
        pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X_train)
    by_hand = quick(estimator).fit(scaler.transform(X_train), y_train, X_val=scaler.transform(X_val), y_val=y_val)
    np.testing.assert_allclose(pipeline[-1].history_["val_loss"], by_hand.history_["val_loss"], rtol=1e-5)


@plain_estimator
def test_grid_search_passes_validation_data_on(estimator):
    y = target(estimator)
    with config_context(enable_metadata_routing=True):
        model = quick(estimator).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("network", model)], transform_input=["X_val"])
        search = GridSearchCV(pipeline, {"network__dropout": [0.0, 0.2]}, cv=2, error_score="raise")
        search.fit(X[:70], y[:70], X_val=X[70:], y_val=y[70:])
    assert "val_loss" in search.best_estimator_[-1].history_


# ---------------------------------------------------------------- copies and processes


@one_of_each
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("parameters", [dict, objects], ids=["names", "objects"])
def test_fitted_estimators_are_copied_whole(estimator, duplicate, parameters):
    model = quick(estimator, **parameters()).fit(X, target(estimator))
    copied = duplicate(model)
    np.testing.assert_array_equal(outputs(copied), outputs(model))
    assert copied.history_ == model.history_
    np.testing.assert_allclose(
        copied.model_.predict(X.astype("float32"), verbose=0), model.model_.predict(X.astype("float32"), verbose=0)
    )
    np.testing.assert_array_equal(outputs(copied.fit(X, target(estimator))), outputs(model))


def fit_and_predict(model, y):
    return outputs(model.fit(X, y))


@one_of_each
def test_workers_find_the_same_numbers(estimator):
    y = target(estimator)
    models = [quick(estimator), quick(estimator, **objects())]
    from_workers = Parallel(n_jobs=2)(delayed(fit_and_predict)(clone(model), y) for model in models)
    for model, found in zip(models, from_workers, strict=True):
        np.testing.assert_allclose(found, fit_and_predict(model, y), rtol=1e-5, atol=1e-6)


@plain_estimator
def test_threads_find_the_same_numbers(estimator):
    y = target(estimator)
    found = Parallel(n_jobs=2, prefer="threads")(delayed(fit_and_predict)(quick(estimator), y) for _ in range(4))
    for each in found:
        np.testing.assert_allclose(each, found[0], rtol=1e-5, atol=1e-6)


def count_compute_threads(model, X, y):
    """A scorer that tells, from inside a worker, how many threads TensorFlow computes with, and its share of them."""
    return {"threads": n_compute_threads(), "share": int(os.environ["OMP_NUM_THREADS"]), "process": os.getpid()}


def n_compute_threads():
    names = Counter()
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/comm") as file:
            names[file.read().strip()] += 1
    return names["tf_Compute"]


@plain_estimator
@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or sys.platform != "linux", reason="counts TensorFlow's threads in /proc"
)
def test_parallel_grid_keeps_to_its_share_of_threads(estimator):
    quick(estimator).fit(X, target(estimator))
    if not n_compute_threads():
        pytest.skip("this TensorFlow does not name its threads")  # 2.18 does not
    search = GridSearchCV(
        quick(estimator), {"learning_rate": [0.1, 0.05]}, cv=2, n_jobs=2, scoring=count_compute_threads, refit=False
    )
    search.fit(X, target(estimator))
    found = search.cv_results_
    for fold in range(2):
        assert (found[f"split{fold}_test_process"] != os.getpid()).all()
        assert (found[f"split{fold}_test_threads"] >= 1).all()
        assert (found[f"split{fold}_test_threads"] <= found[f"split{fold}_test_share"]).all()


@plain_classifier
def test_parallel_grid_finds_the_same_numbers(estimator):
    searches = [
        GridSearchCV(quick(estimator), {"learning_rate": [0.1, 0.05]}, cv=2, n_jobs=n_jobs, scoring="neg_log_loss")
        for n_jobs in (1, 2)
    ]
    alone, shared = (search.fit(X, LABELS).cv_results_["mean_test_score"] for search in searches)
    np.testing.assert_allclose(shared, alone, rtol=1e-5)


@plain_classifier
def test_score_is_accuracy(estimator):
    model = quick(estimator).fit(X, LABELS)
    assert model.score(X, LABELS) == accuracy_score(LABELS, model.predict(X))


def test_import_loads_neither_a_tuner_nor_tensorflow_for_another_backend():
    code = "import presets, sys; print(*sorted({'tensorflow', 'keras_tuner'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.split() == [name for name in ("tensorflow",) if keras.backend.backend() == name]
