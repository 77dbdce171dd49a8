"""Images in every form, under scikit-learn's contract, with augmentation and with a backbone."""

import copy
import io
import pickle
import random

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, check_cv, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from presets import CNNClassifier, CNNRegressor, article, clear_programs, load, save
from presets.training.pool import POOL

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (40, 6, 5, 3)).astype("uint8")
COLOUR[::2, :3] //= 4
GREY = COLOUR[..., 0]
LABELS = np.tile([0, 1], 20)
VALUES = GREY[:, :3].mean(axis=(1, 2)) * 2 + 7.0
TARGETS = {CNNClassifier: LABELS, CNNRegressor: VALUES}

both = pytest.mark.parametrize("estimator", [CNNClassifier, CNNRegressor])
one = pytest.mark.parametrize("estimator", [CNNClassifier])  # enough for how X is read and fitted


def quick(estimator, **parameters):
    small = {"filters": (4,), "dense_units": 8, "augmentation": None, "epochs": 2, "batch_size": 16, "random_state": 0}
    return estimator(**{**small, **parameters})


def fit(estimator, X, **parameters):
    return quick(estimator, **parameters).fit(X, TARGETS[estimator])


def outputs(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


def by_pickle(model):
    return pickle.loads(pickle.dumps(model))


def small_backbone():
    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer=keras.initializers.GlorotUniform(1))(inputs)
    outputs = keras.layers.BatchNormalization()(outputs)
    return keras.Model(inputs, keras.layers.Activation("relu")(outputs))


# ---------------------------------------------------------------- forms of X


@one
def test_types_and_layouts_of_colour(estimator):
    expected = outputs(fit(estimator, COLOUR), COLOUR)
    for X, parameters in [
        (COLOUR.astype("float32"), {}),
        (COLOUR.astype("int64"), {}),
        (list(COLOUR), {}),
        (COLOUR / 255, {}),
        (np.moveaxis(COLOUR, -1, 1), {"data_format": "channels_first"}),
        (COLOUR.reshape(40, -1), {"image_shape": (6, 5, 3)}),
        (np.moveaxis(COLOUR, -1, 1).reshape(40, -1), {"image_shape": (3, 6, 5), "data_format": "channels_first"}),
    ]:
        model = fit(estimator, X, **parameters)
        np.testing.assert_allclose(outputs(model, X), expected, rtol=1e-4)
        assert model.n_features_in_ == (X.shape[1] if "image_shape" in parameters else 3)


@one
def test_layouts_of_grey(estimator):
    expected = outputs(fit(estimator, GREY), GREY)
    for X, parameters in [
        (GREY[..., None], {}),
        (GREY[:, None], {"data_format": "channels_first"}),
        (GREY, {"data_format": "channels_first"}),
        (GREY.reshape(40, -1), {"image_shape": (6, 5)}),
        (GREY.reshape(40, -1).tolist(), {"image_shape": [6, 5, 1]}),
    ]:
        np.testing.assert_allclose(outputs(fit(estimator, X, **parameters), X), expected, rtol=1e-4)


@both
def test_whole_numbers_are_scaled_without_standardisation(estimator):
    given = fit(estimator, COLOUR, standardize=False)
    scaled = fit(estimator, COLOUR / 255, standardize=False)
    np.testing.assert_allclose(outputs(given, COLOUR), outputs(scaled, COLOUR / 255), rtol=1e-4)


@both
def test_behind_a_table_pipeline(estimator):
    pipeline = make_pipeline(StandardScaler(), quick(estimator, image_shape=(6, 5)))
    pipeline.fit(GREY.reshape(40, -1), TARGETS[estimator])
    assert pipeline[-1].n_features_in_ == 30
    assert len(pipeline.predict(GREY.reshape(40, -1))) == 40


def test_tags_tell_which_arrays_are_taken():
    assert not CNNClassifier().__sklearn_tags__().input_tags.two_d_array
    assert CNNClassifier(image_shape=(6, 5)).__sklearn_tags__().input_tags.two_d_array


# ---------------------------------------------------------------- scikit-learn's contract


@one
@pytest.mark.parametrize("augmentation", ["article", "layers"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, by_pickle])
def test_fitted_estimators_are_copied_whole(estimator, augmentation, duplicate):
    layers = [keras.layers.RandomContrast(0.1)] if augmentation == "layers" else augmentation
    model = fit(estimator, COLOUR, augmentation=layers)
    copied = duplicate(model)
    np.testing.assert_array_equal(outputs(copied, COLOUR), outputs(model, COLOUR))
    np.testing.assert_array_equal(outputs(copied.fit(COLOUR, TARGETS[estimator]), COLOUR), outputs(model, COLOUR))


@one
def test_clone_fits_to_the_same_numbers(estimator):
    model = fit(estimator, COLOUR, augmentation="strong")
    again = clone(model).fit(COLOUR, TARGETS[estimator])
    np.testing.assert_array_equal(outputs(again, COLOUR), outputs(model, COLOUR))


@one
def test_cross_validation(estimator):
    model = quick(estimator, augmentation="article")
    y = TARGETS[estimator]
    scores = cross_val_score(model, COLOUR, y, cv=2, error_score="raise")
    folds = check_cv(2, y, classifier=is_classifier(model)).split(COLOUR, y)
    by_hand = [clone(model).fit(COLOUR[train], y[train]).score(COLOUR[test], y[test]) for train, test in folds]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-4)


@both
def test_grid_over_a_pipeline(estimator):
    pipeline = make_pipeline(FunctionTransformer(np.negative), quick(estimator))
    grid = {f"{estimator.__name__.lower()}__learning_rate": [0.1, 0.05]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(COLOUR / 255, TARGETS[estimator])
    assert search.predict(COLOUR / 255).shape == (40,)


@one
def test_weights_are_repetitions_of_images(estimator):
    y, exact = TARGETS[estimator], {"dtype": "float64", "dropout": 0, "validation_fraction": 0, "batch_size": 200}
    weights = RNG.integers(0, 3, len(y))
    weighted = quick(estimator, **exact).fit(COLOUR, y, sample_weight=weights)
    plain = quick(estimator, **exact).fit(np.repeat(COLOUR, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(outputs(weighted, COLOUR), outputs(plain, COLOUR), rtol=1e-7)


@both
def test_validation_data_partial_fit_and_warm_start(estimator):
    y = TARGETS[estimator]
    model = quick(estimator).fit(COLOUR, y, X_val=COLOUR[:10], y_val=y[:10])
    assert np.isfinite(model.history_["val_loss"]).all()
    before = outputs(model, COLOUR)
    model.partial_fit(COLOUR, y)
    assert model.n_epochs_ == 3
    model.set_params(warm_start=True).fit(COLOUR, y)
    assert np.abs(outputs(model, COLOUR) - before).max() > 0


def test_the_signal_is_learnt():
    # the mean of the upper half decides, which no number of updates may miss
    model = CNNClassifier(filters=(8,), dense_units=16, epochs=60, batch_size=16, random_state=0, augmentation=None)
    assert model.fit(COLOUR, LABELS).score(COLOUR, LABELS) > 0.9


# ---------------------------------------------------------------- augmentation


@one
@pytest.mark.parametrize("augmentation", ["article", "flip", "strong", "shift_flip", "cutout"])
def test_augmentation_is_seeded_and_off_at_predict(estimator, augmentation):
    models = [fit(estimator, COLOUR, augmentation=augmentation, dropout=0) for _ in range(2)]
    plain = fit(estimator, COLOUR, dropout=0)
    np.testing.assert_array_equal(outputs(models[1], COLOUR), outputs(models[0], COLOUR))
    np.testing.assert_array_equal(outputs(models[0], COLOUR), outputs(models[0], COLOUR))
    assert models[0].history_["loss"] != plain.history_["loss"]


@one
def test_augmentation_changes_with_the_seed(estimator):
    """With the same initial weights and order of rows only the augmentation differs."""
    same = {"augmentation": "article", "dropout": 0, "init": keras.initializers.Constant(0.05), "shuffle": False}
    losses = [
        fit(estimator, COLOUR, random_state=seed, validation_fraction=0, **same).history_["loss"] for seed in (0, 1)
    ]
    assert losses[0] != losses[1]


@one
def test_layers_get_the_range_of_the_data(estimator):
    layer = keras.layers.RandomBrightness(0.1)
    model = fit(estimator, COLOUR, augmentation=[layer])
    low, high = model._fitted.recipe.network.arguments["value_range"]
    standardizer = model._fitted.encoder.standardizer
    assert low <= ((0 - standardizer.mean) / standardizer.scale).min()
    assert high >= ((255 - standardizer.mean) / standardizer.scale).max()
    assert layer.value_range == [0, 255]  # the caller's own stays as it is


@both
def test_presets(estimator):
    assert estimator.list_presets() == ["article", "plain", "strong", "quick", "tuned"]
    assert estimator.from_preset("plain").augmentation is None
    assert estimator().dropout == article.DROPOUT_COMPLEX


@pytest.mark.parametrize("preset", ["quick", "tuned"])
@both
def test_presets_of_residual_networks_learn_digits(estimator, preset):
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8)
    y = y if estimator is CNNClassifier else X.std(axis=(1, 2)) * 1000 + 7
    model = estimator.from_preset(preset, filters=(8, 16), epochs=10, random_state=0).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.8


# ---------------------------------------------------------------- backbone


def conv_kernel(weights):
    return next(w for w in weights if w.shape == (3, 3, 3, 4))


@one
def test_frozen_backbone_keeps_its_weights(estimator):
    backbone = small_backbone()
    own = backbone.get_weights()
    model = fit(estimator, COLOUR, backbone=backbone)
    np.testing.assert_array_equal(conv_kernel(model._fitted.weights), own[0])
    for before, after in zip(own, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    assert set(model.history_) >= {"update_ratio/dense"}


@one
def test_backbone_is_fine_tuned(estimator):
    backbone = small_backbone()
    model = fit(estimator, COLOUR, backbone=backbone, warm_start=True)
    head = model._fitted.weights[-1]
    model.set_params(train_backbone=True, learning_rate=0.01).fit(COLOUR, TARGETS[estimator])
    change = np.abs(conv_kernel(model._fitted.weights) - backbone.get_weights()[0]).max()
    assert 0 < change < 0.1
    assert np.abs(model._fitted.weights[-1] - head).max() < 0.1
    assert model.history_["learning_rate"][0] == pytest.approx(0.01)


@one
def test_copies_of_a_backbone_share_a_program(estimator):
    backbone = small_backbone()
    POOL.clear()
    first = fit(estimator, COLOUR, backbone=backbone)
    again = clone(first).fit(COLOUR, TARGETS[estimator])
    assert len(POOL) == 1
    np.testing.assert_array_equal(outputs(again, COLOUR), outputs(first, COLOUR))
    other = small_backbone()
    other.set_weights([w + 0.1 for w in backbone.get_weights()])
    np.testing.assert_allclose(
        conv_kernel(fit(estimator, COLOUR, backbone=other)._fitted.weights), backbone.get_weights()[0] + 0.1
    )


@one
def test_backbone_is_pickled(estimator):
    model = fit(estimator, COLOUR, backbone=small_backbone())
    POOL.clear()
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(outputs(copied, COLOUR), outputs(model, COLOUR), rtol=1e-6)


# ---------------------------------------------------------------- the complete model


@pytest.mark.parametrize(
    ("estimator", "form"),
    [
        *((CNNClassifier, form) for form in ("colour", "grey", "channels_first", "grey channels_first", "table")),
        *((CNNRegressor, form) for form in ("grey", "table channels_first")),
        (CNNClassifier, "separable"),
        (CNNRegressor, "residual"),
    ],
)
def test_complete_model_predicts_the_same_also_from_its_file(estimator, form, tmp_path):
    first = {"data_format": "channels_first"}
    X, parameters = {
        "colour": (COLOUR, {"augmentation": "strong"}),
        "grey": (GREY, {"augmentation": "article"}),
        "channels_first": (np.moveaxis(COLOUR, -1, 1), first),
        "grey channels_first": (GREY, first),
        "table": (COLOUR.reshape(40, -1), {"image_shape": (6, 5, 3)}),
        "table channels_first": (COLOUR.reshape(40, -1), {"image_shape": (3, 6, 5), **first}),
        "residual": (COLOUR, {"augmentation": "cutout", "block": "residual", "dense_units": None}),
        "separable": (COLOUR, {"block": "separable", "se_ratio": 0.5, "dense_units": None}),
    }[form]
    model = fit(estimator, X, **parameters)
    expected = outputs(model, X)[:, 1] if is_classifier(model) else outputs(model, X)
    model.model_.save(tmp_path / "model.keras")
    for complete in (model.model_, keras.models.load_model(tmp_path / "model.keras")):
        np.testing.assert_allclose(
            complete.predict(X.astype("float32"), verbose=0)[:, 0], expected, rtol=1e-4, atol=1e-5
        )
    assert all(type(layer).__module__.startswith("keras.") for layer in model.model_._flatten_layers())


@both
def test_complete_model_with_a_backbone(estimator, tmp_path):
    model = fit(estimator, COLOUR, backbone=small_backbone())
    model.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = outputs(model, COLOUR)[:, 1] if is_classifier(model) else outputs(model, COLOUR)
    found = loaded.predict(COLOUR.astype("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- averages over mirror images

MIRRORED = COLOUR[:, :, ::-1]


def by_file(model):
    file = io.BytesIO()
    save(model, file)
    return load(io.BytesIO(file.getvalue()))


@pytest.fixture(scope="module")
def averaging():
    """For each estimator, a network that averages flips and the same network without."""
    own = {"init": "he_normal", "restore_best_weights": False}
    averages = {CNNClassifier: {"average_flips": True, "calibrate": True}, CNNRegressor: {"average_flips": True}}
    return {
        estimator: [fit(estimator, COLOUR, **own, **more), fit(estimator, COLOUR, **own)]
        for estimator, more in averages.items()
    }


@both
@pytest.mark.parametrize("copied", [copy.deepcopy, by_pickle, by_file])
def test_predictions_are_means_over_mirror_images(estimator, copied, averaging):
    averaged, plain = averaging[estimator]
    one, other = outputs(plain, COLOUR), outputs(plain, MIRRORED)
    assert np.abs(one - other).max() > 0.05
    if is_classifier(plain):
        mean = (np.log(one[:, 1] / one[:, 0]) + np.log(other[:, 1] / other[:, 0])) / 2
        second = 1 / (1 + np.exp(-mean / averaged.temperature_))
        expected = np.column_stack([1 - second, second])
    else:
        expected = (one + other) / 2
    np.testing.assert_allclose(outputs(copied(averaged), COLOUR), expected, rtol=1e-4, atol=1e-4)


@both
def test_complete_model_averages_too(estimator, averaging, tmp_path):
    averaged, _ = averaging[estimator]
    averaged.model_.save(tmp_path / "model.keras")
    expected = outputs(averaged, COLOUR)[:, 1] if is_classifier(averaged) else outputs(averaged, COLOUR)
    for complete in (averaged.model_, keras.saving.load_model(tmp_path / "model.keras")):
        found = complete.predict(COLOUR.astype("float32"), verbose=0)[:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_validation_uses_what_predictions_use():
    given = {"X_val": COLOUR[:20, :, ::-1], "y_val": LABELS[:20]}
    model = quick(CNNClassifier, average_flips=True, epochs=3).fit(COLOUR, LABELS, **given)
    loss = log_loss(LABELS[:20], model.predict_proba(COLOUR[:20]))
    assert model.history_["val_loss"][model.best_epoch_] == pytest.approx(loss, rel=1e-4)


# ---------------------------------------------------------------- bad input

UNKNOWN = COLOUR.astype(float)
UNKNOWN[3, 0, 0, 0] = np.nan
INFINITE = COLOUR.astype(float)
INFINITE[4, 0, 0, 0] = np.inf

BAD_X = {
    "NaN": (UNKNOWN, r"X\[3\] contains NaN"),
    "infinity": (INFINITE, r"X\[4\] contains infinity"),
    "a table": (COLOUR.reshape(40, -1), "set image_shape"),
    "five dimensions": (COLOUR[..., None], "X must have shape"),
    "no images": (COLOUR[:0], "at least one image"),
    "complex numbers": (COLOUR * 1j, "Complex data"),
    "strings": (COLOUR.astype(str).astype(object) + "x", "must hold numbers"),
    "other sizes": ([*COLOUR[:39], COLOUR[39, :4]], r"X\[39\] has shape \(4, 5, 3\)"),
}


@both
@pytest.mark.parametrize("kind", BAD_X)
def test_bad_x(estimator, kind, no_training):
    X, message = BAD_X[kind]
    with pytest.raises(ValueError, match=message):
        quick(estimator).fit(X, TARGETS[estimator][: len(X)] if len(X) else [])


@both
def test_bad_x_at_predict(estimator):
    model = fit(estimator, COLOUR)
    for X, message in BAD_X.values():
        with pytest.raises(ValueError, match=message):
            model.predict(X)
    with pytest.raises(ValueError, match=r"shape \(5, 5, 3\).*expecting \(6, 5, 3\)"):
        model.predict(COLOUR[:, :5])


@both
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("filters", ()),
        ("filters", (0,)),
        ("block", "inception"),
        ("se_ratio", 0),
        ("se_ratio", 1.5),
        ("se_ratio", 0.25),  # needs another block
        ("kernel_size", 0),
        ("dense_units", 2.5),
        ("augmentation", "weak"),
        ("augmentation", [3]),
        ("augmentation", [keras.layers.MixUp()]),
        ("backbone", "MobileNet"),
        ("backbone", keras.Sequential([keras.Input((6, 5, 1)), keras.layers.Flatten()])),
        ("backbone", keras.Sequential([keras.layers.Conv2D(2, 3)])),
        ("train_backbone", "yes"),
        ("image_shape", (6,)),
        ("image_shape", (6, 6, 3)),
        ("data_format", "last"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_bad_parameters(estimator, parameter, value, no_training):
    with pytest.raises(ValueError, match=parameter):
        fit(estimator, COLOUR, **{parameter: value})


def test_squeeze_excitation_needs_blocks(no_training):
    with pytest.raises(ValueError, match=r"se_ratio=0.25 cannot be used with a backbone"):
        fit(CNNClassifier, COLOUR, block="residual", se_ratio=0.25, backbone=small_backbone())


class Augmented(keras.layers.Layer):
    """A layer of the user's with random layers inside, none of which has a seed."""

    def __init__(self, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner or keras.layers.RandomFlip()

    def call(self, images, training=False):
        return self.inner(images, training=training)

    def get_config(self):
        return super().get_config() | {"inner": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"inner": keras.saving.deserialize_keras_object(config["inner"])})


def nested_backbone():
    inner = keras.Sequential([keras.Input((4, 3, 2)), keras.layers.SpatialDropout2D(0.1), keras.layers.Conv2D(2, 1)])
    return keras.Sequential([keras.Input((6, 5, 3)), keras.layers.Conv2D(2, 3), keras.layers.Dropout(0.1), inner])


COLD = {
    "augmentation by name": {"augmentation": "strong"},
    "residual blocks": {"augmentation": "shift_flip", "block": "residual"},
    "layers": {"augmentation": [keras.layers.RandAugment(), keras.layers.RandomZoom((0.0, 0.1))]},
    "layers inside a layer": {"augmentation": [Augmented()]},
    "backbone": {"backbone": nested_backbone(), "train_backbone": True},
}


@pytest.mark.parametrize("parameters", COLD.values(), ids=COLD)
def test_a_cold_fit_draws_from_no_global_generator(parameters):
    clear_programs()
    state = random.getstate()
    fit(CNNClassifier, COLOUR, **parameters, epochs=1, init="scaled")
    assert random.getstate() == state
