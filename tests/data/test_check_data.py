"""The data check (A1): every fault planted, every healthy set left alone, and the figures in the text."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import check_data, likely_wrong_labels
from presets.data.faults import sample_rows
from presets.data.report import Finding, Report

RNG = np.random.default_rng(0)
DIGITS = load_digits(return_X_y=True)
IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


def found(report, code):
    [finding] = [finding for finding in report if finding.code == code]
    return finding


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes])
def test_healthy_sets_raise_no_alarm(load):
    report = check_data(*load(return_X_y=True))
    assert report.alarms == ()
    assert set(report.codes) <= {"constant_columns", "conflicting_labels", "duplicate_rows"}


def test_few_rows_per_class():
    X, y = DIGITS
    rows = np.concatenate([np.flatnonzero(y == digit)[:5] for digit in range(10)])
    finding = found(check_data(X[rows], y[rows]), "few_rows_per_class")
    assert finding.figure == 5
    assert "10 of 10 classes have fewer than 10 rows; 0 has 5" in finding.what


def test_few_rows():
    finding = check_data(DIABETES[0][:30], DIABETES[1][:30])[0]
    assert (finding.code, finding.figure) == ("few_rows", 30)
    assert "There are 30 rows, fewer than 50" in finding.what


@pytest.mark.parametrize("kind", [str, object])
def test_imbalance(kind):
    y = np.array(["rare"] * 12 + ["common"] * 240, dtype=kind)
    finding = found(check_data(RNG.normal(size=(252, 3)), y), "imbalance")
    assert finding.figure == 20
    assert "'common' has 240 rows, 20 times as many as class 'rare' with 12" in finding.what
    assert finding.parameter == "class_weight"


def test_equal_rows_with_other_labels():
    X, y = DIGITS
    X, y = np.r_[X[:600], X[:300]], np.r_[y[:600], (y[:300] + 1) % 10]
    finding = check_data(X, y)[0]
    assert (finding.code, finding.severity) == ("conflicting_labels", "serious")
    assert finding.figure == pytest.approx(300 / 900)
    assert "300 of 900 rows repeat another" in finding.what
    assert "no model can predict more than 66.7% of the labels correctly" in finding.what


def test_equal_rows_with_other_values():
    X = np.repeat(np.arange(50.0), 2)[:, None]
    y = X[:, 0] + np.tile([1.0, -1.0], 50)
    finding = found(check_data(X, y), "conflicting_labels")
    assert finding.figure == pytest.approx(1 / y.var())
    assert f"more than {1 - 1 / y.var():.1%} of the variance" in finding.what
    assert finding.severity == "note"


def test_repeated_rows():
    X, y = IRIS
    finding = found(check_data(np.r_[X, X[:50]], np.r_[y, y[:50]]), "duplicate_rows")
    assert finding.severity == "note"
    assert "51 of 200 rows (25.5%)" in finding.what


def test_signed_zeros_are_equal():
    X = np.repeat([[0.0], [-0.0]], 40, axis=0)
    assert "conflicting_labels" in check_data(X, np.repeat([0, 1], 40)).codes


def test_constant_columns_are_a_note():
    finding = found(check_data(*DIGITS), "constant_columns")
    assert finding.severity == "note"
    assert "3 of 64 columns are constant: 0, 32, 39" in finding.what


@pytest.mark.parametrize("container", [np.array, pd.DataFrame, sparse.csr_matrix, sparse.csc_array])
def test_columns_that_no_network_takes(container):
    X = RNG.normal(size=(80, 3))
    X[5, 1] = np.inf
    finding = check_data(container(X), np.arange(80) % 2)[0]
    assert (finding.code, finding.severity) == ("unusable_columns", "serious")
    assert "1 of 3 columns have infinite values, or values that no network can use: 1" in finding.what


def test_a_category_that_tells_the_classes_is_named():
    frame = pd.DataFrame({"size": np.random.default_rng(1).normal(size=80), "colour": ["red", "green"] * 40})
    report = check_data(frame, np.arange(80) % 2)
    assert report.codes == ["leaked_target"]
    assert "'colour'" in report[0].what


def test_columns_beside_categories_are_named():
    frame = pd.DataFrame(
        {
            "size": np.where(np.arange(400) < 2, np.inf, 1.0),
            "days": [b"a"] * 400,
            "constant": "x",
            "key": [f"K{i}" for i in range(400)],
            "gaps": np.where(np.arange(400) % 4 == 0, np.nan, np.random.default_rng(1).normal(size=400)),
        }
    )
    report = check_data(
        frame, np.where(np.random.default_rng(1).random(400) < 0.1, 0, np.arange(400) % 4 == 0).astype(int)
    )
    what = {finding.code: finding.what for finding in report}
    assert "2 of 5 columns" in what["unusable_columns"]
    assert "'key' is treated as a category, but looks like ids" in what["id_strings"]
    assert "In 1 columns" in what["telling_gaps"]
    assert "most for column 'gaps'" in what["telling_gaps"]
    assert "'constant'" in what["constant_columns"]


def test_gaps_are_no_fault():
    X = np.random.default_rng(1).normal(size=(400, 6))
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    for rows in (X, pd.DataFrame(X)):
        assert check_data(rows, np.arange(400) % 2).codes == []
        assert check_data(rows, np.random.default_rng(1).normal(size=400)).codes == []


def test_missing_targets():
    report = check_data(np.zeros((60, 2)), np.r_[np.nan, np.ones(58), np.nan])
    assert report.codes == ["missing_targets"]
    assert "missing in 2 of 60 rows, first in row 0" in report[0].what


def test_unscaled_columns():
    X, y = load_wine(return_X_y=True)
    assert check_data(X, y).alarms == ()
    finding = check_data(X, y, standardize=False)[0]
    assert (finding.code, finding.severity, finding.parameter) == ("unscaled", "serious", "standardize")
    size = np.sqrt(np.mean(X[:, 12] ** 2))
    assert finding.figure == pytest.approx(size)
    assert f"column 12 has a root mean square of {size:.3g}" in finding.what
    assert check_data(StandardScaler().fit_transform(X), y, standardize=False).alarms == ()


@pytest.mark.parametrize("constant", [0.0, 3.5])
def test_constant_target(constant):
    finding = check_data(DIABETES[0], np.full(442, constant), classification=False)[0]
    assert (finding.code, finding.severity) == ("constant_target", "serious")
    assert f"y is {constant:g} in all 442 rows" in finding.what


def test_one_constant_column_of_several_targets():
    y = np.stack([DIABETES[1] + 0.5, np.full(442, 2.0)], axis=1)
    finding = check_data(DIABETES[0], y)[0]
    assert (finding.code, finding.severity) == ("constant_target", "warning")
    assert "Column 1 of y is 2" in finding.what


@pytest.mark.parametrize("data", [DIGITS, DIABETES])
def test_leaked_target(data):
    X, y = data
    finding = check_data(np.c_[X, 3 * y - 2], y)[0]
    assert finding.code == "leaked_target"
    assert f"Column {X.shape[1]} of X determines y exactly" in finding.what


def test_planted_wrong_labels_are_found():
    X, y = DIGITS
    wrong = RNG.choice(len(y), 150, replace=False)
    noisy = y.copy()
    noisy[wrong] = (y[wrong] + RNG.integers(1, 10, len(wrong))) % 10
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    rows = likely_wrong_labels(classifier, X, noisy, cv=3)
    assert len(np.intersect1d(rows[:100], wrong)) >= 90
    assert len(np.intersect1d(rows, wrong)) >= 0.7 * len(wrong)
    finding = found(check_data(X, noisy, classifier=classifier, cv=3), "likely_wrong_labels")
    assert finding.severity == "warning"
    assert f"contradicts {len(rows)} of 1797 labels ({len(rows) / 1797:.1%})" in finding.what
    assert finding.figure == len(rows) / 1797


@pytest.mark.parametrize("data", [IRIS, load_wine(return_X_y=True), load_breast_cancer(return_X_y=True), DIGITS])
def test_right_labels_are_believed(data):
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    assert check_data(*data, classifier=classifier, cv=3).alarms == ()


@pytest.mark.parametrize(
    "y",
    [DIABETES[1], DIABETES[1].astype(int), np.stack([DIABETES[1], DIABETES[1] ** 2], axis=1)],
    ids=["floats", "whole numbers", "two columns"],
)
def test_values_are_not_taken_for_classes(y):
    assert check_data(DIABETES[0], y).codes == []


def test_sequences_and_images():
    labels = np.arange(60) % 2
    sequences = [RNG.normal(size=(length, 2)) for length in RNG.integers(3, 9, 60)]
    assert check_data(sequences, labels).codes == []
    sequences[1] = sequences[0]
    assert check_data(sequences, labels).codes == ["conflicting_labels"]
    assert check_data(RNG.integers(256, size=(60, 8, 8, 3), dtype=np.uint8), labels).codes == []


def test_indicators():
    assert check_data(RNG.normal(size=(60, 3)), RNG.integers(2, size=(60, 4))).codes == []


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent"):
        check_data(np.zeros((3, 2)), [0, 1])


def test_sampled_rows_are_spread():
    np.testing.assert_array_equal(sample_rows(np.arange(10, 20), 3, 100), np.arange(10, 20))
    np.testing.assert_array_equal(sample_rows(np.arange(10, 20), 3, 15), [10, 12, 14, 16, 18])


# ---------------------------------------------------------------- the report

FINDINGS = [
    Finding("b", "note", "7 rows.", "Look.", "A1", figure=7.0),
    Finding("a", "serious", "3 < 5 & 2 columns.", "Drop them.", "A2", parameter="standardize"),
    Finding("c", "serious", "Later.", "Wait.", "A3"),
]


def test_report_puts_the_gravest_first_and_keeps_the_order():
    report = Report("Title", FINDINGS)
    assert report.codes == ["a", "c", "b"]
    assert [finding.code for finding in report.alarms] == ["a", "c"]
    assert len(report) == 3
    assert report[-1].figure == 7


def test_report_prints():
    text = str(Report("Title", FINDINGS))
    assert text.startswith("Title\n=====\n1. [serious] a (A2)\n   3 < 5 & 2 columns.\n   -> Drop them.\n2. ")
    assert "Nothing found." in str(Report("Title", []))


def test_report_in_a_notebook():
    html = Report("Title <1>", FINDINGS)._repr_html_()
    assert "Title &lt;1&gt;" in html
    assert "3 &lt; 5 &amp; 2 columns." in html
    assert html.count("<tr>") == 4
    assert "Nothing found." in Report("Title", [])._repr_html_()


# ---------------------------------------------------------------- frames, and what was not compared

OTHER = np.random.default_rng(1)
WORDS = ["x", "y", "z"] * 40
NUMBERS = [1.0, 2.0, 3.0] * 40


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_with_columns_of_bytes(make):
    some = [str(word).encode() for word in WORDS]
    report = check_data(make({"number": NUMBERS, "some": some}), [0, 1, 1] * 40)
    assert "'some'" in found(report, "unusable_columns").what
    report = check_data(make({"some": some}), [0, 1, 1] * 40)
    assert found(report, "unusable_columns").figure == 1


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_no_claim_about_columns_that_were_not_compared(make):
    """Rows that differ in a column of words only may have different labels."""
    columns = {"number": NUMBERS, "word": [str(number) for number in range(120)]}
    for y in (OTHER.integers(0, 2, 120), OTHER.normal(size=120)):
        assert not {"conflicting_labels", "duplicate_rows"} & set(check_data(make(columns), y).codes)
        assert "conflicting_labels" in check_data(make({"number": NUMBERS}), y).codes


def test_a_small_limit_is_less_than_all():
    X, y = np.arange(3000.0)[:, None], np.sin(np.arange(3000.0))
    X[1] = X[0]
    y[:2] = 0.0, 2.0
    what = found(check_data(X, y), "conflicting_labels").what
    assert "99.9" in what
    assert "100.0%" not in what


# ---------------------------------------------------------------- layout of arrays

LABELS = OTHER.integers(0, 2, 100)


def padded(value):
    sequences = OTHER.normal(size=(100, 20, 2))
    for sequence, length in zip(sequences, OTHER.integers(5, 21, 100), strict=True):
        sequence[length:] = value
    return sequences


@pytest.mark.parametrize("value", [0.0, -1.0, -999.0])
def test_sequences_padded_with_a_number(value):
    assert f"are {value:g}" in found(check_data(padded(value), LABELS), "padding").what


@pytest.mark.parametrize("X", [padded(np.nan), OTHER.normal(size=(100, 20, 2)), np.zeros((100, 5, 2))])
def test_sequences_without_such_padding(X):
    assert "padding" not in check_data(X, LABELS).codes


def test_token_ids():
    ids = OTHER.integers(0, 500, (100, 20))
    assert found(check_data(ids, LABELS), "token_ids").severity == "note"
    assert "token_ids" in check_data(ids[..., None], LABELS).codes
    for other in (ids.astype(float), ids % 10, ids * 2 ** np.arange(20), ids[:, :3]):
        assert "token_ids" not in check_data(other, LABELS).codes
    assert "token_ids" not in check_data(ids, LABELS, standardize=False).codes


def test_channels_and_features_in_the_first_place():
    assert "channels_first" in check_data(OTHER.normal(size=(100, 3, 32, 32)), LABELS).codes
    assert "features_first" in check_data(OTHER.normal(size=(100, 4, 50)), LABELS).codes
    for shape in ((100, 32, 32, 3), (100, 28, 28, 1), (100, 28, 28), (100, 50, 4), (100, 3, 3, 3)):
        assert not {"channels_first", "features_first"} & set(check_data(OTHER.normal(size=shape), LABELS).codes)


def test_containers_without_data_are_refused():
    with pytest.raises(TypeError, match=r"X is a LazyFrame.*X.collect\(\)"):
        check_data(pl.DataFrame({"a": NUMBERS}).lazy(), [0, 1, 1] * 40)
    with pytest.raises(TypeError, match="X is None"):
        check_data(None, [0, 1])
