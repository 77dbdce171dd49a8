"""The named presets, and grids over them."""

import numpy as np
import pytest
from estimator_list import (
    LABELS,
    X,
    outputs,
    quick,
    target,
)
from fits import every_estimator, one_of_each, plain_estimator
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier, DNNRegressor, preset_grid


@every_estimator
def test_article_is_the_default_preset(estimator):
    assert estimator.list_presets()[0] == "article"
    assert estimator.from_preset("article").get_params() == estimator().get_params()


@every_estimator
def test_a_line_about_every_preset(estimator):
    lines = repr(estimator.list_presets()).splitlines()
    assert [line.partition(": ")[0] for line in lines] == estimator.list_presets()
    assert all(line.partition(": ")[2] for line in lines)


@every_estimator
def test_every_preset_names_own_parameters(estimator):
    for name in estimator.list_presets():
        assert estimator.from_preset(name).get_params().keys() == estimator().get_params().keys()


@one_of_each
def test_every_preset_fits_and_takes_overrides(estimator):
    shape = {"image_shape": (2, 2)} if "image_shape" in estimator().get_params() else {}
    for name in estimator.list_presets():
        model = estimator.from_preset(name, epochs=1, random_state=3, **shape)
        assert model.epochs == 1
        assert np.isfinite(outputs(model.fit(X, target(estimator)))).all()


@every_estimator
def test_unknown_preset(estimator):
    with pytest.raises(ValueError, match=r"'deeper' is not a preset of .*article"):
        estimator.from_preset("deeper")
    with pytest.raises(TypeError, match="depth"):
        estimator.from_preset("article", depth=3)


@pytest.mark.parametrize("estimator", [DNNClassifier, DNNRegressor])
def test_presets_of_dense_networks(estimator):
    assert estimator.list_presets() == ["article", "deep", "adaptive", "momentum", "quick", "tuned", "realmlp"]
    deep = estimator.from_preset("deep", dropout=0.3)
    assert (deep.hidden_layer_sizes, deep.init, deep.dropout) == ((256, 256, 256, 256), "scaled", 0.3)
    assert estimator.from_preset("adaptive").optimizer == "rmsprop"
    momentum = estimator.from_preset("momentum")
    assert (momentum.momentum, momentum.nesterov) == (0.9, True)


@plain_estimator
def test_grid_over_presets(estimator):
    name = estimator.__name__.lower()
    pipeline = make_pipeline(StandardScaler(), quick(estimator))
    grid = preset_grid(pipeline[-1], prefix=f"{name}__")
    assert len(grid) == len(estimator.list_presets())
    for preset, parameters in zip(estimator.list_presets(), grid, strict=True):
        chosen = clone(pipeline).set_params(**{key: values[0] for key, values in parameters.items()})[-1]
        expected = estimator.from_preset(preset)
        for parameter in estimator._presets[preset]:
            assert getattr(chosen, parameter) == getattr(expected, parameter)
        assert chosen.epochs == (expected.epochs if "epochs" in estimator._presets[preset] else pipeline[-1].epochs)
    search = GridSearchCV(pipeline, preset_grid(pipeline[-1], "article", prefix=f"{name}__"), cv=2, error_score="raise")
    search.fit(X, target(estimator))


def test_grid_over_presets_can_be_searched():
    grid = preset_grid(quick(DNNClassifier), "article", "adaptive", "momentum")
    search = GridSearchCV(quick(DNNClassifier), grid, cv=2, error_score="raise").fit(X, LABELS)
    assert [row["optimizer"] for row in search.cv_results_["params"]] == ["sgd", "rmsprop", "sgd"]
    with pytest.raises(ValueError, match="'wide' is not a preset"):
        preset_grid(DNNClassifier(), "wide")
