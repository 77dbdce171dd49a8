"""AutoClassifier and AutoRegressor: scikit-learn's contract, and what is promised of the clock and of failures."""

import itertools
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

import presets
from presets import AutoClassifier, AutoRegressor, CNNClassifier, DNNClassifier, LSTMClassifier
from presets.automl import TREES
from presets.automl.clock import Clock
from presets.automl.neighbours import around_the_best, with_variants
from presets.automl.random_convolutions import RandomConvolutions

X, LABELS = load_iris(return_X_y=True)
SUGAR, PROGRESS = load_diabetes(return_X_y=True)
TWO = [("linear", make_pipeline(StandardScaler(), LogisticRegression())), ("constant", DummyClassifier())]
# the folds draw by row
ROWS_COUNT = {
    "check_sample_weight_equivalence_on_dense_data": "the folds draw by row",
    "check_sample_weight_equivalence_on_sparse_data": "the folds draw by row",
}


@parametrize_with_checks(
    [
        AutoClassifier(time_limit=None, n_candidates=1, random_state=0),
        AutoRegressor(time_limit=None, n_candidates=1, random_state=0),
    ],
    expected_failed_checks=lambda estimator: ROWS_COUNT,
)
def test_check(estimator, check):
    check(estimator)


def auto(**parameters):
    return AutoClassifier(**{"time_limit": None, "n_candidates": 2, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return auto().fit(X, LABELS)


class Broken(ClassifierMixin, BaseEstimator):
    """Fails at the fit, in the way that it is told."""

    def __init__(self, error):
        self.error = error

    def fit(self, X, y):
        raise self.error

    def predict_proba(self, X):
        raise NotImplementedError


# ---------------------------------------------------------------- the score


def test_the_same_seed_repeats_exactly(fitted):
    np.testing.assert_array_equal(auto().fit(X, LABELS).predict_proba(X), fitted.predict_proba(X))


def test_no_mixture_is_worse_than_its_best_candidate(fitted):
    assert fitted.score_ >= max(trial.score for trial in fitted.trials_)


@pytest.mark.parametrize("calibrate", [False, "auto"])
def test_more_candidates_never_worsen_the_score(calibrate):
    scores = [auto(n_candidates=n, cv=3, calibrate=calibrate).fit(X, LABELS).score_ for n in (1, 2, 3, 4)]
    assert scores == sorted(scores)


def _roots(model, X, y):
    return np.mean(model.predict_proba(X)[np.arange(len(y)), y] ** 0.5)


def test_no_mixture_is_worse_than_its_best_candidate_for_another_score_than_the_log_loss():
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(len(LABELS)) < 0.2, rng.integers(3, size=len(LABELS)), LABELS)
    trees = [("tree", _tree().set_params(min_samples_leaf=3)), ("stump", _tree().set_params(max_depth=1))]
    trees += [("small", _tree().set_params(max_depth=2)), ("bayes", GaussianNB())]
    model = auto(candidates=trees, n_candidates=None, cv=3, scoring=_roots).fit(X, noisy)
    assert model.score_ >= max(trial.score for trial in model.trials_)


def test_a_first_candidate_with_an_infinite_score_ends_nothing():
    def of_logarithms(model, X, y, sample_weight=None):
        predicted = model.predict(X)
        return -np.inf if (predicted <= 0).any() else -np.mean((np.log(predicted) - np.log(y)) ** 2)

    y = np.exp(-2 * SUGAR[:, 2] / SUGAR[:, 2].std())
    candidates = [("line", Ridge(alpha=1e-6)), ("tree", DecisionTreeRegressor(max_depth=3, random_state=0))]
    model = AutoRegressor(candidates=candidates, time_limit=None, cv=2, scoring=of_logarithms).fit(SUGAR, y)
    assert model.trials_[0].score == -np.inf
    assert [trial.weight for trial in model.trials_] == [0, 1]


def test_the_score_is_that_of_the_predictions_out_of_fold(fitted):
    found = fitted.out_of_fold_
    assert fitted.score_ == pytest.approx(-log_loss(found["y"], found["predictions"]))
    assert len(found["rows"]) == len(X)


def test_regression_by_its_error():
    model = AutoRegressor(time_limit=None, n_candidates=2, random_state=0).fit(SUGAR, PROGRESS)
    found = model.out_of_fold_
    assert model.score_ == pytest.approx(-root_mean_squared_error(found["y"], found["predictions"]))
    assert root_mean_squared_error(PROGRESS, model.predict(SUGAR)) < PROGRESS.std()


def test_several_outputs():
    y = np.stack([PROGRESS, -PROGRESS], axis=1)
    model = AutoRegressor(time_limit=None, n_candidates=2, random_state=0).fit(SUGAR, y)
    assert model.predict(SUGAR).shape == y.shape


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc_ovr", "f1_macro"])
def test_a_metric_of_scikit_learn(scoring):
    model = auto(scoring=scoring, n_candidates=2).fit(X, LABELS)
    assert model.metric_ == scoring
    assert model.score_ >= 0.9


def test_weights_of_rows_count_in_fit_and_score():
    weights = np.where(LABELS == 2, 0.0, 1.0)
    flipped = np.where(LABELS == 2, 0, LABELS)  # wrong where the weight is zero
    model = AutoClassifier(time_limit=None, candidates=TWO, random_state=0).fit(X, flipped, sample_weight=weights)
    assert model.score_ > -0.1
    with pytest.raises(ValueError, match="weight"):
        auto().fit(X, LABELS, sample_weight=np.zeros(len(X)))


def test_groups_are_never_on_both_sides():
    groups = np.arange(len(X)) // 2
    noise = np.random.default_rng(0).normal(size=(len(X), 2)).repeat(2, axis=0)[: len(X)]
    labels = np.random.default_rng(1).integers(2, size=len(X)).repeat(2)[: len(X)]
    memory = [("memory", presets.EnsembleClassifier(DummyClassifier(), n_members=2)), ("tree", _tree())]
    settings = {"time_limit": None, "candidates": memory, "calibrate": False, "random_state": 0}
    together = AutoClassifier(**settings).fit(noise, labels)
    apart = AutoClassifier(**settings).fit(noise, labels, groups=groups)
    score = {trial.name: trial.score for trial in together.trials_}["tree"]
    assert score > {trial.name: trial.score for trial in apart.trials_}["tree"] + 1
    given = AutoClassifier(time_limit=None, candidates=memory, cv=GroupKFold(3)).fit(noise, labels, groups=groups)
    assert given.n_splits_ == 3


def _tree():
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier()


def test_the_last_rows_judge():
    model = AutoRegressor(time_limit=None, candidates=[("ridge", Ridge())], cv="last").fit(SUGAR, PROGRESS)
    rows = model.out_of_fold_["rows"]
    np.testing.assert_array_equal(rows, np.arange(len(SUGAR) - len(SUGAR) // 5, len(SUGAR)))
    expected = Ridge().fit(SUGAR[: rows[0]], PROGRESS[: rows[0]]).predict(SUGAR)
    np.testing.assert_allclose(model.predict(SUGAR), expected)


# ---------------------------------------------------------------- tables as they come


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "city": rng.choice(["Rome", "Oslo", "Lima"], n),
            "member": pd.Categorical(rng.choice(["yes", "no"], n)),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(1000, size=n), "D"),
            "paid": rng.random(n) < 0.5,
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::11, "city"] = None
    return frame, np.where(frame["city"].fillna("") == "Oslo", "north", "south")


def test_frames_with_categories_dates_and_gaps(people):
    frame, y = people
    model = auto(n_candidates=4, candidates="auto", cv=2).fit(frame, y)
    assert [trial.status for trial in model.trials_] == ["completed"] * 4
    assert model.score(frame, y) > 0.95
    unseen = frame.head(4).assign(city=["Kyiv", None, "Oslo", "Oslo"], age=np.nan, since=pd.NaT)
    probabilities = model.predict_proba(unseen)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (model.predict(unseen)[2:] == "north").all()
    assert list(model.feature_names_in_) == list(frame.columns)


def test_frames_of_polars(people):
    frame, y = people
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    same = pl.DataFrame(columns).with_columns(pl.col("member").cast(pl.Categorical))
    model = auto(cv=2).fit(same, y)
    np.testing.assert_array_equal(model.predict(same), auto(cv=2).fit(frame, y).predict(frame))


def test_faults_of_a_frame_name_the_column(people):
    frame, y = people
    with pytest.raises(ValueError, match="Column 'age' is 2 times"):
        auto().fit(pd.concat([frame, frame[["age"]]], axis=1), y)
    with pytest.raises(ValueError, match="column 'age'"):
        auto().fit(frame.assign(age=np.inf), y)


# ---------------------------------------------------------------- sequences and images

STEPS = np.random.default_rng(0).normal(size=(60, 12, 2)) + (np.arange(60) % 3)[:, None, None] * 2
KINDS = {
    "sequences of one length": (STEPS, "sequences", LSTMClassifier),
    "sequences of any length": ([s[: 8 + i % 5] for i, s in enumerate(STEPS)], "sequences", LSTMClassifier),
    "grey images": (np.clip(STEPS * 20 + 60, 0, 255).astype(np.uint8), "images", CNNClassifier),
    "images in colour": (np.stack([STEPS] * 3, axis=-1), "images", CNNClassifier),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_first_candidate_of_each_kind_learns(name):
    samples, kind, _ = KINDS[name]
    labels = np.arange(60) % 3
    model = auto(n_candidates=1, cv=2).fit(samples, labels)
    assert model.kind_ == kind
    assert model.score(samples, labels) > 0.8
    with pytest.raises(ValueError, match=f"X is of kind 'table', but AutoClassifier was fitted to the kind '{kind}'"):
        model.predict(X)
    if kind == "images":
        with pytest.raises(ValueError, match=r"images of shape \(6, 2, .\), but .* of \(12, 2, .\)"):
            model.predict(samples[:, ::2])


@pytest.mark.parametrize("name", KINDS)
def test_networks_take_each_kind(name):
    samples, _, network = KINDS[name]
    model = AutoClassifier(candidates=[("network", network(epochs=1, random_state=0))], time_limit=None, cv=2)
    assert model.fit(samples, np.arange(60) % 3).predict_proba(samples[:2]).shape == (2, 3)


# ---------------------------------------------------------------- the clock, failures and interrupts


def test_a_limit_that_is_too_short_gives_the_first_model_and_a_warning():
    with pytest.warns(UserWarning, match="time_limit=1e-06 is less than the first model needs"):
        model = AutoClassifier(time_limit=1e-6, cv=8, random_state=0).fit(X, LABELS)
    statuses = [trial.status for trial in model.trials_]
    assert statuses[0] == "out of time"
    assert set(statuses[1:]) == {"skipped"}
    assert model.score(X, LABELS) > 0.9
    assert len(model.notes_) == 1


def test_a_network_ends_in_time_and_keeps_no_deadline():
    network = DNNClassifier(hidden_layer_sizes=(8,), epochs=100_000, patience=100_000, random_state=0)
    model = AutoClassifier(time_limit=6, candidates=[("endless", network)], cv=2, random_state=0).fit(X, LABELS)
    (trial,) = model.trials_
    assert trial.models
    for member in trial.models:
        assert member.stopped_by_ == "callback"
        assert member.callbacks is None
    assert model.score(X, LABELS) > 0.9


def test_a_failing_candidate_is_reported_and_ends_nothing():
    model = auto(candidates=[("broken", Broken(RuntimeError("no luck"))), *TWO]).fit(X, LABELS)
    board = model.leaderboard().set_index("candidate")
    assert board.loc["broken", "status"] == "failed"
    assert board.loc["broken", "reason"] == "RuntimeError: no luck"
    assert board.loc["linear", "weight"] > 0


class Below(RegressorMixin, BaseEstimator):
    """Predicts a value that a logarithmic error refuses."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full(len(X), -2.0)


@pytest.mark.parametrize("time_limit", [None, 60])
def test_predictions_that_the_metric_refuses_fail_one_candidate(time_limit):
    candidates = [("mean", DummyRegressor()), ("below", Below())]
    settings = {"scoring": "neg_mean_squared_log_error", "candidates": candidates, "time_limit": time_limit}
    model = AutoRegressor(**settings).fit(SUGAR, PROGRESS)
    assert [trial.status for trial in model.trials_] == ["completed", "failed"]
    assert "Logarithmic Error cannot be used" in model.trials_[1].reason
    with pytest.raises(ValueError, match="Logarithmic Error cannot be used"):
        model.set_params(candidates=candidates[1:]).fit(SUGAR, PROGRESS)


def test_a_fold_without_a_score_ends_nothing(tmp_path):
    candidates = [("constant", DummyClassifier()), TWO[0]]
    model = auto(scoring="roc_auc", cv=KFold(4), candidates=candidates, directory=tmp_path)
    labels = (np.arange(120) % 2 == 0) | (np.arange(120) >= 90)
    with pytest.warns(UserWarning, match="Only one class"):  # in the last fold
        model.fit(X[:120], labels)
    first = model.trials_[1].fold_scores
    assert np.isnan(first).any()
    assert model.leaderboard()["score_std"].iloc[1] >= 0
    model.set_params(resume=True).fit(X[:120], labels)
    np.testing.assert_array_equal(model.trials_[1].fold_scores, first)


def test_if_all_fail_the_first_error_is_raised():
    with pytest.raises(RuntimeError, match="no luck"):
        auto(candidates=[("broken", Broken(RuntimeError("no luck"))), ("other", Broken(KeyError("x")))]).fit(X, LABELS)


def test_an_interrupt_keeps_what_is_there():
    candidates = [*TWO, ("stopped", Broken(KeyboardInterrupt())), ("late", DummyClassifier())]
    model = auto(candidates=candidates, n_candidates=None)
    model.fit(X, LABELS)
    assert [trial.status for trial in model.trials_] == ["completed", "completed", "interrupted"]
    with pytest.raises(KeyboardInterrupt):
        auto(candidates=[("stopped", Broken(KeyboardInterrupt())), *TWO]).fit(X, LABELS)


def test_a_failed_fit_changes_nothing(fitted):
    model = clone(fitted).fit(X, LABELS)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(X[:, :2], np.zeros(len(X)))
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_networks_get_fewer_epochs_where_the_time_is_short():
    network = DNNClassifier.from_preset("quick", hidden_layer_sizes=(8,), epochs=100_000, random_state=0)
    candidates = [TWO[0], ("network", network)]
    model = AutoClassifier(time_limit=30, candidates=candidates, cv=2, random_state=0).fit(X, LABELS)
    trial = model.trials_[1]
    if trial.status == "skipped":  # 12,500 epochs, an eighth, take too long
        assert "s an epoch" in trial.reason
    else:
        assert trial.reason == f"with {trial.estimator.epochs} of 100000 epochs, for the time"


def test_each_candidate_says_how_it_ended(capsys):
    auto(candidates=[*TWO, ("broken", Broken(RuntimeError("no luck")))], n_candidates=None, verbose=1).fit(X, LABELS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("[AutoClassifier] constant completed, score -1.099, best -")
    assert "(linear), after" in lines[1]
    assert "broken failed (RuntimeError: no luck)" in lines[2]


def test_what_needs_too_much_memory_is_skipped():
    model = auto(candidates=TWO, memory_limit=1e-6).fit(X, LABELS)
    assert [trial.status for trial in model.trials_] == ["completed", "skipped"]
    assert "GB of memory_limit were left" in model.trials_[1].reason


def test_features_of_sequences_count_as_memory():
    sequences = np.random.default_rng(0).normal(size=(1500, 4, 1))
    convolutions = make_pipeline(RandomConvolutions(), RidgeCV())
    candidates = [("mean", DummyRegressor()), ("convolutions", convolutions)]
    model = AutoRegressor(time_limit=None, candidates=candidates, cv=3, memory_limit=1e-6)
    model.fit(sequences, sequences[:, 0, 0])
    assert "it needs about 0.081 GB" in model.trials_[1].reason  # four copies of 1000 x 2520 features in float64


@pytest.mark.parametrize("cv", [2, "last"])
def test_folds_or_candidates_side_by_side_give_the_same_models(cv):
    """In threads, which start at once; the tests of searches have processes."""
    settings = {"candidates": [*TWO, ("broken", Broken(RuntimeError("no luck")))], "n_candidates": None, "cv": cv}
    alone = auto(**settings).fit(X, LABELS)
    with parallel_config(backend="threading"):
        spread = auto(**settings, n_jobs=2).fit(X, LABELS)
    np.testing.assert_array_equal(spread.predict_proba(X), alone.predict_proba(X))
    assert [trial.status for trial in spread.trials_] == ["completed", "completed", "failed"]


# ---------------------------------------------------------------- a search around the best


def test_variants_of_the_best_follow():
    model = auto(n_candidates=2, cv=2).fit(X, LABELS)
    run = SimpleNamespace(done=list(model.trials_), clock=Clock(None), rows=SimpleNamespace(kind="table"))
    variants = list(itertools.islice(around_the_best(run, seed=1), 3))
    assert [variant.name for variant in variants] == [f"{run.done[1].name} {number}" for number in (1, 2, 3)]
    settings = [variant.estimator.get_params() for variant in variants]
    assert settings[0] != settings[1] != settings[2]
    again = list(itertools.islice(around_the_best(run, seed=1), 3))
    assert [variant.estimator.get_params() for variant in again] == settings


def test_variants_take_turns_with_the_last_candidates():
    assert list(with_variants(iter(range(10)), iter("abc"))) == [*range(8), 8, "a", 9, "b", "c"]
    assert list(with_variants(iter(range(3)), iter("a"))) == [0, 1, 2, "a"]


@pytest.mark.parametrize(
    "forest", [ExtraTreesClassifier(10), make_pipeline(StandardScaler(), ExtraTreesClassifier(10))]
)
def test_forests_have_variants(forest):
    model = auto(candidates=[("forest", forest)], n_candidates=None, cv=2).fit(X, LABELS)
    run = SimpleNamespace(done=list(model.trials_), clock=Clock(None), rows=SimpleNamespace(kind="table"))
    (variant,) = itertools.islice(around_the_best(run, seed=1), 1)
    assert variant.name == "forest 1"
    assert variant.estimator.get_params() != run.done[0].estimator.get_params()


def test_a_candidate_that_improves_nothing_is_stopped():
    rng = np.random.default_rng(0)
    many, y = rng.normal(size=(1000, 3)), rng.integers(2, size=1000)
    many[:, 0] += 2 * y
    candidates = [TWO[0], ("constant", DummyClassifier()), ("same", TWO[0][1]), ("tree", ExtraTreesClassifier(50))]
    statuses = {}
    for limit in (None, 100):
        model = AutoClassifier(candidates=candidates, cv=4, time_limit=limit, random_state=0).fit(many, y)
        statuses[limit] = [trial.status for trial in model.trials_]
    assert statuses[None] == ["completed"] * 4
    assert statuses[100][:3] == ["completed", "stopped", "stopped"]
    assert model.trials_[1].reason == "after 1 of 4 folds it did not improve the ensemble"
    assert np.isnan(model.trials_[1].score)


# ---------------------------------------------------------------- a directory


def test_a_fit_goes_on_where_it_was_interrupted(fitted, tmp_path):
    model = auto(directory=tmp_path, n_candidates=1).fit(X, LABELS)
    with pytest.raises(ValueError, match="Set resume=True"):
        model.fit(X, LABELS)
    model.set_params(resume=True, n_candidates=2).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    board = model.leaderboard()
    assert model.fit(X, LABELS).leaderboard().equals(board)  # nothing was fitted, so that the seconds are the same
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    with pytest.raises(ValueError, match="its X differs"):
        model.fit(X + 1, LABELS)
    with pytest.raises(ValueError, match="scoring"):
        model.set_params(scoring="accuracy").fit(X, LABELS)


def test_any_name_can_be_stored(tmp_path):
    model = auto(candidates=[("automl", DummyClassifier()), ("../é", TWO[0][1])], directory=tmp_path).fit(X, LABELS)
    board = model.leaderboard()
    assert model.set_params(resume=True).fit(X, LABELS).leaderboard().equals(board)


def test_a_damaged_file_is_found(tmp_path):
    model = auto(candidates=TWO, directory=tmp_path, random_state=None).fit(X, LABELS)
    (tmp_path / "candidate linear.skops").write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="linear was run again, because its files cannot be read"):
        model.set_params(resume=True).fit(X, LABELS)
    (tmp_path / "candidate linear.json").write_text("{}")
    with pytest.raises(ValueError, match=r"linear\.json is damaged"):
        model.fit(X, LABELS)


def test_a_full_disk_under_the_directory_ends_nothing(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))  # no file may be larger
    try:
        with pytest.warns(UserWarning, match="nothing was stored from linear on"):
            model = auto(candidates=TWO, directory=tmp_path).fit(X, LABELS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert model.score(X, LABELS) > 0.9


# ---------------------------------------------------------------- thresholds


def test_a_threshold_for_the_metric():
    rng = np.random.default_rng(0)
    rare = (SUGAR[:, 2] + rng.normal(0, 0.04, len(SUGAR)) > 0.09).astype(int)
    settings = {"candidates": [TWO[0]], "scoring": "f1", "cv": 4}
    plain, tuned = (auto(threshold=t, **settings).fit(SUGAR, rare) for t in (None, "scoring"))
    assert plain.threshold_ == 0.5
    assert tuned.score_ > plain.score_
    expected = tuned.predict_proba(SUGAR)[:, 1] >= tuned.threshold_
    np.testing.assert_array_equal(tuned.predict(SUGAR), expected)
    assert auto(threshold=0.1, **settings).fit(SUGAR, rare).predict(SUGAR).sum() > plain.predict(SUGAR).sum()


# ---------------------------------------------------------------- input that is hardly enough


@pytest.mark.parametrize("n_rows", [4, 10])
def test_few_rows(n_rows):
    rows = np.linspace(0, 99, n_rows).astype(int)
    model = auto().fit(X[rows], LABELS[rows])
    assert model.predict(X[rows]).shape == (n_rows,)
    assert AutoRegressor(time_limit=None, n_candidates=2).fit(X[rows], X[rows, 0]).predict(X).shape == (len(X),)


def test_one_column_and_many():
    assert auto().fit(X[:, 2:3], LABELS).score(X[:, 2:3], LABELS) > 0.8
    wide = np.random.default_rng(0).normal(size=(60, 2000))
    assert auto(n_candidates=1).fit(wide, LABELS[:120:2]).predict(wide).shape == (60,)


def test_a_column_without_any_value():
    empty = pd.DataFrame(X, columns=list("abcd")).assign(numbers=np.nan, names=None)
    model = auto(n_candidates=3, cv=2).fit(empty, LABELS)
    assert [trial.status for trial in model.trials_] == ["completed"] * 3
    assert model.score(empty, LABELS) > 0.9


def test_a_target_with_outliers():
    y = PROGRESS.copy()
    y[:2] = 1e12
    model = AutoRegressor(time_limit=None, n_candidates=3, cv=2, random_state=0).fit(SUGAR, y)
    assert np.isfinite(model.predict(SUGAR)).all()
    with pytest.raises(ValueError, match="divide y by a power of ten"):
        model.fit(SUGAR, y * 1e150)


def test_a_class_of_one_row_is_known_to_each_model():
    labels = np.array(["a", "b", "c"], dtype=object)[LABELS]
    labels[0] = "rare"
    with pytest.warns(UserWarning, match="Class 'rare' has 1 rows, fewer than the 8 folds"):
        model = auto().fit(X, labels)
    assert list(model.classes_) == ["a", "b", "c", "rare"]
    assert len(model.out_of_fold_["rows"]) == len(X) - 1
    assert model.notes_


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"candidates": []}, "pairs of a name and an estimator"),
        ({"candidates": [TWO[0], TWO[0]]}, "each name once"),
        ({"candidates": [("ridge", Ridge())]}, "'ridge' has no predict_proba"),
        ({"candidates": [LogisticRegression()]}, "pairs of a name and an estimator"),
        ({"candidates": [(1, LogisticRegression())]}, "pairs of a name and an estimator"),
        ({"candidates": [TWO[0], ("class", LogisticRegression)]}, "'class' is a class; give an object"),
        ({"scoring": "roc_auc"}, "multi_class"),
        ({"scoring": "no_metric"}, "no_metric"),
        ({"scoring": log_loss}, "make_scorer"),
        ({"scoring": "neg_log_loss", "cv": [(np.arange(100), np.arange(100, 150))]}, "cannot score the test rows"),
        ({"scoring": lambda model, X, y: np.nan}, "not a number, even for good predictions"),
        ({"time_limit": 0}, "time_limit"),
        ({"cv": 60}, "n_splits=60"),
        ({"cv": []}, "cv has no splits"),
        ({"cv": [(np.arange(150), [])]}, "split 0 has no test rows"),
        ({"cv": [(np.arange(100), np.arange(100, 160))]}, "test rows of split 0 must be numbers from 0 to 149"),
        ({"resume": True}, "needs the directory"),
        ({"threshold": 0.3}, "needs two classes, but y has 3"),
    ],
)
def test_what_cannot_work_fails_before_any_fit(parameters, message):
    settings = {"candidates": [("broken", Broken(AssertionError("nothing may be fitted")))], **parameters}
    with pytest.raises(ValueError, match=message):
        auto(**settings).fit(X, LABELS)


class Constant(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        raise AssertionError("nothing may be fitted")

    def predict(self, X):
        raise NotImplementedError


def test_masks_are_splits():
    train = np.arange(len(X)) % 3 > 0
    models = [auto(cv=[split], candidates=TWO[:1]).fit(X, LABELS) for split in ((train, ~train), _numbers(train))]
    assert models[0].score_ == models[1].score_


def _numbers(train):
    return np.flatnonzero(train), np.flatnonzero(~train)


@pytest.mark.parametrize("y", [["a"] * 442, np.full(442, np.nan), np.zeros(3), None])
def test_targets_that_cannot_be_used(y):
    with pytest.raises(ValueError, match=r"y |Input|numbers of samples|could not convert"):
        AutoRegressor(candidates=[("constant", Constant())]).fit(SUGAR, y)


# ---------------------------------------------------------------- after fit


def test_files_and_pickles(fitted, tmp_path):
    expected = fitted.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected)
    presets.save(fitted, tmp_path / "auto.skops")
    loaded = presets.load(tmp_path / "auto.skops", trusted=TREES)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.leaderboard().equals(fitted.leaderboard())


def test_inside_a_cross_validation():
    scores = cross_val_score(make_pipeline(StandardScaler(), auto(n_candidates=1)), X, LABELS, cv=2)
    assert scores.min() > 0.8


def test_the_leaderboard(fitted):
    board = fitted.leaderboard()
    assert board["candidate"].iloc[0] == "ensemble"
    assert board["score"].iloc[1:].is_monotonic_decreasing
    assert board["weight"].iloc[1:].sum() == pytest.approx(1)
    assert (board["predict_seconds"] > 0).all()
    assert (board["megabytes"] > 0).all()


def test_models_without_weight_are_not_kept(fitted):
    for trial in fitted.trials_:
        assert bool(trial.models) == bool(trial.weight)


def test_refit_on_all_rows_gives_one_model_for_each_candidate():
    model = AutoRegressor(time_limit=None, candidates=[("ridge", Ridge()), ("mean", DummyRegressor())]).fit(
        SUGAR, PROGRESS
    )
    full = model.refit_full(SUGAR, PROGRESS)
    np.testing.assert_allclose(full.predict(SUGAR), Ridge().fit(SUGAR, PROGRESS).predict(SUGAR))
    assert len(model.trials_[0].models) == model.n_splits_  # the bag is as it was
    of_bag, of_full = (auto.leaderboard().iloc[1] for auto in (model, full))
    assert of_full["predict_seconds"] == pytest.approx(of_bag["predict_seconds"] / model.n_splits_)
    assert of_full["megabytes"] < of_bag["megabytes"]


def test_a_refit_needs_data_like_those_of_the_fit(fitted):
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.refit_full(X[:, :2], LABELS)
    with pytest.raises(ValueError, match=r"classes \[1, 2, 3\], but those of fit were \[0, 1, 2\]"):
        fitted.refit_full(X, LABELS + 1)
    with pytest.raises(ValueError, match="Negative values"):
        fitted.refit_full(X, LABELS, sample_weight=-np.ones(len(X)))


def test_a_single_network_has_a_model():
    network = DNNClassifier(hidden_layer_sizes=(8,), epochs=3, random_state=0)
    bag = auto(candidates=[("network", network)], cv=2, calibrate=False).fit(X, LABELS)
    with pytest.raises(AttributeError, match="has 2 models"):
        bag.model_.summary()
    full = bag.refit_full(X, LABELS)
    np.testing.assert_allclose(full.model_.predict(X.astype("float32")), full.predict_proba(X), atol=1e-5)


def test_a_network_learns_what_the_ensemble_predicts():
    model = auto(n_candidates=1).fit(X, LABELS)
    network = model.distill(X, LABELS)
    assert (network.predict(X) == LABELS).mean() > 0.9
    assert set(model.distillation_) == {"network", "ensemble"}
    assert model.distillation_["network"] > -0.5
    with pytest.raises(ValueError, match="the same rows in the same order"):
        model.distill(X, LABELS[::-1])


@pytest.mark.parametrize("calibrate", [True, "auto"])
def test_calibration_improves_the_log_loss_out_of_fold_and_no_label_changes(calibrate):
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(len(LABELS)) < 0.3, rng.integers(3, size=len(LABELS)), LABELS)
    given = {"candidates": [("tree", _tree().set_params(min_samples_leaf=3))], "cv": 5}
    plain, model = (auto(calibrate=of, **given).fit(X, noisy) for of in (False, calibrate))
    assert plain.temperature_ == plain.trials_[0].temperature == 1
    assert model.trials_[0].temperature != 1
    assert model.score_ >= model.trials_[0].score > plain.score_ + 0.01
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
