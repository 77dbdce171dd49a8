import keras
import numpy as np
import pytest

from presets.builders.augmentation import RandomAffine, augmentation_layers
from presets.builders.cutout import RandomCutout
from presets.builders.shift import RandomShift

RANGE = (-1.5, 2.5)


class Unfaithful(keras.layers.RandomFlip):
    """Its configuration does not build it again, as that of Keras 3.15's RandomShear."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)


def images(n_channels, n_samples=16, size=12):
    return np.random.default_rng(0).uniform(*RANGE, (n_samples, size, size, n_channels)).astype("float32")


def apply(layers, X, training=True):
    for layer in layers:
        X = layer(X, training=training)
    return keras.ops.convert_to_numpy(X)


def build(augmentation, seed=0):
    return augmentation_layers(augmentation, value_range=RANGE, seed=seed)


def random_layers():
    names = ["RandomFlip", "RandomBrightness", "RandomContrast", "RandomErasing", "RandAugment", "RandomRotation"]
    arguments = {"RandomBrightness": (0.2,), "RandomContrast": (0.2,), "RandomRotation": (0.1,)}
    return [getattr(keras.layers, name)(*arguments.get(name, ())) for name in names if hasattr(keras.layers, name)]


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("augmentation", ["article", "flip", "strong", "cutout"])
def test_changes_training_images_within_their_range(augmentation, n_channels):
    X = images(n_channels)
    changed = apply(build(augmentation), X)
    assert changed.shape == X.shape
    assert (np.abs(changed - X).max(axis=(1, 2, 3)) > 0.1).all()
    assert changed.min() >= RANGE[0] - 1e-5
    assert changed.max() <= RANGE[1] + 1e-5
    np.testing.assert_array_equal(apply(build(augmentation), X, training=False), X)


@pytest.mark.parametrize("augmentation", ["article", "strong", "cutout"])
def test_draws_follow_from_the_seed(augmentation):
    X = images(1)
    layers = build(augmentation, seed=5)
    first, second = apply(layers, X), apply(layers, X)
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(apply(build(augmentation, seed=5), X), first)
    assert np.abs(apply(build(augmentation, seed=6), X) - first).max() > 0.1


def test_list_is_copied_with_seeds_and_the_range_of_the_data():
    given = random_layers()
    configs = [layer.get_config() for layer in given]
    copies = build(given, seed=3)
    assert [type(layer) for layer in copies] == [type(layer) for layer in given]
    assert [layer.seed for layer in copies] == list(range(3, 3 + len(given)))
    assert all(tuple(layer.value_range) == RANGE for layer in copies if hasattr(layer, "value_range"))
    assert not set(map(id, copies)) & set(map(id, given))
    assert [layer.get_config() for layer in given] == configs
    changed = apply(copies, images(1))
    assert changed.min() >= RANGE[0] - 1e-3
    assert changed.max() <= RANGE[1] + 1e-3


@pytest.mark.parametrize("augmentation", ["article", "strong", "cutout", "list"])
def test_works_inside_compiled_training(augmentation):
    X, y = images(1), np.arange(16) % 2
    inputs = outputs = keras.Input(X.shape[1:])
    for layer in build(
        [keras.layers.RandomFlip(), keras.layers.RandomZoom(0.1)] if augmentation == "list" else augmentation
    ):
        outputs = layer(outputs)
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(outputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), steps_per_execution=2)
    losses = model.fit(X, y, batch_size=4, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))


def test_nothing_drawn_leaves_images_as_they_are():
    X = images(3)
    np.testing.assert_allclose(apply([RandomAffine()], X), X, atol=1e-5)


def test_flip_mirrors_some_images_exactly():
    X = images(3)
    flipped = apply([RandomAffine(horizontal_flip=True, seed=1)], X)
    is_same = np.isclose(flipped, X, atol=1e-4).all(axis=(1, 2, 3))
    is_mirrored = np.isclose(flipped, X[:, :, ::-1], atol=1e-4).all(axis=(1, 2, 3))
    assert (is_same ^ is_mirrored).all()
    assert 0 < is_mirrored.sum() < len(X)


@pytest.mark.parametrize(
    ("change", "moved"),
    [({"translation": 0.25}, 3.0), ({"rotation": 0.25}, None), ({"zoom": 0.3}, None), ({"shear": 0.3}, None)],
)
def test_each_change_is_as_large_as_it_says(change, moved):
    """A dot in the centre stays, unless the image is moved; a dot off the centre stays within reach."""
    X = np.zeros((64, 13, 13, 1), dtype="float32")
    X[:, 6, 6] = 1.0
    changed = apply([RandomAffine(**change, seed=0)], X)[..., 0]
    places = np.argwhere(changed == changed.max(axis=(1, 2), keepdims=True))
    distances = np.abs(places[:, 1:] - 6).max(axis=1)
    if moved is None:
        np.testing.assert_allclose(changed[:, 6, 6], 1.0, atol=1e-4)
    else:
        assert 2 <= distances.max() <= np.ceil(moved + 0.25)


def test_rotation_keeps_the_distance_to_the_centre():
    X = np.zeros((32, 21, 21, 1), dtype="float32")
    X[:, 10, 15:18] = X[:, 9, 15:18] = X[:, 11, 15:18] = 1.0
    changed = apply([RandomAffine(rotation=0.5, seed=0)], X)[..., 0]
    rows, columns = np.mgrid[:21, :21] - 10
    weight = changed / changed.sum(axis=(1, 2), keepdims=True)
    y, x = (weight * rows).sum(axis=(1, 2)), (weight * columns).sum(axis=(1, 2))
    np.testing.assert_allclose(np.hypot(x, y), 6.0, atol=0.3)
    angles = np.arctan2(y, x)
    assert angles.min() < -1.5
    assert angles.max() > 1.5


@pytest.mark.parametrize("horizontal_flip", [False, True])
def test_shifted_images_are_moved_by_whole_pixels(horizontal_flip):
    """Two pixels of twenty, one of ten; what comes in from outside is the border, as by numpy's padding."""
    X = np.random.default_rng(0).normal(size=(200, 20, 10, 2)).astype("float32")
    shifted = apply([RandomShift(0.1, horizontal_flip=horizontal_flip, seed=0)], X)
    found = set()
    for image, changed in zip(X, shifted, strict=True):
        for mirrored in (False, True):
            padded = np.pad(image[:, ::-1] if mirrored else image, [(2, 2), (1, 1), (0, 0)], mode="edge")
            for down, right in np.ndindex(5, 3):
                if np.array_equal(padded[down : down + 20, right : right + 10], changed):
                    found.add((mirrored, down, right))
                    break
            else:
                continue
            break
        else:
            pytest.fail("an image was changed in another way")
    assert len(found) == 15 * (1 + horizontal_flip)


def test_cutout_covers_one_patch_anywhere_in_an_image():
    X = np.ones((400, 8, 12, 2), dtype="float32")
    changed = apply([RandomCutout(0.25, seed=0)], X)
    corners = set()
    for image in changed:
        rows, columns = np.nonzero(image[..., 0] == 0)
        corners.add((rows.min(), columns.min()))
        expected = np.ones((8, 12, 2))
        expected[rows.min() : rows.min() + 2, columns.min() : columns.min() + 3] = 0
        np.testing.assert_array_equal(image, expected)
    assert corners == set(np.ndindex(7, 10))


@pytest.mark.parametrize(
    "layer",
    [
        RandomAffine(0.1, 0.2, 0.3, 0.4, horizontal_flip=True, seed=5),
        RandomShift(0.2, horizontal_flip=True, seed=5),
        RandomCutout(0.3, seed=5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_come_back_from_their_config(layer):
    X = images(1)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    np.testing.assert_array_equal(apply([copy], X), apply([layer], X))


def test_none_is_no_augmentation():
    assert build(None) == []


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
@pytest.mark.parametrize("nested", [False, True])
def test_blending_is_refused(name, nested):
    layer = getattr(keras.layers, name, None) or pytest.skip(f"this Keras has no {name}")
    given = keras.layers.Pipeline([layer()]) if nested else layer()
    with pytest.raises(ValueError, match=f"cannot take {name}.*images but not labels"):
        build([given])


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        ("weak", "augmentation='weak' is not known"),
        ([keras.layers.Rescaling(2.0)], "cannot take Rescaling: it also changes images in predictions"),
        (["article"], "must contain Keras layers"),
        ([Unfaithful(1)], "cannot copy Unfaithful"),
    ],
)
def test_what_cannot_be_used_is_refused(augmentation, message):
    with pytest.raises(ValueError, match=message):
        build(augmentation)
