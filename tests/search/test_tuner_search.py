"""`TunerSearchCV` is a scikit-learn search: results, weights, groups, scorers, failures, pruning, time."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier, DNNRegressor, TunerSearchCV
from presets.search import Choice, LogUniform, dnn_space
from presets.search.evaluation import Bar
from presets.search.oracles import ORACLES

X, y = make_classification(90, 6, n_informative=4, n_classes=3, random_state=0)
QUICK = {"hidden_layer_sizes": (8,), "epochs": 2, "batch_size": 32, "random_state": 0}
FEW = {"learning_rate": LogUniform(0.01, 0.5), "dropout": Choice(0.2, 0.5)}
REGULAR = {"C": LogUniform(1e-3, 1e3), "fit_intercept": Choice(True, False)}


@pytest.fixture(scope="module")
def pipeline_search():
    """A search over a pipeline with a network, by a parameter's short name."""
    estimator = make_pipeline(StandardScaler(), DNNClassifier(**QUICK))
    return TunerSearchCV(estimator, space=FEW, n_trials=7, cv=3, prune=False, random_state=0).fit(X, y)


def test_the_estimator_as_given_is_the_first_trial(pipeline_search):
    first = pipeline_search.cv_results_["params"][0]
    assert first == {"dnnclassifier__learning_rate": 0.1, "dnnclassifier__dropout": 0.2}


def test_results_are_those_of_grid_search(pipeline_search):
    results = pipeline_search.cv_results_
    grid = GridSearchCV(
        pipeline_search.estimator,
        [{name: [value] for name, value in params.items()} for params in results["params"]],
        cv=3,
    ).fit(X, y)
    assert set(grid.cv_results_) == set(results) - {"status", "failure", "screening_score", "screening_time"}
    for name, values in grid.cv_results_.items():
        if "time" not in name:
            np.testing.assert_array_equal(np.ma.asarray(values), np.ma.asarray(results[name]), err_msg=name)
    assert pipeline_search.best_params_ == grid.best_params_
    assert pipeline_search.best_score_ == grid.best_score_
    np.testing.assert_array_equal(pipeline_search.predict_proba(X), grid.predict_proba(X))
    assert pipeline_search.n_splits_ == 3
    assert pipeline_search.score(X, y) == grid.score(X, y)


def test_report_and_picture(pipeline_search):
    plt = pytest.importorskip("matplotlib.pyplot")
    report = pipeline_search.search_report()
    assert "7 trials" in report
    assert f"1. trial {pipeline_search.best_index_}" in report
    ax = pipeline_search.plot()
    assert "best so far" in ax.get_legend_handles_labels()[1]
    plt.close(ax.figure)


@pytest.mark.parametrize("oracle", ORACLES)
def test_oracles(oracle):
    space = {"learning_rate": LogUniform(0.01, 0.5), "dropout": Choice(0.2, 0.5)}
    estimator = DNNClassifier(**QUICK | {"epochs": 9})
    searches = [
        TunerSearchCV(estimator, space=space, oracle=oracle, n_trials=11, cv=2, random_state=1).fit(X, y)
        for _ in range(2)
    ]
    first, second = (search.cv_results_ for search in searches)
    assert first["params"] == second["params"]
    np.testing.assert_array_equal(first["mean_test_score"], second["mean_test_score"])
    assert first["params"][0]["learning_rate"] == 0.1
    distinct = {tuple(params.items()) for params in first["params"]}
    assert len(distinct) == len(first["params"]) > 3
    if oracle == "hyperband":
        assert {params["epochs"] for params in first["params"]} == {1, 3}


def test_grid_ends_by_itself():
    space = {"C": [0.1, 1.0, 10.0], "fit_intercept": [True, False]}
    search = TunerSearchCV(LogisticRegression(), space=space, oracle="grid", n_trials=None, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 6


def test_the_article_space_is_the_default():
    search = TunerSearchCV(DNNClassifier(**QUICK), n_trials=2, cv=2, random_state=0, refit=False).fit(X, y)
    assert set(search.best_params_) == set(dnn_space().parameters)
    assert not hasattr(search, "best_estimator_")


def test_folds_are_stratified_and_y_may_be_a_series_or_a_list():
    ordered = np.sort(y)
    search = TunerSearchCV(LogisticRegression(), space=REGULAR, n_trials=2, prune=False, random_state=0)
    expected = search.fit(X, ordered)
    explicit = clone(search).set_params(cv=StratifiedKFold(5)).fit(X, ordered)
    assert expected.cv_results_["mean_test_score"].tolist() == explicit.cv_results_["mean_test_score"].tolist()
    for target in (pd.Series(ordered, index=range(1000, 1090)), ordered.tolist()):
        other = clone(expected).fit(X, target)
        assert other.cv_results_["mean_test_score"].tolist() == expected.cv_results_["mean_test_score"].tolist()


def test_groups_and_weights_are_routed():
    groups = np.arange(90) // 10
    weights = np.linspace(0.1, 2, 90)
    arguments = {"cv": GroupKFold(3), "scoring": "accuracy"}
    search = TunerSearchCV(LogisticRegression(), space=REGULAR, n_trials=3, random_state=0, prune=False, **arguments)
    search.fit(X, y, groups=groups, sample_weight=weights)
    grid = GridSearchCV(
        LogisticRegression(),
        [{k: [v] for k, v in params.items()} for params in search.cv_results_["params"]],
        **arguments,
    )
    grid.fit(X, y, groups=groups, sample_weight=weights)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], grid.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(search.predict_proba(X), grid.predict_proba(X))


def test_several_metrics():
    scoring = ["accuracy", "neg_log_loss"]
    search = TunerSearchCV(LogisticRegression(), space=REGULAR, n_trials=6, scoring=scoring, refit="neg_log_loss")
    search.set_params(random_state=0).fit(X, y)
    assert search.multimetric_
    assert search.best_score_ == np.nanmax(search.cv_results_["mean_test_neg_log_loss"])
    assert "split0_test_accuracy" in search.cv_results_
    assert search.score(X, y) < 0
    with pytest.raises(ValueError, match="set refit to the name"):
        search.set_params(refit=True).fit(X, y)


def test_a_scorer_of_losses_finds_the_least_loss():
    target = X @ np.arange(6.0)
    search = TunerSearchCV(
        Ridge(), space={"alpha": LogUniform(1e-3, 1e5)}, n_trials=8, scoring="neg_mean_squared_error", random_state=0
    ).fit(X, target)
    assert search.best_params_["alpha"] == min(params["alpha"] for params in search.cv_results_["params"])


class Fragile(ClassifierMixin, BaseEstimator):
    """Fails for some values of its parameter, and knows as little as another says."""

    def __init__(self, trouble=0, noise=0.0):
        self.trouble = trouble
        self.noise = noise

    def fit(self, X, y):
        if self.trouble:
            raise RuntimeError(f"trouble {self.trouble}")
        self.classes_ = np.unique(y)
        self.known_ = dict(zip(map(bytes, X), y, strict=True))
        return self

    def predict(self, X):
        wrong = np.random.default_rng(0).random(len(X)) < self.noise
        return np.where(wrong, self.classes_[-1], (X[:, 0] > 0).astype(int))


def test_a_failing_trial_is_recorded_and_the_search_goes_on():
    search = TunerSearchCV(Fragile(), space={"trouble": [0, 1, 2]}, oracle="grid", cv=2)
    with pytest.warns(FitFailedWarning, match=r"2 of 3 trials failed.*\n.*Traceback"):
        search.fit(X, X[:, 0] > 0)
    results = search.cv_results_
    assert results["status"].tolist() == ["completed", "failed", "failed"]
    assert "RuntimeError: trouble 2" in results["failure"][2]
    assert np.isnan(results["mean_test_score"][1:]).all()
    assert results["rank_test_score"].tolist() == [1, 2, 2]
    assert search.best_params_ == {"trouble": 0}
    assert "trouble 1" in search.search_report()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_if_all_fail_the_first_error_is_raised(n_jobs):
    # threads are workers too, and start at once
    search = TunerSearchCV(
        Fragile(trouble=3), space={"trouble": [1, 2, 3, 4, 5, 6]}, oracle="grid", cv=2, n_jobs=n_jobs
    )
    with parallel_config(backend="threading"), pytest.raises(RuntimeError, match="trouble 3") as caught:
        search.fit(X, y)
    assert "All 6 trials of the search failed" in caught.value.__notes__[0]
    assert "in fit" in caught.value.__notes__[0]


def test_hopeless_trials_lose_their_folds():
    space = {"noise": [0.0, 0.4, 0.9]}
    search = TunerSearchCV(Fragile(), space=space, oracle="grid", cv=3).fit(X, X[:, 0] > 0)
    results = search.cv_results_
    assert results["status"].tolist() == ["completed", "pruned", "pruned"]
    assert np.isfinite(results["split0_test_score"]).all()
    assert np.isnan(results["split2_test_score"][1:]).all()
    assert results["mean_fit_time"][1] > 0
    assert search.best_index_ == 0
    everything = clone(search).set_params(prune=False).fit(X, X[:, 0] > 0)
    assert set(everything.cv_results_["status"]) == {"completed"}
    assert everything.best_index_ == 0


@pytest.mark.parametrize(
    ("scores", "is_over"),
    [([0.80], False), ([0.77], True), ([0.80, 0.82], False), ([0.80, 0.80], True), ([0.82, 0.70], True)],
    ids=str,
)
def test_a_trial_is_hopeless_when_chance_does_not_explain_that_it_is_behind(scores, is_over):
    best_folds = [0.81, 0.83, 0.85, 0.76, 0.79]  # half of them are within .02 of their median
    assert Bar("score", best_folds, []).is_out_of_reach(scores) == is_over


def test_a_screening_ends_most_trials_early(tmp_path):
    network = DNNClassifier(hidden_layer_sizes=(8,), init="scaled", epochs=80, patience=10, random_state=0)
    space = {"learning_rate": [0.1, 1e-6, 1e-5, 1e-4]}
    search = TunerSearchCV(network, space=space, oracle="grid", cv=2, directory=tmp_path / "search")
    results = search.fit(X, X[:, 0] > 0).cv_results_
    assert results["status"].tolist() == ["completed", *["pruned"] * 3]
    assert np.isfinite(results["screening_score"]).all()
    assert (results["screening_score"][1:] < results["screening_score"][0]).all()
    assert np.isnan(results["split0_test_score"][1:]).all()
    assert results["rank_test_score"].tolist() == [1, 2, 2, 2]
    assert (results["screening_time"] > 0).all()
    assert search.best_estimator_.n_epochs_ > 80 // 16
    resumed = clone(search).set_params(resume=True).fit(X, X[:, 0] > 0)
    np.testing.assert_array_equal(resumed.cv_results_["screening_score"], results["screening_score"])
    assert resumed.cv_results_["status"].tolist() == results["status"].tolist()


@pytest.mark.parametrize("changes", [{"prune": False}, {"estimator__epochs": 79}], ids=str)
def test_what_is_not_screened(changes):
    network = DNNClassifier(hidden_layer_sizes=(8,), init="scaled", epochs=80, patience=10, random_state=0)
    search = TunerSearchCV(network, space={"learning_rate": [0.1, 1e-6]}, oracle="grid", cv=2).set_params(**changes)
    results = search.fit(X, X[:, 0] > 0).cv_results_
    assert np.isnan(results["screening_score"]).all()
    assert not results["screening_time"].any()
    assert np.isfinite(results["split0_test_score"]).all()


def test_workers_give_the_same_trials_every_time():
    search = TunerSearchCV(LogisticRegression(), space=REGULAR, oracle="random", n_trials=5, n_jobs=2, random_state=3)
    with parallel_config(backend="threading"):
        searches = [clone(search).fit(X, y) for _ in range(2)]
    alone = clone(searches[0]).set_params(n_jobs=1, prune=False).fit(X, y)
    assert searches[0].cv_results_["params"] == searches[1].cv_results_["params"] == alone.cv_results_["params"]
    assert searches[0].best_score_ == alone.best_score_


def test_the_budget_ends_a_training_and_returns_the_best_so_far():
    network = DNNRegressor(hidden_layer_sizes=(8,), epochs=2, patience=10**6, random_state=0)
    search = TunerSearchCV(network, space={"epochs": [2, 10**6]}, n_trials=1, cv=2, oracle="grid")
    clone(search).fit(X, X[:, 0])  # what is compiled now takes none of the budget
    start = time.monotonic()
    search.set_params(n_trials=3, timeout=3).fit(X, X[:, 0])
    assert time.monotonic() - start < 20
    assert search.cv_results_["status"].tolist() == ["completed", "interrupted"]
    assert search.best_params_ == {"epochs": 2}
    assert search.best_estimator_.callbacks is None


@pytest.mark.parametrize("verbose", [0, 1])
def test_without_a_complete_trial_the_estimator_is_taken_as_given(verbose, capsys):
    search = TunerSearchCV(
        LogisticRegression(), space=REGULAR, timeout=1e-9, n_trials=None, random_state=0, verbose=verbose
    )
    with pytest.warns(UserWarning, match="before any trial was complete"):
        search.fit(X, y)
    assert search.best_params_ == {"C": 1.0, "fit_intercept": True}
    assert np.isnan(search.best_score_)
    assert search.predict(X).shape == y.shape
    assert capsys.readouterr().out.count(", 0 s left\n") == verbose


def test_nothing_is_written_and_nothing_global_drawn(tmp_path, monkeypatch):
    import random

    monkeypatch.chdir(tmp_path)
    random.seed(0)
    np.random.seed(0)
    before = random.getstate(), np.random.get_state()[1].tolist()
    TunerSearchCV(LogisticRegression(), space=REGULAR, n_trials=8, cv=2).fit(X, y)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"oracle": "oracle"}, "'oracle' parameter"),
        ({"n_trials": 0}, "'n_trials' parameter"),
        ({"timeout": -1}, "'timeout' parameter"),
        ({"n_trials": None}, "set n_trials or timeout"),
        ({"space": {"speed": [1]}}, "'speed', which the estimator does not take"),
        ({"space": {}}, "space is empty"),
        ({"resume": True}, "needs the directory"),
        ({"estimator": LogisticRegression(), "space": REGULAR, "oracle": "hyperband"}, "exactly one network"),
        ({"estimator": LogisticRegression()}, "set space"),
    ],
)
def test_mistakes_are_found_before_any_training(parameters, message):
    with pytest.raises(ValueError, match=message):
        TunerSearchCV(**{"estimator": DNNClassifier(callbacks=["not one"]), **parameters}).fit(X, y)


def test_a_callable_scorer_with_several_values():
    def both(estimator, X, y):
        return {"plain": accuracy_score(y, estimator.predict(X)), "minus": -1.0}

    search = TunerSearchCV(LogisticRegression(), space=REGULAR, n_trials=2, scoring=both, refit="plain", random_state=0)
    assert search.fit(X, y).best_score_ > 0
    with pytest.raises(ValueError, match="set refit to the name of one"):
        search.set_params(refit=True).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        search.set_params(scoring=make_scorer(accuracy_score)).fit(X, y)
