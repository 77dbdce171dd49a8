"""A search whose directory was damaged gives the results of an unbroken one, or one clear error."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from tried import tried

from presets import TunerSearchCV
from presets.search import LogUniform

X, y = make_classification(40, 4, random_state=0)
FILES = ["search.json", *(f"trial_{number:05d}.json" for number in range(4))]


def search(directory, **parameters):
    return TunerSearchCV(
        LogisticRegression(),
        space={"C": LogUniform(1e-3, 1e3)},
        oracle="random",
        n_trials=4,
        cv=2,
        random_state=0,
        directory=directory,
        **parameters,
    ).fit(X, y)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    directory = tmp_path_factory.mktemp("unbroken")
    return directory, search(directory / "search")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@st.composite
def damages(draw):
    """A function from the text of a file to another one, or None for no file."""
    kind = draw(st.sampled_from(["cut", "overwrite", "replace", "leaf", "no key", "status", "nothing"]))
    place, junk, value = draw(st.floats(0, 1)), draw(st.binary(max_size=40)), draw(VALUES)

    def cut(text):
        return text[: int(place * len(text))].encode()

    def overwrite(text):
        start = int(place * len(text))
        return text[:start].encode() + junk + text[start + len(junk) :].encode()

    def leaf(text, put):
        content = json.loads(text)
        places = list(_places(content))
        holder, key = places[int(place * (len(places) - 1))]
        put(holder, key)
        return json.dumps(content).encode()

    return {
        "cut": cut,
        "overwrite": overwrite,
        "replace": lambda text: junk,
        "leaf": lambda text: leaf(text, lambda holder, key: holder.__setitem__(key, value)),
        "no key": lambda text: leaf(text, lambda holder, key: holder.__delitem__(key)),
        "status": lambda text: text.replace('"completed"', '"interrupted"').encode(),
        "nothing": lambda text: None,
    }[kind]


def _places(content):
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield content, key
        if isinstance(value, dict | list):
            yield from _places(value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(name=st.sampled_from(FILES), damage=damages())
def test_any_damage(unbroken, name, damage):
    tried("damaged search directories")
    directory, result = unbroken
    broken = directory / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(directory / "search", broken)
    text = (broken / name).read_text()
    (broken / name).unlink()
    content = damage(text)
    if content is not None:
        (broken / name).write_bytes(content)
    try:
        resumed = search(broken, resume=True)
    except ValueError as error:
        assert str(directory) in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(resumed.cv_results_["mean_test_score"], result.cv_results_["mean_test_score"])
    assert resumed.best_params_ == result.best_params_
