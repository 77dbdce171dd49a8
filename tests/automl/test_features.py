"""Features of sequences and images for linear models."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import presets
from presets import AutoClassifier, AutoRegressor
from presets.automl.patches import Patches
from presets.automl.portfolio import Task, portfolio
from presets.automl.random_convolutions import KERNELS, RandomConvolutions

RANDOM = np.random.default_rng(0)
SEQUENCES = RANDOM.normal(size=(12, 40, 3))
IMAGES = RANDOM.normal(size=(12, 14, 11, 3))
FEATURES = "random_convolutions", "random_convolutions_free", "patches"
BOTH = {
    "random convolutions": (RandomConvolutions(168, random_state=0), SEQUENCES),
    "patches": (Patches(10, 0), IMAGES),
}


@pytest.mark.parametrize("name", BOTH)
def test_features_of_a_sample_do_not_depend_on_the_others(name):
    features, X = BOTH[name]
    together = clone(features).fit(X)
    np.testing.assert_allclose(
        np.concatenate([together.transform(X[[row]]) for row in range(len(X))]), together.transform(X), atol=1e-5
    )
    assert_array_equal(clone(features).fit(X).transform(X), together.transform(X))


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 1), (3, 9, 12)])
def test_short_sequences_have_features(shape):
    features = RandomConvolutions(random_state=0).fit_transform(RANDOM.normal(size=shape))
    assert features.shape == (shape[0], 2520)
    assert np.isfinite(features).all()


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 1, 5, 1), (3, 60, 200, 3)])
@pytest.mark.parametrize("factor", [0.0, 1.0, 1e30])
def test_images_of_any_size_have_features(shape, factor):
    features = Patches(n_centres=5, random_state=0).fit_transform(factor * RANDOM.normal(size=shape))
    assert len(features) == shape[0]
    assert np.isfinite(features).all()


def test_the_units_of_the_channels_of_images_do_not_matter():
    features, X = BOTH["patches"]
    given = X * [1e6, 1.0, 1e-200] + [0.0, 1000.0, 0.0]
    np.testing.assert_allclose(clone(features).fit_transform(given), clone(features).fit_transform(X), atol=1e-4)


def test_features_are_shares_of_the_steps_above_the_biases():
    X = SEQUENCES[:, :, :1]
    features = RandomConvolutions(len(KERNELS), random_state=0).fit(X)
    (biases,) = features.biases_
    standardized = (X[:, :, 0] - X.mean()) / X.std()
    for number, kernel in enumerate(KERNELS):
        weights = np.full(9, -1.0)
        weights[kernel] = 2.0
        steps = slice(4, -4) if number % 2 else slice(None)
        convolved = [np.convolve(row, weights[::-1], mode="same")[steps] for row in standardized]
        expected = np.mean(np.array(convolved) > biases[number], axis=1)
        np.testing.assert_allclose(features.transform(X)[:, number], expected, atol=1e-6)


def test_sequences_are_padded_or_cut_to_the_longest_of_the_training():
    given = [SEQUENCES[0, :5], SEQUENCES[1, :20]]
    features = RandomConvolutions(84, random_state=0).fit(given)
    assert features.n_timesteps_ == 20
    assert_array_equal(features.transform(given[:1]), features.transform(given)[:1])
    assert_array_equal(features.transform(SEQUENCES[1:2]), features.transform(given)[1:])


def test_random_convolutions_tell_frequencies_apart():
    labels = np.arange(60) % 2
    phases = RANDOM.uniform(0, 2 * np.pi, 60)
    X = np.sin(np.arange(50) * np.where(labels, 0.5, 0.9)[:, None] + phases[:, None])
    of_values = make_pipeline(StandardScaler(), LogisticRegression())
    of_features = make_pipeline(RandomConvolutions(random_state=0), of_values)
    assert cross_val_score(of_values, X, labels).mean() < 0.8
    assert cross_val_score(of_features, X, labels).mean() == 1.0


def test_patches_read_digits():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X.reshape(-1, 8, 8), y, random_state=0, stratify=y)
    model = make_pipeline(Patches(50, random_state=0), StandardScaler(), LogisticRegression(max_iter=300))
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.98


@pytest.mark.parametrize("X", [SEQUENCES, IMAGES], ids=["sequences", "images"])
@pytest.mark.parametrize("auto", [AutoClassifier, AutoRegressor])
def test_models_of_features_are_candidates_and_can_be_stored(auto, X, tmp_path):
    task = Task("sequences" if X is SEQUENCES else "images", issubclass(auto, AutoClassifier), n_rows=6)
    candidates = [(c.name, c.estimator) for c in portfolio(task) if c.name in FEATURES]
    fitted = auto(time_limit=None, candidates=candidates, cv=2, random_state=0).fit(X, np.arange(12) % 2)
    assert {trial.status for trial in fitted.trials_} == {"completed"}
    presets.save(fitted, tmp_path / "model.skops")
    loaded = presets.load(tmp_path / "model.skops", trusted=presets.automl.TREES)
    assert_array_equal(loaded.predict(X), fitted.predict(X))
