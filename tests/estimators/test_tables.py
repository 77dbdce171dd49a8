"""Tables as they come: categories, gaps and dates in every estimator that takes tables."""

import datetime
import decimal
import pickle
import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimator_list import FAMILIES, LABELS, X, outputs, quick, small_network, target
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import presets
from presets import (
    DNNClassifier,
    DNNRegressor,
    EnsembleClassifier,
    KerasClassifier,
    KerasRegressor,
    clear_programs,
    repeated_runs,
)
from presets.training.pool import POOL

TAKES_TABLES = [DNNClassifier, DNNRegressor, KerasClassifier, KerasRegressor]
takes_tables = pytest.mark.parametrize("estimator", TAKES_TABLES)

N = 200
_RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "length": np.where(_RNG.random(N) < 0.1, np.nan, _RNG.normal(size=N)),
        "is_new": _RNG.random(N) < 0.5,
        "colour": _RNG.choice(["red", "green", None], N),
        "city": pd.Categorical(_RNG.choice([f"city {i}" for i in range(12)], N)),
        "when": pd.date_range("2024-01-01", periods=N, freq="7h"),
    }
)
NEW = FRAME.head(6).assign(city=["elsewhere", None] * 3, length=np.nan, colour="blue", when=pd.NaT)
EFFECT = {f"city {i}": 2.0 * (-1) ** i for i in range(12)}
Y_VALUES = FRAME.city.map(EFFECT).astype(float).to_numpy() + FRAME.is_new
Y_LABELS = np.where(Y_VALUES > 0.5, "high", "low")


def y_of(estimator):
    return Y_LABELS if issubclass(estimator, DNNClassifier | KerasClassifier) else Y_VALUES


@pytest.fixture(scope="module")
def fitted():
    return {estimator: quick(estimator, epochs=30).fit(FRAME, y_of(estimator)) for estimator in TAKES_TABLES}


def test_only_the_families_for_tables_take_them():
    families = [family.classifier for family in FAMILIES if family.classifier().__sklearn_tags__().input_tags.allow_nan]
    assert families == [DNNClassifier, KerasClassifier]


@takes_tables
def test_a_frame_is_learnt_as_it_is(estimator, fitted):
    assert fitted[estimator].score(FRAME, y_of(estimator)) > 0.8
    assert np.isfinite(np.asarray(outputs(fitted[estimator], NEW), dtype=float)).all()


@takes_tables
def test_polars_gives_the_numbers_of_pandas(estimator, fitted):
    columns = {name: FRAME[name].astype(object).where(FRAME[name].notna(), None).tolist() for name in FRAME}
    model = quick(estimator, epochs=30).fit(pl.DataFrame(columns), y_of(estimator))
    np.testing.assert_array_equal(outputs(model, FRAME), outputs(fitted[estimator], FRAME))


@takes_tables
@pytest.mark.parametrize("kind", ["array", "frame", "objects"])
def test_numbers_without_gaps_are_encoded_as_ever(estimator, kind):
    rows = {"array": X, "frame": pd.DataFrame(X, columns=list("abcd")), "objects": X.astype(object)}[kind]
    model, plain = quick(estimator).fit(rows, target(estimator)), quick(estimator).fit(X * 1.0, target(estimator))
    np.testing.assert_array_equal(outputs(model, rows), outputs(plain, X))
    assert len(model.input_names_) == X.shape[1]
    assert model._fitted.recipe.network.input_shape == (X.shape[1],)


@takes_tables
@pytest.mark.parametrize("standardize", [True, False])
def test_a_gap_that_training_had_not_is_the_mean(estimator, standardize):
    model = quick(estimator, standardize=standardize, validation_fraction=0).fit(X * 1.0, target(estimator))
    gaps, means = X[:3] * 1.0, X[:3] * 1.0
    gaps[:, 1], means[:, 1] = np.nan, X[:, 1].mean()
    np.testing.assert_allclose(outputs(model, gaps), outputs(model, means), rtol=1e-4)


def test_gaps_in_arrays_get_columns_of_their_own():
    gaps = np.where(np.arange(400).reshape(100, 4) % 7 == 0, np.nan, X)
    model = quick(DNNClassifier).fit(gaps, LABELS)
    assert model.input_names_ == [*"0123", *(f"{i} is missing" for i in range(4))]
    with pytest.raises(ValueError, match=r"infinity.*columns: 2"):
        model.predict(np.where(np.arange(4) == 2, np.inf, X))


def test_columns_of_one_category_are_named_by_scikit_learn(fitted):
    model = fitted[DNNClassifier]
    assert model.feature_names_in_.tolist() == FRAME.columns.tolist()
    assert model.input_names_[:2] == ["length", "is_new"]
    assert [name for name in model.input_names_ if name.startswith("city")] == [f"city[{i}]" for i in range(8)]
    with pytest.raises(ValueError, match="same order"):
        model.predict(FRAME[FRAME.columns[::-1]])
    with pytest.raises(ValueError, match="now missing"):
        model.predict(FRAME.drop(columns="city"))


@takes_tables
def test_embeddings_can_be_looked_at(estimator, fitted):
    embedding = fitted[estimator].embeddings_["city"]
    assert sorted(embedding.levels[1:]) == sorted(EFFECT)
    assert embedding.vectors.shape == (13, 8)
    assert not np.array_equal(embedding.vectors[0], embedding.vectors[1])
    assert quick(estimator).fit(X, target(estimator)).embeddings_ == {}


def test_training_reaches_the_row_of_unknown_levels():
    start = quick(DNNRegressor, epochs=1, learning_rate=1e-9).fit(FRAME, Y_VALUES).embeddings_["city"].vectors[0]
    end = quick(DNNRegressor, epochs=30, restore_best_weights=False).fit(FRAME, Y_VALUES).embeddings_["city"].vectors[0]
    assert np.abs(end - start).max() > 1e-4


def test_the_network_of_the_user_is_behind_the_embeddings(fitted):
    shapes = []

    def network(input_shape, n_outputs):
        shapes.append(input_shape)
        return small_network(input_shape, n_outputs)

    model = quick(KerasRegressor, network=network, init="auto").fit(FRAME, Y_VALUES)
    assert shapes[0] == (len(model.input_names_),)
    assert len(model.health_.signal.outputs) == len(model.health_.signal.gradients) == 2
    assert len(model.health_.dead_units) == 1


@takes_tables
def test_folds_with_other_levels_share_a_program(estimator):
    clear_programs()
    y = y_of(estimator)
    rare = FRAME.assign(city=FRAME.city.astype(str).mask(np.arange(N) < 10, "nowhere"))  # in one fold alone
    model = quick(estimator, epochs=2).fit(rare, y)
    model.predict(rare)
    programs = list(POOL._idle)
    n_traces = [program.n_traces for program in programs]
    cross_val_score(model, rare, y, cv=2)  # where dates vary in other parts
    GridSearchCV(model, {"learning_rate": [0.1, 0.01]}, cv=4).fit(rare, y)
    assert list(POOL._idle) == programs
    assert [program.n_traces for program in programs] == n_traces


@takes_tables
def test_the_complete_model_takes_raw_columns(estimator, fitted, tmp_path):
    model = fitted[estimator]
    rows = pd.concat([FRAME.head(20), NEW])
    inputs = {name: keras.ops.convert_to_tensor(values) for name, values in model.model_inputs(rows).items()}
    model.model_.save(tmp_path / "complete.keras")
    loaded = keras.saving.load_model(tmp_path / "complete.keras")
    raw = keras.ops.convert_to_numpy(loaded(inputs))[:, -1]
    expected = outputs(model, rows)
    np.testing.assert_allclose(raw, expected[:, -1] if expected.ndim == 2 else expected, atol=2e-3)
    assert not [layer for layer in loaded._flatten_layers() if type(layer).__module__.startswith("presets")]


def test_the_complete_model_refuses_what_it_cannot_tell_apart():
    frame = FRAME.assign(colour=np.where(np.arange(N) % 5, FRAME.colour, ""))
    with pytest.raises(ValueError, match="'colour' has both"):
        _ = quick(DNNRegressor).fit(frame, Y_VALUES).model_
    with pytest.raises(ValueError, match=r"a/b.*rename"):
        _ = quick(DNNRegressor).fit(FRAME.rename(columns={"colour": "a/b"}), Y_VALUES).model_


@takes_tables
def test_kept_and_sent_and_gone_on_with(estimator, fitted, tmp_path):
    model, y = fitted[estimator], y_of(estimator)
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(model)), NEW), outputs(model, NEW))
    if estimator is DNNRegressor:
        presets.save(model, tmp_path / "model.skops")
        np.testing.assert_array_equal(outputs(presets.load(tmp_path / "model.skops"), NEW), outputs(model, NEW))
    again = quick(estimator, warm_start=True).fit(FRAME, y, sample_weight=np.arange(N) % 3, X_val=NEW, y_val=y[:6])
    again.fit(FRAME.head(50), y[:50])
    parts = quick(estimator).partial_fit(FRAME, y)
    parts.partial_fit(FRAME.head(50), y[:50])
    assert parts.n_epochs_ == 2


def test_what_is_around_an_estimator_takes_frames():
    model = quick(DNNClassifier)
    assert EnsembleClassifier(model, n_members=2, random_state=0).fit(FRAME, Y_LABELS).predict_proba(NEW).shape == (
        6,
        2,
    )
    assert len(repeated_runs(model, FRAME, Y_LABELS, n_repeats=2, cv=2).scores) > 0
    assert len(cross_val_score(model, FRAME, Y_LABELS, cv=2, error_score="raise")) == 2


def test_importance_is_that_of_the_columns_of_the_frame(fitted):
    result = permutation_importance(fitted[DNNRegressor], FRAME, Y_VALUES, n_repeats=2, random_state=0)
    assert result.importances_mean.argmax() == FRAME.columns.get_loc("city")


def test_one_column_of_categories_and_one_that_says_nothing():
    model = quick(DNNRegressor).fit(FRAME[["city"]], Y_VALUES)
    assert model.predict(NEW[["city"]]).shape == (6,)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # equal rows
        assert quick(DNNRegressor).fit(pd.DataFrame({"a": ["x"] * N, "b": None}), Y_VALUES).predict(
            pd.DataFrame({"a": ["y"], "b": [2.0]})
        ).shape == (1,)


def test_strings_that_look_like_something_else_are_named_once():
    frame = FRAME.assign(key=[f"K{i}" for i in range(N)])
    with pytest.warns(UserWarning, match="'key' is treated as a category, but looks like ids") as caught:
        model = quick(DNNClassifier).fit(frame, Y_LABELS)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "id_strings" in model.health_.data.codes


def test_a_leak_through_a_category_and_one_through_gaps_are_found():
    leaks = FRAME.assign(city=Y_LABELS, length=np.where(Y_LABELS == "low", np.nan, FRAME.length.fillna(0)))
    findings = quick(DNNClassifier).fit(leaks, Y_LABELS).health_.data
    what = next(finding.what for finding in findings if finding.code == "leaked_target")
    assert "'city'" in what
    assert "'length is missing'" in what


def test_inputs_of_several_columns_take_numbers_alone():
    inputs = {"a": ["length"], "b": ["city"]}
    with pytest.raises(ValueError, match="inputs needs columns of numbers"):
        quick(KerasClassifier, inputs=inputs).fit(FRAME, Y_LABELS)


def test_two_lines_of_skrub():
    skrub = pytest.importorskip("skrub")
    pipeline = skrub.tabular_pipeline(quick(DNNClassifier))
    assert "simpleimputer" not in pipeline.named_steps
    assert pipeline.fit(FRAME, Y_LABELS).score(FRAME, Y_LABELS) > 0.4


# ---------------------------------------------------------------- any input

TAKEN = {
    "mixed types": ["a", 1, 2.5, None],
    "decimals": [decimal.Decimal("1.5"), decimal.Decimal(2), None, decimal.Decimal(3)],
    "time spans": [datetime.timedelta(hours=1), None, datetime.timedelta(2), datetime.timedelta(3)],
    "nothing": [None] * 4,
    'a level "nan"': ["nan", "a", None, "b"],
    "empty strings": ["", "a", "b", ""],
    "ordered": pd.Categorical(["low", "high", "low", None], categories=["low", "high", "never"], ordered=True),
    "unordered": pd.Categorical(["low", "high", "low", None], categories=["never", "high", "low"]),
    "categories of numbers": pd.Categorical([3, 1, 2, 1]),
    "sparse numbers": pd.arrays.SparseArray([0.0, 0.0, 1.0, 2.0]),
    "numbers as strings": ["1", "2", "3", "1"],
    "booleans with gaps": [True, None, False, True],
    "large integers": [2**63, 2**63 + 2**20, 2**63, 2**62],
    "ends of time": [datetime.datetime(1, 1, 1), datetime.datetime(9999, 1, 1), None, datetime.datetime(2024, 1, 1)],
}


def test_every_kind_of_column_that_is_taken():
    rows = np.tile(np.arange(4), N // 4)
    frame = pd.DataFrame({kind: pd.Series(values).iloc[rows].reset_index(drop=True) for kind, values in TAKEN.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # equal rows, and a column without a value
        model = quick(DNNRegressor, epochs=1).fit(frame, Y_VALUES)
    assert np.isfinite(model.predict(frame.head(8))).all()
    known = {name.partition("=")[0].partition(" (")[0].partition(" is missing")[0] for name in model.input_names_}
    assert known - {"(unused)", ""} == set(TAKEN) - {"nothing"}


def test_columns_of_one_name_and_names_of_several_levels():
    frame = FRAME[["length", "colour"]]
    for names in (["x", "x"], pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), [0, 1]):
        named = frame.set_axis(names, axis=1)
        assert quick(DNNRegressor, epochs=1).fit(named, Y_VALUES).predict(named.head(3)).shape == (3,)


# ---------------------------------------------------------------- bad input

REFUSED = {
    "bytes": (b"a", TypeError, "'it' contains bytes"),
    "lists": ([1, 2], TypeError, "'it' contains list"),
    "complex": (1j, (TypeError, ValueError), "'it'"),
    "infinity": (np.inf, ValueError, "'it'"),
    "a number too large": (10**400, ValueError, "'it' contains a number that no float can hold"),
}


@takes_tables
@pytest.mark.parametrize("kind", REFUSED)
def test_columns_that_no_network_takes_are_named(estimator, kind):
    value, error, message = REFUSED[kind]
    column = pd.Series([value] * N, dtype=complex if kind == "complex" else object if kind != "infinity" else None)
    with pytest.raises(error, match=message):
        quick(estimator).fit(FRAME.assign(it=column), y_of(estimator))


@takes_tables
def test_a_column_that_changes_its_kind_is_named(estimator, fitted):
    with pytest.raises(TypeError, match="'length' had numbers in fit, but has strings"):
        fitted[estimator].predict(FRAME.assign(length="long"))
    y = y_of(estimator)
    with pytest.raises(TypeError, match="In X_val, y_val: Column 'length'"):
        quick(estimator).fit(FRAME, y, X_val=FRAME.assign(length="long"), y_val=y)


def test_y_of_a_categorical_type_and_with_gaps():
    y = pd.Series(pd.Categorical(Y_LABELS))
    assert quick(DNNClassifier).fit(FRAME, y).classes_.tolist() == ["high", "low"]
    with pytest.raises(ValueError, match="y contains NaN or None in row 3"):
        quick(DNNClassifier).fit(FRAME, y.where(np.arange(N) != 3, None))


def test_presets_and_pipelines_take_frames():
    for name in DNNClassifier.list_presets():
        model = DNNClassifier.from_preset(name, hidden_layer_sizes=(8,), epochs=2, random_state=0)
        assert make_pipeline(model).fit(FRAME, Y_LABELS).predict(NEW).shape == (6,)


@takes_tables
def test_values_that_are_unused(estimator):
    unused = FRAME.assign(city=FRAME.city.cat.add_categories(["nowhere"]))
    np.testing.assert_array_equal(
        outputs(quick(estimator).fit(unused, y_of(estimator)), NEW),
        outputs(quick(estimator).fit(FRAME, y_of(estimator)), NEW),
    )
