"""Layers of networks for tables: what they compute, and that they can be stored."""

import keras
import numpy as np
import pytest

from presets.builders.clipping import SmoothClip
from presets.builders.dnn_ntk import build_dnn_ntk
from presets.builders.ntk import NTKDense
from presets.builders.numeric_embedding import PeriodicEmbedding
from presets.builders.parametric import ParametricActivation
from presets.builders.piecewise_embedding import PiecewiseLinearEmbedding
from presets.builders.scaling import FeatureScaling

X = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
LAYERS = {
    "SmoothClip": lambda: SmoothClip(3.0),
    "NTKDense": lambda: NTKDense(4, bias_factor=0.1, kernel_regularizer="l2", seed=1),
    "PeriodicEmbedding": lambda: PeriodicEmbedding(seed=1),
    "PeriodicEmbedding alone": lambda: PeriodicEmbedding(3, keeps_column=False, activation="relu", seed=1),
    "PiecewiseLinearEmbedding": lambda: PiecewiseLinearEmbedding(bins=4, seed=1),
    "ParametricActivation": lambda: ParametricActivation("selu", rate_factor=0.1),
    "FeatureScaling": lambda: FeatureScaling(6.0),
}


def output(layer):
    return keras.ops.convert_to_numpy(layer(X))


def randomised(layer):
    """The layer with other weights than it started with."""
    if not layer.built:
        layer.build(X.shape)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_a_stored_network_gives_the_same(make, tmp_path):
    model = keras.Sequential([keras.Input((5,)), make()])
    randomised(model.layers[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_shapes_are_known_before_anything_is_computed(make):
    layer = make()
    assert layer(keras.Input((5,))).shape[1:] == output(layer).shape[1:]


@pytest.mark.parametrize("name", ["NTKDense", "PeriodicEmbedding", "PiecewiseLinearEmbedding"])
def test_a_seed_draws_the_same_weights(name):
    first, second = LAYERS[name](), LAYERS[name]()
    np.testing.assert_array_equal(output(first), output(second))


def test_ntk_dense_divides_by_the_root_of_the_inputs():
    layer = randomised(NTKDense(4, bias_factor=0.1))
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(output(layer), X @ kernel / np.sqrt(5) + 0.1 * bias, rtol=1e-5, atol=1e-6)


def test_ntk_dense_regularizes_the_weights_that_a_dense_layer_has():
    layer = randomised(NTKDense(4, kernel_regularizer=keras.regularizers.L2(0.5)))
    layer(X)
    expected = 0.5 * np.sum(np.square(layer.get_weights()[0] / np.sqrt(5)))
    assert float(keras.ops.convert_to_numpy(layer.losses[0])) == pytest.approx(expected, rel=1e-5)


def test_scaling_and_activation_start_as_they_say():
    np.testing.assert_array_equal(output(FeatureScaling(6.0)), X)
    selu = keras.ops.convert_to_numpy(keras.activations.selu(X))
    np.testing.assert_allclose(output(ParametricActivation("selu")), selu, rtol=1e-5, atol=1e-6)


def test_pbld_keeps_each_column_before_its_cosines():
    layer = randomised(PeriodicEmbedding(4, rate_factor=0.1))
    frequency, phase, mix, bias = layer.get_weights()
    embedded = output(layer).reshape(6, 5, 4)
    np.testing.assert_array_equal(embedded[:, :, 0], X)
    angles = 0.1 * (2 * np.pi * frequency * X[:, :, None] + phase)
    expected = 0.1 * (np.einsum("ncf,cfk->nck", np.cos(angles), mix) + bias)
    np.testing.assert_allclose(embedded[:, :, 1:], expected, rtol=1e-4, atol=1e-5)


def test_ramps_rise_within_their_bins():
    layer = PiecewiseLinearEmbedding(4, bins=2, rate_factor=0.1)
    layer.build((None, 1))
    mix, bias = np.arange(6.0).reshape(1, 2, 3), np.ones((1, 3))
    layer.set_weights([mix, bias, layer.quantiles(np.array([[0.0], [1.0], [3.0]]))])
    values = np.array([[-5.0], [0.5], [2.0], [9.0]], "float32")
    ramps = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.5], [1.0, 1.0]])
    expected = np.hstack([values, 0.1 * (ramps @ mix[0] + bias)])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(values)), expected, rtol=1e-5)


def test_smooth_clipping_keeps_small_values_and_bounds_large_ones():
    values = keras.ops.convert_to_numpy(SmoothClip(3.0)(np.array([[0.01, 1e6, -1e6]], "float32")))
    np.testing.assert_allclose(values, [[0.01, 3.0, -3.0]], rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
@pytest.mark.parametrize("embedding", [None, "pbld", "periodic", "piecewise"])
def test_networks_of_every_type_have_one_column_for_each_output(dtype, embedding):
    model = build_dnn_ntk(
        (5,),
        3,
        hidden_layer_sizes=(8, 8),
        activation="selu",
        numeric_embedding=embedding,
        dropout=0.1,
        l1=0.0,
        l2=0.0,
        dtype=dtype,
        seed=0,
    )
    assert model(X).shape == (6, 3)
    assert {variable.dtype for variable in model.trainable_variables} == {
        keras.dtype_policies.get(dtype).variable_dtype
    }
