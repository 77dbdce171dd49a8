"""The page: whole, self-contained, and with what was asked for."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge

from presets import AutoClassifier, AutoRegressor, DNNClassifier

X, LABELS = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    network = DNNClassifier(hidden_layer_sizes=(8,), epochs=20, random_state=0)
    candidates = [("network <8>", network), ("linear", LogisticRegression(C=1e-3))]
    auto = AutoClassifier(time_limit=None, candidates=candidates, cv=2, random_state=0).fit(X, LABELS)
    auto.report(path, X.assign(constant=1)[X.columns], LABELS)
    return path.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(page):
    assert not re.search(r"<script|<link|src=|@import|url\(|https?://", page)


def test_every_part_is_there(page):
    for title in (
        "Leaderboard",
        "Calibration",
        "Networks",
        "Data check",
        "Importance of the columns",
        "Repeat this fit",
    ):
        assert title in page
    assert "network &lt;8&gt;" in page
    assert "network <8>" not in page
    assert "petal length (cm)" in page
    assert "prefers-color-scheme: dark" in page


def test_the_code_repeats_the_fit(tmp_path):
    auto = AutoClassifier(time_limit=None, n_candidates=2, cv=2, verbose=1).fit(X, LABELS)
    auto.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    code = html.unescape(re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)[1])
    assert code.endswith(".fit(X, y)")
    names = {"X": X, "y": LABELS}
    exec(code.replace("\nAuto", "\nagain = Auto"), names)
    np.testing.assert_array_equal(names["again"].predict_proba(X), auto.predict_proba(X))


def test_a_threshold_decides_which_rows_are_errors(tmp_path):
    candidates = [("linear", LogisticRegression())]
    settings = {"time_limit": None, "candidates": candidates, "scoring": "f1", "random_state": 0}
    auto = AutoClassifier(threshold=1e-9, **settings).fit(X, LABELS == 1)  # so that no row is predicted as False
    auto.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<td>False</td><td>True</td><td[^>]*>(\d+)</td>", page) == ["100"]


def test_numbers_in_pictures_are_finite(page):
    assert "<svg" in page
    assert not re.search(r'(x|y|cx|cy|width|points)="[^"]*(nan|inf)', page)


def test_a_regression_without_data(tmp_path):
    sugar, progress = load_diabetes(return_X_y=True)
    auto = AutoRegressor(time_limit=None, candidates=[("ridge", Ridge())], random_state=0).fit(sugar, progress)
    auto.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The largest errors" in page
    assert "The ensemble contains no network" in page
    with pytest.raises(ValueError, match="X and y belong together"):
        auto.report(tmp_path / "report.html", sugar)


def test_a_frame_with_categories(tmp_path):
    frame = pd.DataFrame({"city": np.array(["Rome", "Oslo"])[np.arange(60) % 2], "size": np.arange(60.0)})
    auto = AutoClassifier(time_limit=None, n_candidates=1, random_state=0).fit(frame, np.arange(60) % 2)
    auto.report(tmp_path / "report.html", frame, np.arange(60) % 2)
    assert "city" in (tmp_path / "report.html").read_text(encoding="utf-8")
