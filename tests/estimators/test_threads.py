"""Fits in several threads give the numbers of fits one after the other."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from estimator_list import LABELS, X, quick, small_network

from presets import DNNClassifier, KerasClassifier, clear_programs


def nested_network(input_shape, n_outputs):
    """A network in a network, each with an input that has no type of its own."""
    inner = keras.Sequential([keras.Input(input_shape), keras.layers.Dense(6, activation="tanh")])
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(n_outputs)(inner(inputs)))


def mixed_networks():
    """Networks that are all built anew, of two types."""
    rules = [{"dtype": dtype, "init": "scaled"} for dtype in ("float64", "float32")]
    return [
        estimator
        for rule in rules
        for estimator in (quick(KerasClassifier, network=nested_network, **rule), quick(DNNClassifier, **rule))
    ]


def probabilities(network):
    clear_programs()  # those of the other test's fits
    return network.fit(X, LABELS).predict_proba(X)


def test_networks_of_several_types_at_once():
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(probabilities, mixed_networks()))
    for network, found in zip(mixed_networks(), together, strict=True):
        alone = probabilities(network)
        assert found.dtype == alone.dtype
        np.testing.assert_allclose(found, alone, rtol=1e-5, err_msg=repr(network))


@pytest.mark.parametrize("network", [small_network, nested_network])
def test_float64_is_not_rounded_on_the_way_in(network):
    fitted = quick(KerasClassifier, network=network, dtype="float64").fit(X, LABELS)
    assert {layer.dtype for layer in fitted.model_._flatten_layers() if isinstance(layer, keras.layers.InputLayer)} == {
        "float64"
    }


def test_settings_that_all_threads_share_stay_while_a_network_is_built():
    seen = []

    def network(input_shape, n_outputs):
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(lambda: (keras.config.floatx(), keras.config.dtype_policy().name)).result())
        return small_network(input_shape, n_outputs)

    quick(KerasClassifier, network=network, dtype="float64").fit(X, LABELS)
    assert set(seen) == {("float32", "float32")}
