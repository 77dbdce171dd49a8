import keras
import numpy as np
import pytest

from presets.builders.lstm import build_lstm

LENGTHS = [5, 9, 1, 7]
N_FEATURES = 3
NETWORKS = {
    "plain": {},
    "stacked": {"units": (8, 4), "pooling": "mean"},
    "maximum": {"pooling": "max"},
    "bidirectional": {"bidirectional": True},
    "stacked bidirectional": {"units": (8, 4), "bidirectional": True, "pooling": "max"},
    "fcn": {"convolutions": (6, 5, 4)},
    "inception": {"units": (), "convolutions": (3, 3, 3, 3), "convolution_block": "inception"},
    "lite": {"units": (), "convolutions": (4, 4, 4), "convolution_block": "lite"},
    "lite beside an LSTM": {"convolutions": (4, 4), "convolution_block": "lite"},
    "bidirectional fcn": {"units": (8, 4), "bidirectional": True, "pooling": "mean", "convolutions": (6, 5, 4, 3)},
}
every_network = pytest.mark.parametrize("arguments", NETWORKS.values(), ids=NETWORKS.keys())


def build(**arguments):
    defaults = {
        "units": (8,),
        "bidirectional": False,
        "pooling": "last",
        "kernel_initializer": "glorot_uniform",
        "recurrent_initializer": "orthogonal",
        "dropout": 0.0,
        "l1": 0.0,
        "l2": 0.0,
        "dtype": "float32",
        "seed": 0,
    }
    return build_lstm((None, N_FEATURES), 4, **{**defaults, **arguments})


def draw_weights(model, rng):
    """Weights of a network that has seen data: the statistics of its normalisation are no longer zero and one."""
    return [
        rng.uniform(0.5, 2.0, v.shape) if "variance" in v.path else rng.normal(0.0, 0.5, v.shape) for v in model.weights
    ]


def outputs(model, X, **options):
    return keras.ops.convert_to_numpy(model(X, **options))


def pad(sequences, n_timesteps):
    padded = np.full((len(sequences), n_timesteps, N_FEATURES), np.nan, dtype="float32")
    for values, sequence in zip(padded, sequences, strict=True):
        values[: len(sequence)] = sequence
    return padded


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def sequences(rng):
    return [rng.normal(size=(length, N_FEATURES)).astype("float32") for length in LENGTHS]


@every_network
def test_padding_changes_no_result(arguments, sequences, rng):
    unmasked, masked = build(**arguments), build(**arguments, masked=True)
    assert [v.path for v in masked.weights] == [v.path for v in unmasked.weights]
    weights = draw_weights(masked, rng)
    masked.set_weights(weights)
    unmasked.set_weights(weights)
    alone = np.concatenate([outputs(unmasked, sequence[None]) for sequence in sequences])
    np.testing.assert_allclose(outputs(masked, pad(sequences, 9)), alone, atol=1e-6)
    np.testing.assert_allclose(outputs(masked, pad(sequences, 14)), alone, atol=1e-6)


@every_network
@pytest.mark.parametrize("masked", [False, True])
def test_layers_meet_the_conditions_of_the_fused_path(arguments, masked):
    """Those that Keras documents for cuDNN: no mask, and these settings."""
    model = build(**arguments, masked=masked, dropout=0.5)
    found = [layer.get_config() for layer in model._flatten_layers() if isinstance(layer, keras.layers.LSTM)]
    fused = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "unroll": False}
    fused |= {"dropout": 0.0, "recurrent_dropout": 0.0}
    assert len(found) == len(arguments.get("units", (8,))) * (1 + arguments.get("bidirectional", False))
    assert all(config[name] == value for config in found for name, value in fused.items())
    assert not any(isinstance(layer, keras.layers.Masking) for layer in model._flatten_layers())


@every_network
def test_padding_changes_no_update(arguments, rng):
    unmasked, masked = build(**arguments), build(**arguments, masked=True)
    weights = draw_weights(masked, rng)
    X, y = rng.normal(size=(6, 5, N_FEATURES)).astype("float32"), rng.normal(size=(6, 4))
    for model, data in ((unmasked, X), (masked, pad(list(X), 8))):
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
        model.train_on_batch(data, y)
    for variable, before, one, other in zip(
        masked.weights, weights, masked.get_weights(), unmasked.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-5, err_msg=variable.path)
        assert np.abs(one - before).max() > 0, variable.path


@pytest.mark.parametrize("masked", [False, True])
def test_learns_what_stands_at_the_beginning(masked, rng):
    X = rng.normal(size=(128, 6, N_FEATURES)).astype("float32")
    y = (X[:, 0, 0] > 0).astype(int)
    if masked:
        X[::2, 4:] = np.nan
    model = build(units=(16,), masked=masked, dropout=0.1)
    model.compile(
        keras.optimizers.Adam(0.02),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=4,
    )
    history = model.fit(X, y, epochs=25, batch_size=32, verbose=0).history
    assert history["accuracy"][-1] > 0.9


@every_network
@pytest.mark.parametrize("masked", [False, True])
def test_recurrent_layers_ask_for_the_fused_path_without_a_mask(arguments, masked, sequences, monkeypatch):
    """A mask costs cuDNN on JAX and torch; whether it is there, only a GPU can say."""
    asked = []

    def lstm(inputs, state, carry, mask, **options):
        asked.append(mask)
        raise NotImplementedError

    monkeypatch.setattr("keras.src.backend.lstm", lstm)
    model = build(**arguments, masked=masked)
    asked.clear()
    model(pad(sequences, 9) if masked else sequences[0][None])
    n_layers = len(arguments.get("units", (8,))) * (1 + arguments.get("bidirectional", False))
    assert asked == [None] * n_layers


@pytest.mark.parametrize("masked", [False, True])
def test_saved_model_loads_and_needs_only_keras(masked, sequences, tmp_path):
    model = build(**NETWORKS["bidirectional fcn"], masked=masked)
    assert "presets" not in model.to_json()
    model.save(tmp_path / "model.keras")
    X = pad(sequences, 9) if masked else np.ones((2, 7, N_FEATURES), dtype="float32")
    np.testing.assert_allclose(outputs(keras.saving.load_model(tmp_path / "model.keras"), X), outputs(model, X), 1e-5)


def test_convolutions_have_the_published_sizes():
    branch = build(convolutions=(128, 256, 128)).get_layer("convolutions")
    convolutions = [layer for layer in branch.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [(c.filters, c.kernel_size) for c in convolutions] == [(128, (8,)), (256, (5,)), (128, (3,))]


def test_dropout_follows_every_recurrent_layer_and_acts_in_training_only(rng):
    model = build(units=(8, 4), dropout=0.5, seed=7)
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.5, 0.5]
    assert len({layer.seed for layer in dropouts}) == 2
    X = rng.normal(size=(3, 5, N_FEATURES)).astype("float32")
    np.testing.assert_array_equal(outputs(model, X), outputs(model, X))
    assert np.abs(outputs(model, X, training=True) - outputs(model, X)).max() > 0


def test_penalties_hold_for_kernels_and_recurrent_kernels():
    model = build(l2=0.5)
    model.set_weights([np.ones(v.shape) for v in model.weights])
    kernels = [v for v in model.weights if "kernel" in v.name]
    assert len(kernels) == 3
    penalty = sum(float(loss) for loss in model.losses)
    assert penalty == pytest.approx(0.5 * sum(np.prod(v.shape) for v in kernels))


def test_forget_gates_start_at_one_and_recurrent_kernels_orthogonal():
    cell = build(units=(8,)).get_layer("lstm_1").cell
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(cell.bias), [0] * 8 + [1] * 8 + [0] * 16)
    recurrent = keras.ops.convert_to_numpy(cell.recurrent_kernel)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
def test_other_numbers(dtype, sequences, request):
    if dtype == "float64" and keras.backend.backend() == "jax":
        import jax

        enabled = jax.enable_x64(True)
        enabled.__enter__()
        request.addfinalizer(lambda: enabled.__exit__(None, None, None))
    model = build(**NETWORKS["bidirectional fcn"], masked=True, dtype=dtype)
    assert {v.dtype for v in model.weights} == {keras.dtype_policies.get(dtype).variable_dtype}
    assert np.isfinite(outputs(model, pad(sequences, 9))).all()


def test_takes_numpy_integers_from_a_search():
    model = build(units=[np.int64(8)], convolutions=np.array([4]))
    assert model.get_layer("lstm_1").units == 8


def test_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="pooling must be one of"):
        build(pooling="sum")
