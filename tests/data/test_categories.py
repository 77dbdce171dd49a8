"""What the data check says of columns of frames: leaks, ids, empty columns, new levels, rows that nearly repeat."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from presets import DNNClassifier, DNNRegressor, check_data, diagnose

N = 120
RNG = np.random.default_rng(0)
NUMBERS = pd.DataFrame(RNG.normal(size=(N, 5)), columns=list("abcde"))
LABELS = np.arange(N) % 2
QUICK = {"hidden_layer_sizes": (4,), "epochs": 1, "random_state": 0}


def found(report, code):
    [finding] = [finding for finding in report if finding.code == code]
    return finding


@pytest.mark.parametrize("y", [LABELS, np.where(LABELS, "yes", "no"), LABELS * 2.5])
def test_a_category_whose_levels_each_have_one_class_leaks(y):
    branch = np.where(LABELS, RNG.choice(["a", "b", "c"], N), RNG.choice(["d", "e"], N))
    finding = found(check_data(NUMBERS.assign(branch=branch), y), "leaked_target")
    assert finding.columns == ("branch",)
    assert finding.severity == "warning"
    mixed = np.where(np.arange(N) == 7, "d" if LABELS[7] else "a", branch)
    assert "leaked_target" not in check_data(NUMBERS.assign(branch=mixed), y).codes


def test_levels_of_few_rows_are_no_leak():
    keys = [f"key {i // 2}" for i in range(N)]
    assert "leaked_target" not in check_data(NUMBERS.assign(key=keys), LABELS[np.arange(N) // 2]).codes


@pytest.mark.parametrize("frame", [NUMBERS, NUMBERS.assign(colour=["red", "green"] * 60)])
def test_numbers_of_rows_and_ids_are_named(frame):
    for ids in (np.arange(N), RNG.permutation(N) + 5000, RNG.permutation(2 * N)[:N].astype(float)):
        finding = found(check_data(frame.assign(key=ids), LABELS), "number_ids")
        assert finding.columns == ("key",)
        assert finding.severity == "note"
    for numbers in (np.arange(N) // 2, np.arange(N) / 2, np.arange(N) * 100, NUMBERS.a):
        assert "number_ids" not in check_data(frame.assign(key=numbers), LABELS).codes


def test_numbers_of_rows_in_an_array():
    X = np.column_stack([NUMBERS, np.arange(N)])
    assert found(check_data(X, LABELS), "number_ids").columns == (5,)


def test_columns_without_values_are_told_in_the_check_and_in_a_fit():
    frame = NUMBERS.assign(nothing=None, none=np.nan, c=["x", "y", "z"] * 40)
    assert found(check_data(frame, LABELS), "empty_columns").columns == ("nothing", "none")
    with pytest.warns(UserWarning, match="Columns 'nothing', 'none' have no value in 120 rows"):
        model = DNNClassifier(**QUICK).fit(frame, LABELS)
    assert "empty_columns" in diagnose(model).codes
    with pytest.warns(UserWarning, match="Column 1 has no value"):
        DNNRegressor(**QUICK).fit(np.where([False, True], np.nan, NUMBERS[["a", "b"]]), LABELS)


def test_levels_that_only_validation_has():
    frame = NUMBERS.assign(city=["x", "y", "z"] * 40)
    other = frame.head(20).assign(city=["new", "x"] * 10)
    model = DNNClassifier(**QUICK).fit(frame, LABELS, X_val=other, y_val=LABELS[:20])
    finding = found(diagnose(model), "new_levels")
    assert finding.columns == ("city",)
    assert finding.figure == 0.5
    assert "new_levels" not in DNNClassifier(**QUICK).fit(frame, LABELS).health_.data.codes
    gone = frame.assign(city=pd.Categorical(frame.city, categories=["x", "y", "z", "unused"]))
    same = DNNClassifier(**QUICK).fit(gone, LABELS, X_val=gone.assign(city=None), y_val=LABELS)
    assert "new_levels" not in same.health_.data.codes


def test_a_fit_tells_what_the_check_tells_of_columns():
    branch = np.where(LABELS, RNG.choice(["a", "b", "c"], N), RNG.choice(["d", "e"], N))
    gaps = np.where((LABELS == 1) & (RNG.random(N) < 0.7), np.nan, NUMBERS.b)
    frame = NUMBERS.assign(branch=branch, b=gaps, key=np.arange(N))
    model = DNNClassifier(**QUICK).fit(frame, np.where(LABELS, "yes", "no"))
    assert {"leaked_target", "telling_gaps", "number_ids"} <= set(diagnose(model).codes)
    assert found(diagnose(model), "leaked_target").columns == ("branch",)


def test_rows_that_nearly_repeat():
    noisy = pd.concat([NUMBERS, NUMBERS.head(40) + 1e-6], ignore_index=True)
    finding = found(check_data(noisy, np.r_[LABELS, LABELS[:40]]), "near_duplicate_rows")
    assert "40 of 160 rows (25.0%) repeat another row nearly exactly" in finding.what
    with_ids = pd.concat([NUMBERS, NUMBERS.head(40)], ignore_index=True).assign(key=[f"K{i}" for i in range(160)])
    finding = found(check_data(with_ids, np.r_[LABELS, LABELS[:40]]), "near_duplicate_rows")
    assert "40 of 160 rows (25.0%) repeat another row except for ids" in finding.what
    numbered = with_ids.assign(key=range(160))
    assert "near_duplicate_rows" in check_data(numbered, np.r_[LABELS, LABELS[:40]]).codes


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes, load_wine])
def test_healthy_frames_raise_no_alarm(load):
    X, y = load(as_frame=True, return_X_y=True)
    assert not {"near_duplicate_rows", "number_ids", "leaked_target"} & set(check_data(X, y).codes)
    few = NUMBERS[["a"]].round(1).assign(colour=["red", "green"] * 60)
    assert "near_duplicate_rows" not in check_data(few, RNG.permutation(LABELS)).codes
