"""The article's initialisation (A7)."""

import random

import keras
import numpy as np
import pytest

from presets.builders.initializers import draw_weights, kernel_initializer


def initializer(init, init_stddev=0.02, init_scale=1.0):
    return kernel_initializer(init, init_stddev=init_stddev, init_scale=init_scale)


def draw(init, shape, **scales):
    return np.asarray(initializer(init, **scales)(shape), dtype="float64")


@pytest.mark.parametrize("stddev", [0.02, 0.5])
def test_normal_has_the_article_s_deviation(stddev):
    values = draw("normal", (300, 400), init_stddev=stddev)
    assert values.std() == pytest.approx(stddev, rel=0.01)
    assert values.mean() == pytest.approx(0, abs=stddev / 50)
    assert np.abs(values).max() > 3 * stddev  # not truncated


@pytest.mark.parametrize("scale", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("fan_in", [64, 400])
def test_scaled_is_over_the_root_of_the_inputs(scale, fan_in):
    values = draw("scaled", (fan_in, 300), init_scale=scale)
    assert values.std() == pytest.approx(scale / fan_in**0.5, rel=0.02)
    assert np.abs(values).max() > 3 * scale / fan_in**0.5  # not truncated


def test_names_of_keras():
    assert isinstance(initializer("glorot_uniform"), keras.initializers.GlorotUniform)
    assert isinstance(initializer("zeros"), keras.initializers.Zeros)
    given = keras.initializers.HeNormal()
    assert initializer(given) is given


@pytest.mark.parametrize("name", ["randn", "constant"])
def test_unknown_name(name):
    with pytest.raises(ValueError, match=f"init='{name}' is neither a rule"):
        initializer(name)


@pytest.mark.parametrize("init", ["normal", "scaled", "glorot_uniform", "orthogonal", "zeros"])
def test_making_one_draws_nothing_from_python_s_generator(init):
    before = random.getstate()
    initializer(init)
    assert random.getstate() == before


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((30, 8))
    outputs = keras.layers.Dense(40, kernel_initializer=initializer("normal"))(inputs)
    outputs = keras.layers.BatchNormalization()(outputs)
    outputs = keras.layers.LSTM(16)(outputs)
    return keras.Model(inputs, keras.layers.Dense(3, kernel_initializer=initializer("normal"), name="last")(outputs))


def test_equal_seeds_draw_equal_weights(model):
    first, again, other = draw_weights(model, 1), draw_weights(model, 1), draw_weights(model, 2)
    assert first.keys() == again.keys() == other.keys()
    for variable in model.weights:
        drawn = first[id(variable)]
        assert drawn.shape == tuple(variable.shape)
        np.testing.assert_array_equal(drawn, again[id(variable)])
        if drawn.std() > 0 and "bias" not in variable.name:
            assert not np.array_equal(drawn, other[id(variable)]), variable.path


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(4, 3),
        keras.layers.DepthwiseConv2D(3),
        keras.layers.SeparableConv2D(4, 3),
        keras.layers.Conv2DTranspose(4, 3, use_bias=False),
        keras.layers.PReLU(),
        keras.layers.ConvLSTM1D(4, 3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_weight_of_keras_s_layers_is_drawn(layer):
    inputs = keras.Input((12, 12, 3))
    network = keras.Model(inputs, layer(inputs))
    drawn = draw_weights(network, 0)
    assert {variable.path for variable in network.trainable_variables if id(variable) not in drawn} == set()


def test_layers_do_not_share_their_draws():
    inputs = keras.Input((20,))
    outputs = keras.layers.Dense(20, kernel_initializer=initializer("normal"))(inputs)
    twins = keras.Model(inputs, keras.layers.Dense(20, kernel_initializer=initializer("normal"))(outputs))
    first, second = (draw_weights(twins, 0)[id(layer.kernel)] for layer in twins.layers[1:])
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_drawing_leaves_the_model_and_the_generators_alone(model):
    before = model.get_weights()
    state = random.getstate()
    draw_weights(model, 5)
    assert random.getstate() == state
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_is_not_random_is_drawn_as_built(model):
    drawn = draw_weights(model, 0)
    normalization, recurrent, last = model.layers[2], model.layers[3], model.get_layer("last")
    np.testing.assert_array_equal(drawn[id(normalization.gamma)], np.ones(40))
    np.testing.assert_array_equal(drawn[id(last.bias)], np.zeros(3))
    np.testing.assert_array_equal(drawn[id(recurrent.cell.bias)][16:32], np.ones(16))


def test_rule_replaces_the_initializers_of_kernels(model):
    drawn = draw_weights(model, 0, kernel_initializer=initializer("scaled", init_scale=0.1))
    assert drawn[id(model.layers[1].kernel)].std() == pytest.approx(0.1 / 8**0.5, rel=0.15)
    orthogonal = drawn[id(model.layers[3].cell.recurrent_kernel)]
    np.testing.assert_allclose(orthogonal @ orthogonal.T, np.eye(16), atol=1e-5)


@pytest.mark.parametrize("kind", [keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D])
def test_rule_replaces_the_initializers_of_separable_kernels(kind):
    rows = keras.Input((8, 8, 3))
    arguments = {"filters": 40, "kernel_size": 3} if kind is keras.layers.SeparableConv2D else {"kernel_size": 3}
    layer = kind(**arguments, depthwise_initializer="ones")
    drawn = draw_weights(keras.Model(rows, layer(rows)), 0, kernel_initializer=initializer("normal", init_stddev=0.5))
    for kernel in (variable for variable in layer.trainable_variables if "kernel" in variable.name):
        assert drawn[id(kernel)].std() == pytest.approx(0.5, rel=0.3), kernel.path


def test_scaled_counts_the_state_of_recurrent_layers(model):
    drawn = draw_weights(model, 0, kernel_initializer=initializer("scaled"))
    kernel = drawn[id(model.layers[3].cell.kernel)]
    assert kernel.shape == (40, 64)
    assert kernel.std() == pytest.approx(1 / (40 + 16) ** 0.5, rel=0.05)
    named = draw_weights(model, 0, kernel_initializer=initializer("lecun_normal"))
    assert named[id(model.layers[3].cell.kernel)].std() == pytest.approx(1 / 40**0.5, rel=0.05)


def test_forget_bias_of_recurrent_layers(model):
    bias = draw_weights(model, 0, forget_bias=5.0)[id(model.layers[3].cell.bias)]
    np.testing.assert_array_equal(bias, [0.0] * 16 + [5.0] * 16 + [0.0] * 32)
