"""How initial weights are drawn."""

import keras
import numpy as np
import pytest
from estimator_list import (
    VALUES,
    X,
    label,
)
from fits import fit

from presets import DNNClassifier, DNNRegressor


@pytest.mark.parametrize("estimator", [DNNClassifier, DNNRegressor])
@pytest.mark.parametrize(("hidden_layer_sizes", "rule"), [((128, 128), "normal"), ((256,) * 4, "scaled")])
def test_auto_init_changes_for_deep_networks_only(estimator, hidden_layer_sizes, rule):
    model = fit(estimator, hidden_layer_sizes=hidden_layer_sizes, epochs=1)
    assert model.init_.rule == rule
    assert ("vanishes" in model.init_.reason) == (rule == "scaled")


@pytest.mark.parametrize(
    "init", ["normal", "scaled", "glorot_uniform", "zeros", keras.initializers.HeNormal(), "auto"], ids=label
)
def test_init_draws_the_kernels(init):
    model = DNNRegressor(init=init, learning_rate=1e-30, epochs=1, random_state=0, init_stddev=0.5, init_scale=0.1).fit(
        X, VALUES
    )
    kernels = [weights for weights in model.model_.get_weights() if weights.shape == (128, 128)]
    expected = {"normal": 0.5, "auto": 0.5, "scaled": 0.1 / 128**0.5, "glorot_uniform": (2 / 256) ** 0.5, "zeros": 0}
    np.testing.assert_allclose(kernels[0].std(), expected.get(init, (2 / 128) ** 0.5), rtol=0.05)
    if init != "auto":
        assert model.init_.reason == "as given"
