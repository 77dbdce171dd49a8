"""Dense networks from standardised columns to logits or values."""

import random

import keras
import numpy as np
import pytest

from presets.builders.dnn import build_dnn
from presets.builders.initializers import kernel_initializer


def build(input_shape=(6,), n_outputs=3, **arguments):
    defaults = {
        "hidden_layer_sizes": (16, 8),
        "activation": "relu",
        "kernel_initializer": kernel_initializer("normal", init_stddev=0.02, init_scale=1.0),
        "dropout": 0.2,
        "l1": 0.0,
        "l2": 0.0,
        "dtype": "float32",
        "seed": 0,
    }
    return build_dnn(input_shape, n_outputs, **defaults | arguments)


def layers(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_widths_and_activations():
    model = build(hidden_layer_sizes=(32, 16, 8), activation="tanh")
    dense = layers(model, keras.layers.Dense)
    assert [layer.units for layer in dense] == [32, 16, 8, 3]
    assert [layer.activation.__name__ for layer in dense] == ["tanh", "tanh", "tanh", "linear"]
    assert model.input_shape == (None, 6)
    assert model.output_shape == (None, 3)


def test_no_hidden_layer_is_a_linear_model():
    model = build(hidden_layer_sizes=())
    assert model.count_params() == 6 * 3 + 3
    assert not layers(model, keras.layers.Dropout)


def test_kernels_are_small_and_biases_zero():
    model = build((200,), hidden_layer_sizes=(200,))
    kernel, bias = model.layers[1].get_weights()
    assert kernel.std() == pytest.approx(0.02, rel=0.02)
    np.testing.assert_array_equal(bias, 0)


def test_dropout_follows_every_hidden_layer_with_a_seed_of_its_own():
    dropouts = layers(build(dropout=0.5, hidden_layer_sizes=(16, 16)), keras.layers.Dropout)
    assert [layer.rate for layer in dropouts] == [0.5, 0.5]
    assert len({layer.seed for layer in dropouts}) == 2
    assert layers(build(dropout=0.0), keras.layers.Dropout) == []


def test_penalties_are_on_every_kernel():
    for layer in layers(build(l1=0.25, l2=0.5), keras.layers.Dense):
        assert float(layer.kernel_regularizer.l1) == 0.25
        assert float(layer.kernel_regularizer.l2) == 0.5
        assert layer.bias_regularizer is None
    assert all(layer.kernel_regularizer is None for layer in layers(build(), keras.layers.Dense))


def test_numpy_numbers_are_welcome():
    model = build((np.int64(6),), np.int64(3), hidden_layer_sizes=np.array([16, 8]), dropout=np.float32(0.2))
    assert model.count_params() == build().count_params()


@pytest.mark.parametrize(
    ("dtype", "variables", "computed"),
    [("float64", "float64", "float64"), ("mixed_float16", "float32", "float16"), ("float32", "float32", "float32")],
)
def test_types(dtype, variables, computed):
    model = build(dtype=dtype)
    assert {variable.dtype for variable in model.trainable_variables} == {variables}
    assert {layer.compute_dtype for layer in layers(model, keras.layers.Dense)} == {computed}


def test_only_layers_of_keras_so_that_files_load_anywhere(tmp_path):
    model = build()
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    model.save(tmp_path / "core.keras")
    loaded = keras.models.load_model(tmp_path / "core.keras")
    rows = np.ones((4, 6), dtype="float32")
    np.testing.assert_allclose(loaded.predict(rows, verbose=0), model.predict(rows, verbose=0), rtol=1e-6)


def test_building_draws_nothing_from_python_s_generator():
    before = random.getstate()
    build()
    assert random.getstate() == before
