"""A search space is read, narrowed, extended, and handed to scikit-learn and to Keras Tuner."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler, RandomizedSearchCV

from presets.search import Choice, LogUniform, Options, SearchSpace, Uniform

SPACE = SearchSpace(
    {
        "rate": LogUniform(1e-4, 1e-2),
        "sizes": Choice((64,), (64, 64), None),
        "batch": [32, 64],
        "share": Uniform(0.0, 1.0),
        "optimizer": Options({"sgd": {"name": "sgd", "momentum": 0.0}, "fast": {"name": "sgd", "momentum": 0.9}}),
    }
)


def test_narrow_extend_replace():
    assert list(SPACE.only("rate", "batch")) == ["rate", "batch"]
    assert list(SPACE.without("rate", "share", "sizes")) == ["batch", "optimizer"]
    changed = SPACE | {"rate": Choice(0.1), "more": [1, 2]}
    assert changed["rate"] == Choice(0.1)
    assert changed["more"] == Choice(1, 2)
    assert "more" not in SPACE
    assert SearchSpace(dict(SPACE)) == SPACE


def test_it_reads_as_it_is_written():
    space = SPACE.only("rate", "batch")
    assert eval(repr(space)) == space


def test_prefix():
    prefixed = SPACE.prefixed("net__")
    assert prefixed.parameters == ["net__rate", "net__sizes", "net__batch", "net__share", "net__name", "net__momentum"]


def test_grid_covers_options():
    grid = ParameterGrid(SPACE.grid(n_points=2))
    assert len(grid) == 2 * 3 * 2 * 2 * 2
    assert {"rate": 1e-4, "sizes": None, "batch": 32, "share": 1.0, "name": "sgd", "momentum": 0.9} in list(grid)


def test_distributions_stay_within():
    for params in ParameterSampler(SPACE.distributions(), 20, random_state=0):
        assert 1e-4 <= params["rate"] <= 1e-2
        assert 0 <= params["share"] <= 1
        assert params["momentum"] in (0.0, 0.9)


@pytest.mark.parametrize(
    ("search", "candidates"),
    [(GridSearchCV, "grid"), (lambda *args, **kw: RandomizedSearchCV(*args, n_iter=3, **kw), "distributions")],
    ids=["GridSearchCV", "RandomizedSearchCV"],
)
def test_scikit_learn_takes_them(search, candidates):
    space = SearchSpace({"C": LogUniform(0.1, 10.0), "fit_intercept": Choice(True, False)})
    X = np.random.default_rng(0).normal(size=(40, 3))
    fitted = search(LogisticRegression(), getattr(space, candidates)(), cv=2).fit(X, X[:, 0] > 0)
    assert 0.1 <= fitted.best_params_["C"] <= 10


def test_keras_tuner_values_stand_for_parameters():
    own = {"rate": 1e-3, "sizes": (64, 64), "batch": 64, "share": 0.5, "name": "sgd", "momentum": 0.9}
    hyperparameters = SPACE.hyperparameters(own)
    assert SPACE.settings(hyperparameters.values) == own
    for dimension in hyperparameters.space:
        hyperparameters.values[dimension.name] = dimension.random_sample(1)
    settings = SPACE.settings(hyperparameters.values)
    assert settings.keys() == own.keys()
    assert settings["sizes"] in SPACE["sizes"].values


def test_own_values_outside_the_space_are_no_defaults():
    space = SearchSpace({"rate": LogUniform(0.01, 0.1), "sizes": Choice((8,), (16,)), "batch": Choice(32, 64)})
    values = space.settings(space.hyperparameters({"rate": 1.0, "sizes": None, "batch": 128}).values)
    assert values == {"rate": 0.1, "sizes": (8,), "batch": 32}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice(), "at least one value"),
        (lambda: Uniform(1.0, 1.0), "low < high"),
        (lambda: LogUniform(0.0, 1.0), "low > 0"),
        (lambda: Options({"a": {"x": 1}, "b": {"y": 1}}), "same parameters"),
        (lambda: SPACE.only("speed"), "The space has no speed"),
        (lambda: SPACE.without("speed"), "The space has no speed"),
        (lambda: SPACE | {"momentum": [0.5]}, "momentum more than once"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_other_types_are_refused():
    with pytest.raises(TypeError, match=r"space\['rate'\] must be Choice"):
        SearchSpace({"rate": 0.1})
