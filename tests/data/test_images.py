import numpy as np
import pytest

from presets.data.images import fit_image_standardizer, plain_image_standardizer, read_images, value_range


@pytest.fixture
def colour():
    return np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)


def test_every_layout_reads_the_same(colour):
    table = colour.reshape(6, -1)
    first = np.moveaxis(colour, -1, 1)
    for images in (
        read_images(colour),
        read_images(list(colour)),
        read_images(first, data_format="channels_first"),
        read_images(table, image_shape=(4, 5, 3)),
        read_images(first.reshape(6, -1), image_shape=(3, 4, 5), data_format="channels_first"),
        read_images(colour, image_shape=(4, 5, 3)),
    ):
        np.testing.assert_array_equal(images, colour)
        assert images.dtype == np.uint8


def test_objects_hold_images_too(colour):
    X = np.empty(6, dtype=object)
    X[:] = list(colour)
    np.testing.assert_array_equal(read_images(X), colour)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_grey_images_get_one_channel(colour, data_format):
    grey = colour[..., 0]
    for images in (
        read_images(grey, data_format=data_format),
        read_images(grey.reshape(6, -1), image_shape=(4, 5), data_format=data_format),
    ):
        np.testing.assert_array_equal(images, grey[..., None])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("uint8", "uint8"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("bool", "float32"),
        ("uint16", "float32"),
        ("int64", "float64"),
    ],
)
def test_numbers_stay_as_exact_as_they_are(given, read):
    assert read_images(np.ones((2, 3, 3), dtype=given)).dtype == read


def test_statistics_are_those_of_the_channels_in_the_unit_of_the_images(colour):
    rows = np.array([0, 2, 5])
    standardizer = fit_image_standardizer(colour, rows)
    np.testing.assert_allclose(standardizer.mean, colour[rows].mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(standardizer.scale, colour[rows].std(axis=(0, 1, 2)))
    standardised = standardizer.transform(colour[rows], "float32")
    np.testing.assert_allclose(standardised.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(standardised.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_statistics_survive_a_large_offset():
    images = np.random.default_rng(0).normal(1e9, 2.0, (5, 4, 4, 1))
    standardizer = fit_image_standardizer(images, np.arange(5))
    np.testing.assert_allclose(standardizer.scale, images.std(), rtol=1e-6)


@pytest.mark.parametrize("weights", [None, np.array([9.0, 1, 9, 9, 3, 9])])
def test_tiny_values_of_some_images_have_exact_statistics(colour, weights):
    rows = np.array([4, 1])
    standardizer, tiny = (fit_image_standardizer(unit * colour, rows, weights) for unit in (1.0, 1e-200))
    np.testing.assert_allclose(tiny.mean, 1e-200 * standardizer.mean)
    np.testing.assert_allclose(tiny.scale, 1e-200 * standardizer.scale)


def test_weight_of_an_image_is_that_of_copies(colour):
    weighted = fit_image_standardizer(colour, np.array([0, 1]), np.array([3.0, 1, 9, 9, 9, 9]))
    copied = fit_image_standardizer(colour, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(weighted.mean, copied.mean)
    np.testing.assert_allclose(weighted.scale, copied.scale)


def test_constant_channel_is_not_scaled(colour):
    images = colour / 255.0
    images[..., 1] = 0.1
    assert fit_image_standardizer(images, np.arange(6)).scale[1] == 1.0


def test_without_standardisation_only_bytes_are_scaled(colour):
    np.testing.assert_allclose(plain_image_standardizer(colour).transform(colour, "float64"), colour / 255)
    floats = colour.astype("float32")
    np.testing.assert_array_equal(plain_image_standardizer(floats).transform(floats, "float32"), floats)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_range_holds_every_standardised_value(colour, dtype):
    images, rows = colour.astype(dtype), np.arange(4)
    for standardizer in (fit_image_standardizer(images, rows), plain_image_standardizer(images)):
        standardised = standardizer.transform(images[rows], "float64")
        low, high = value_range(images, rows, standardizer)
        assert low <= standardised.min()
        assert high >= standardised.max()
        assert high - low <= np.ptp(standardised) + 1.1
        assert (2 * low, 2 * high) == (round(2 * low), round(2 * high))


def test_range_of_folds_is_one():
    """It is compiled into the network: a range for every fold would be a program for every fold."""
    images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1), dtype=np.uint8)
    folds = np.array_split(np.arange(100), 5)
    ranges = {value_range(images, rows, fit_image_standardizer(images, rows)) for rows in folds}
    assert len(ranges) == 1


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.ones((3, 16)), {}, "set image_shape"),
        (np.ones((3, 16)), {"image_shape": (4, 5)}, r"image_shape=\(4, 5\) means 20 numbers .* \(3, 16\)"),
        (np.ones((3, 16)), {"image_shape": (16,)}, "image_shape must be two or three numbers"),
        (np.ones((3, 4, 4)), {"image_shape": (4, 5)}, r"image_shape=\(4, 5\)"),
        (np.ones(3), {}, "X must have shape"),
        (np.ones((2, 2, 2, 2, 2)), {}, "X must have shape"),
        (np.ones((0, 4, 4)), {}, "at least one image"),
        (np.ones((2, 4, 0)), {}, "one pixel"),
        (np.where(np.arange(32).reshape(2, 4, 4) == 20, np.nan, 1.0), {}, r"X\[1\] contains NaN"),
        (np.where(np.arange(32).reshape(2, 4, 4) == 3, np.inf, 1.0), {}, r"X\[0\] contains infinity"),
        ([np.ones((4, 4)), np.ones((4, 5))], {}, r"X\[1\] has shape \(4, 5\), X\[0\] has \(4, 4\)"),
        ([[["a"]]], {}, "X must hold numbers"),
    ],
)
def test_what_cannot_be_read_is_named(X, options, message):
    with pytest.raises(ValueError, match=message):
        read_images(X, **options)
