import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from presets.builders.cnn import BLOCKS, build_cnn


def build(input_shape=(8, 8, 1), n_outputs=10, **arguments):
    defaults = {
        "filters": (8, 16, 32),
        "kernel_size": 3,
        "dense_units": 16,
        "activation": "relu",
        "kernel_initializer": "glorot_uniform",
        "dropout": 0.5,
        "l1": 0.0,
        "l2": 0.0,
        "dtype": "float32",
        "seed": 0,
    }
    return build_cnn(input_shape, n_outputs, **{**defaults, **arguments})


def outputs(model, X, **options):
    return keras.ops.convert_to_numpy(model(X, **options))


def compile_and_update(model, n_outputs, n_samples=8):
    rng = np.random.default_rng(0)
    model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
    model.train_on_batch(rng.normal(size=(n_samples, *model.input_shape[1:])), rng.normal(size=(n_samples, n_outputs)))


@pytest.fixture
def backbone():
    rng = np.random.default_rng(1)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            keras.layers.Conv2D(4, 3, name="first"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.MaxPooling2D(),
        ]
    )
    model.set_weights([rng.uniform(0.1, 1.0, v.shape) for v in model.weights])
    return model


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    ("input_shape", "sides"),
    [
        ((8, 8, 1), [(4, 4), (2, 2)]),
        ((28, 28, 1), [(14, 14), (7, 7), (3, 3)]),
        ((48, 32, 3), [(24, 16), (12, 8), (6, 4)]),
        ((3, 40, 1), []),
        ((3, 2, 1), []),
        ((1, 1, 2), []),
    ],
)
def test_pools_while_both_sides_keep_two_pixels(input_shape, sides, block):
    model = build(input_shape, block=block, se_ratio=None if block == "plain" else 0.25)
    pooled = [layer.output.shape[1:3] for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert pooled == sides
    assert outputs(model, np.zeros((2, *input_shape))).shape == (2, 10)


@pytest.mark.parametrize(("block", "se_ratio"), [("residual", None), ("residual", 0.5), ("separable", 0.1)])
@pytest.mark.parametrize("input_shape", [(9, 6, 2), (1, 1, 1)])
def test_stages_equal_a_network_built_by_hand(block, se_ratio, input_shape):
    rng = np.random.default_rng(0)
    model = build(input_shape, 3, block=block, se_ratio=se_ratio, filters=(4, 6), dense_units=None, dropout=0.0)
    model.set_weights([rng.uniform(-0.3 if "kernel" in v.name else 0.1, 1.0, v.shape) for v in model.weights])
    by_hand = stages_by_hand(input_shape, block, se_ratio)
    for layer in by_hand.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    assert by_hand.count_params() == model.count_params()
    X = rng.normal(size=(5, *input_shape)).astype("float32")
    for training in (False, True):
        found, expected = outputs(model, X, training=training), outputs(by_hand, X, training=training)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def stages_by_hand(input_shape, block, se_ratio):
    """Two stages of 4 and 6 filters in Keras's own layers. The first convolution is always a full one."""
    layers = keras.layers

    def convolve(kind, n_filters, images, part):
        return kind(n_filters, 3, padding="same", use_bias=False, name=f"convolution_{part}")(images)

    def normalize(images, part):
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9, name=f"normalization_{part}")(images))

    def rescale(images, n_filters, part):
        units = {(4, 0.5): 2, (6, 0.5): 3, (4, 0.1): 1, (6, 0.1): 1}[n_filters, se_ratio]
        factors = layers.GlobalAveragePooling2D()(images)
        factors = layers.Dense(units, "relu", name=f"squeeze_{part}")(factors)
        factors = layers.Dense(n_filters, "sigmoid", name=f"excitation_{part}")(factors)
        return images * layers.Reshape((1, 1, n_filters))(factors)

    kind = layers.Conv2D if block == "residual" else layers.SeparableConv2D
    inputs = images = keras.Input(input_shape)
    for n_filters, part, entry in ((4, "1", layers.Conv2D), (6, "2", kind)):
        images = convolve(entry, n_filters, images, part)
        images = layers.MaxPooling2D()(images) if min(images.shape[1:3]) >= 4 else images
        images = added = normalize(images, part)
        for of_branch in (f"{part}_first", f"{part}_second"):
            added = normalize(convolve(kind, n_filters, added, of_branch), of_branch)
        images = images + (added if se_ratio is None else rescale(added, n_filters, part))
    return keras.Model(inputs, layers.Dense(3, name="outputs")(layers.GlobalMaxPooling2D()(images)))


def test_penalties_hold_for_every_kernel():
    model = build(block="separable", se_ratio=0.25, l2=0.5)
    model.set_weights([np.ones(v.shape) for v in model.weights])
    kernels = [v for v in model.weights if "kernel" in v.name]
    assert len(kernels) == 1 + 8 * 2 + 3 * 2 + 2  # full, separable, squeeze and excitation, dense and outputs
    assert sum(float(loss) for loss in model.losses) == pytest.approx(0.5 * sum(np.prod(v.shape) for v in kernels))


def test_learns_digits():
    X, y = load_digits(return_X_y=True)
    X = ((X.reshape(-1, 8, 8, 1) - X.mean()) / X.std()).astype("float32")
    model = build(augmentation="article", filters=(16, 32), dropout=0.2)
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(X[:1500], y[:1500], batch_size=64, epochs=10, verbose=0)
    assert model.evaluate(X[1500:], y[1500:], verbose=0)[1] > 0.85


@pytest.mark.parametrize("augmentation", ["strong", "cutout"])
@pytest.mark.parametrize("block", ["plain", "residual"])
def test_augmentation_acts_in_training_only_and_has_no_weights(augmentation, block):
    X = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    plain = build(dropout=0.0, block=block)
    augmented = build(dropout=0.0, block=block, augmentation=augmentation, value_range=(-3.0, 3.0))
    assert [v.path for v in augmented.weights] == [v.path for v in plain.weights]
    augmented.set_weights(plain.get_weights())
    # Keras's own layers augment unless they are told that this is no training
    np.testing.assert_array_equal(outputs(augmented, X, training=False), outputs(plain, X))
    np.testing.assert_allclose(augmented.predict(X, verbose=0), outputs(plain, X), atol=1e-6)
    assert np.abs(outputs(augmented, X, training=True) - outputs(plain, X)).max() > 0


@pytest.mark.parametrize(
    ("block", "input_shape"), [("plain", (8, 5, 1)), ("separable", (1, 1, 2)), ("backbone", (12, 12, 3))]
)
def test_averaged_flips_are_means_over_mirror_images_in_inference_only(block, input_shape, backbone):
    own = {"backbone": backbone} if block == "backbone" else {"block": block}
    plain = build(input_shape, dropout=0.0, **own)
    averaged = build(input_shape, dropout=0.0, average_flips=True, **own)
    assert [v.path for v in averaged.weights] == [v.path for v in plain.weights]
    averaged.set_weights(plain.get_weights())
    X = np.random.default_rng(0).normal(size=(5, *input_shape)).astype("float32")
    expected = (outputs(plain, X) + outputs(plain, X[:, :, ::-1])) / 2
    for found in (outputs(averaged, X), averaged.predict(X, batch_size=2, verbose=0)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        outputs(averaged, X, training=True), outputs(plain, X, training=True), rtol=1e-4, atol=1e-6
    )


def test_every_random_layer_has_a_seed_of_its_own():
    model = build(augmentation="strong")
    seeds = [layer.seed for layer in model._flatten_layers() if hasattr(layer, "seed")]
    assert None not in seeds
    assert len(set(seeds)) == len(seeds) >= 3


def test_layer_that_changes_the_shape_is_refused():
    with pytest.raises(ValueError, match=r"cannot take RandomCrop: it changes .*\(8, 8, 1\) to \(4, 4, 1\)"):
        build(augmentation=[keras.layers.RandomCrop(4, 4)])


@pytest.mark.parametrize("block", ["backbone", "separable"])
def test_saved_model_without_augmentation_needs_only_keras(block, backbone, tmp_path):
    own = {"backbone": backbone} if block == "backbone" else {"block": block, "se_ratio": 0.25}
    model = build((12, 12, 3), **own)
    assert "presets" not in model.to_json()
    model.save(tmp_path / "model.keras")
    X = np.random.default_rng(0).normal(size=(2, 12, 12, 3))
    np.testing.assert_allclose(outputs(keras.saving.load_model(tmp_path / "model.keras"), X), outputs(model, X), 1e-6)


def test_frozen_backbone_is_a_copy_that_training_leaves_alone(backbone):
    before = backbone.get_weights()
    model = build((12, 12, 3), 2, backbone=backbone)
    own = model.get_layer("backbone")
    head = model.get_layer("dense").get_weights()
    compile_and_update(model, 2)
    for mine, theirs in zip(own.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.abs(model.get_layer("dense").get_weights()[0] - head[0]).max() > 0
    X = np.random.default_rng(0).normal(size=(2, 12, 12, 3))
    np.testing.assert_allclose(outputs(own, X), outputs(backbone, X), rtol=1e-6)


def test_trained_backbone_has_the_same_weights_in_the_same_order(backbone):
    before = backbone.get_weights()
    frozen, model = (
        build((12, 12, 3), 2, backbone=backbone),
        build((12, 12, 3), 2, backbone=backbone, train_backbone=True),
    )
    assert [v.path for v in model.weights] == [v.path for v in frozen.weights]
    compile_and_update(model, 2)
    moved = [np.abs(a - b).max() > 0 for a, b in zip(model.get_layer("backbone").get_weights(), before, strict=True)]
    del moved[1]  # batch normalisation takes out any bias before it
    assert all(moved)
    for mine, theirs in zip(backbone.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_backbone_may_put_out_features():
    backbone = keras.Sequential([keras.Input((12, 12, 3)), keras.layers.Flatten(), keras.layers.Dense(5)])
    assert outputs(build((12, 12, 3), 2, backbone=backbone), np.zeros((4, 12, 12, 3))).shape == (4, 2)


def test_backbone_for_other_images_is_refused(backbone):
    with pytest.raises(
        ValueError, match=r"backbone takes inputs of shape \(12, 12, 3\), but the images have \(12, 12, 1\)"
    ):
        build((12, 12, 1), backbone=backbone)
    with pytest.raises(ValueError, match="output of backbone must have the shape"):
        build((12, 12, 3), backbone=keras.Sequential([keras.Input((12, 12, 3)), keras.layers.Reshape((144, 3))]))


def test_takes_numpy_integers_from_a_search():
    model = build(filters=np.array([4, 8]), kernel_size=np.int64(5), dense_units=np.int64(6), n_outputs=np.int64(3))
    assert model.output_shape == (None, 3)
    assert model.get_layer("convolution_1").kernel_size == (5, 5)
