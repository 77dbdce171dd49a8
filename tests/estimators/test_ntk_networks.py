"""Dense networks with parametrization="ntk", numeric embeddings and robust standardisation."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import train_test_split

import presets
from presets import DNNClassifier, DNNRegressor, diagnose

NTK = {
    "parametrization": "ntk",
    "numeric_embedding": "pbld",
    "standardize": "robust",
    "hidden_layer_sizes": (16, 16),
    "activation": "selu",
    "optimizer": "adam",
    "learning_rate": 0.04,
    "beta_2": 0.95,
    "lr_schedule": "flat_cosine",
    "epochs": 20,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def wine():
    return train_test_split(*load_wine(return_X_y=True), random_state=0)


@pytest.fixture(scope="module")
def network(wine):
    X, _, y, _ = wine
    return DNNClassifier(**NTK).fit(X, y)


def test_it_learns_and_is_healthy(network, wine):
    _, X, _, y = wine
    assert network.score(X, y) > 0.9
    assert not diagnose(network).alarms


def test_initial_weights_give_every_unit_unit_variance(wine):
    X, _, y, _ = wine
    network = DNNClassifier(**NTK | {"epochs": 1, "learning_rate": 1e-12, "batch_size": 200}).fit(X, y)
    assert network.init_.rule == "data"
    core = network._fitted.recipe.network.model()
    core.set_weights(network._fitted.weights)
    encoded = network._fitted.encoder.rows(X, "float32").take(slice(None))
    for name in ("hidden_1", "hidden_2", "outputs"):
        units = keras.ops.convert_to_numpy(keras.Model(core.inputs, core.get_layer(name).output)(encoded))
        np.testing.assert_allclose(units.std(axis=0), 1.0, atol=0.3)  # of the training part, not of all rows


def test_the_complete_model_gives_the_same(network, wine, tmp_path):
    _, X, _, _ = wine
    expected = network.predict_proba(X)
    np.testing.assert_allclose(network.model_.predict(X, verbose=0), expected, rtol=1e-3, atol=1e-5)
    network.model_.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-3, atol=1e-5)


def test_it_can_be_stored(network, wine, tmp_path):
    pytest.importorskip("skops")
    _, X, _, _ = wine
    presets.save(network, tmp_path / "network.skops")
    loaded = presets.load(tmp_path / "network.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), network.predict_proba(X))


def test_another_seed_is_another_network_of_the_same_program(network, wine):
    X, X_test, y, _ = wine
    again, other = (DNNClassifier(**NTK | {"random_state": seed}).fit(X, y) for seed in (0, 1))
    np.testing.assert_array_equal(again.predict_proba(X_test), network.predict_proba(X_test))
    assert not np.array_equal(other.predict_proba(X_test), network.predict_proba(X_test))


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
def test_bins_are_those_of_the_first_rows(wine, parametrization, tmp_path):
    X, X_test, y, _ = wine
    changed = {"numeric_embedding": "piecewise", "parametrization": parametrization, "epochs": 1, "batch_size": 200}
    network = DNNClassifier(**NTK | changed, validation_fraction=0).fit(X, y)
    core = network._fitted.recipe.network.model()
    core.set_weights(network._fitted.weights)
    edges = keras.ops.convert_to_numpy(core.get_layer("numeric_embedding").edges)
    encoded = network._fitted.encoder.rows(X, "float32").take(slice(None))
    np.testing.assert_allclose(edges, np.quantile(encoded, np.linspace(0, 1, edges.shape[1]), axis=0).T, atol=1e-5)
    network.model_.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    found = loaded.predict(X_test, verbose=0)
    np.testing.assert_allclose(found, network.predict_proba(X_test), rtol=1e-3, atol=1e-5)


def test_decay_leaves_numeric_embeddings_alone(wine):
    X, _, y, _ = wine
    networks = [
        DNNClassifier(**NTK | {"epochs": 1, "batch_size": 200}, weight_decay=decay, dropout=0.0).fit(X, y)
        for decay in (0.0, 10.0)
    ]
    names = [variable.path for variable in networks[0]._fitted.recipe.network.model().weights]
    for name, plain, decayed in zip(names, *(network._fitted.weights for network in networks), strict=True):
        if "kernel" in name:
            assert np.linalg.norm(decayed) < 0.8 * np.linalg.norm(plain)
        else:
            np.testing.assert_array_equal(decayed, plain)


@pytest.mark.parametrize("embedding", [None, "periodic", "piecewise"])
def test_values_are_learnt(embedding):
    X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
    network = DNNRegressor(**NTK | {"numeric_embedding": embedding, "activation": "mish", "learning_rate": 0.02})
    assert network.fit(X, y).score(X_test, y_test) > 0.2


def test_far_values_do_not_move_robust_predictions(network, wine):
    _, X, _, _ = wine
    far, farther = X[:1].copy(), X[:1].copy()
    far[0, 0], farther[0, 0] = 1e6, 1e9
    np.testing.assert_allclose(network.predict_proba(far), network.predict_proba(farther), atol=1e-3)


def test_an_init_of_the_users_is_refused(wine):
    X, _, y, _ = wine
    with pytest.raises(ValueError, match="init='scaled' cannot be used with parametrization='ntk'"):
        DNNClassifier(**NTK | {"init": "scaled"}).fit(X, y)


@pytest.mark.filterwarnings("error:optimizer=")
def test_the_rates_of_presets_are_not_warned_of():
    X, y = load_diabetes(return_X_y=True)
    assert DNNRegressor.from_preset("realmlp", epochs=1, random_state=0).fit(X, y).n_epochs_ == 1
