"""Images: layout, checks, standardisation and range of values."""

import math
from typing import Any

import numpy as np

from presets.data.arrays import check_finite, numeric
from presets.data.standardize import Standardizer, blocks, deviations, lost_digits, sizes
from presets.typing import Array

FAR = 1e60
"""Images with values above this size, or below its inverse, are scaled before their variance is computed."""


def read_images(X: Any, *, data_format: str = "channels_last", image_shape: tuple[int, ...] | None = None) -> Array:
    """Read images in any supported form, and check them.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width), (n_samples, height, width, n_channels) or (n_samples, n_columns)
        In numbers of any type; whole images in uint8 stay so. Two dimensions need `image_shape`.
    data_format : {"channels_last", "channels_first"}
        "channels_first": ``(n_samples, n_channels, height, width)``.
    image_shape : tuple of int, optional
        Shape of one image in the same format, with or without its channels, for images in the rows of a table.

    Returns
    -------
    ndarray of shape (n_samples, height, width, n_channels)
        In uint8 if X is, else in float32 if that is enough for the type of X, else in float64.

    Raises
    ------
    ValueError
        If X is not numeric, has another shape, or holds NaN or infinity; the message names the image.
    """
    images = numeric(X)
    if image_shape is not None:
        images = _reshape(images, tuple(image_shape))
    if images.ndim == 2:
        raise ValueError(
            f"X of shape {images.shape} is a table. If each row is an image, set image_shape to (height, width) or "
            "(height, width, n_channels)."
        )
    if images.ndim not in (3, 4):
        raise ValueError(
            "X must have shape (n_samples, height, width) or (n_samples, height, width, n_channels), "
            f"got {images.shape}."
        )
    if not images.size:
        raise ValueError(f"X must hold at least one image and one pixel, got an array of shape {images.shape}.")
    if images.ndim == 3:
        images = images[..., None]
    elif data_format == "channels_first":
        images = np.ascontiguousarray(np.moveaxis(images, 1, -1))
    check_finite(images, "leave the image out or fill the pixels in")
    return images


def fit_image_standardizer(images: Array, rows: Array, weights: Array | None = None) -> Standardizer:
    """Compute mean and standard deviation of each channel over some images, in float64 and in the unit of the images.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width, n_channels)
        Or other samples, whose last axis holds channels, of any number of axes.
    rows : ndarray of int
    weights : ndarray of shape (n_samples,), optional

    Returns
    -------
    Standardizer
        Its `transform` takes arrays of images. A channel that never changes has scale 1.
    """
    shares = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
    shares = shares / shares.sum()
    mean, variance = np.zeros(images.shape[-1]), np.zeros(images.shape[-1])
    with np.errstate(over="ignore", invalid="ignore"):
        for part, pixels in _pixels(images, rows):
            mean += shares[part] @ pixels.mean(axis=1)
        for part, pixels in _pixels(images, rows):
            variance += shares[part] @ np.square(pixels - mean).mean(axis=1)
    scale = deviations(mean, variance, len(rows) * math.prod(images.shape[1:-1]))
    extreme = lost_digits(mean, variance)
    if extreme.any():
        units = sizes(images[..., extreme].reshape(-1, extreme.sum()), np.arange(images[..., 0].size))
        if ((units < 1 / FAR) | (units > FAR)).any():
            inner = fit_image_standardizer(images[..., extreme] / units, rows, weights)
            mean[extreme] = inner.mean * units
            scale[extreme] = np.where(inner.scale == 1.0, 1.0, inner.scale * units)
    return Standardizer(mean, scale)


def plain_image_standardizer(images: Array) -> Standardizer:
    """Build the standardizer for images that are not standardised: it scales uint8 from 0..255 to 0..1.

    Returns
    -------
    Standardizer
    """
    n_channels = images.shape[-1]
    return Standardizer(np.zeros(n_channels), np.full(n_channels, 255.0 if images.dtype == np.uint8 else 1.0))


def value_range(images: Array, rows: Array, standardizer: Standardizer) -> tuple[float, float]:
    """Find the range of the values in standardised images, for augmentation that depends on it.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width, n_channels)
    rows : ndarray of int
    standardizer : Standardizer

    Returns
    -------
    low, high : float
        Over all channels: the full range of uint8, or else the range of the values in these rows. The limits are
        rounded outwards to halves. They are compiled into a network, and folds of a cross-validation should share one.
    """
    if images.dtype == np.uint8:
        low, high = 0.0, 255.0
    else:
        low, high = np.inf, -np.inf
        for _, pixels in _pixels(images, rows):
            low = np.minimum(low, pixels.min(axis=(0, 1)))
            high = np.maximum(high, pixels.max(axis=(0, 1)))
    low = ((low - standardizer.mean) / standardizer.scale).min()
    high = ((high - standardizer.mean) / standardizer.scale).max()
    return float(np.floor(2 * low) / 2), float(np.ceil(2 * high) / 2)


def _reshape(images, image_shape):
    if len(image_shape) not in (2, 3):
        raise ValueError(f"image_shape must be two or three numbers, got {image_shape}.")
    if images.ndim == 2 and images.shape[1] == math.prod(image_shape):
        return images.reshape(len(images), *image_shape)
    if images.shape[1:] == image_shape:
        return images
    raise ValueError(
        f"image_shape={image_shape} means {math.prod(image_shape)} numbers for each image, "
        f"but X has shape {images.shape}."
    )


def _pixels(images, rows):
    """Yield slices of `rows` with the pixels of those images, in float64."""
    for part, block in blocks(images.reshape(len(images), -1), rows):
        yield part, block.reshape(len(block), -1, images.shape[-1])
