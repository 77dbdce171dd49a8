"""Features of images from patches and their nearest centres, which are learnt without labels."""

import itertools

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from presets.data.images import fit_image_standardizer, read_images
from presets.data.standardize import Standardizer

N_CENTRES = 200
"""Digits and sign_digits have about the same accuracy with 100 and with 300 centres."""

PATCH_SIDES = 3, 6
"""Least and greatest side of a patch. Between them it is a third of the shorter side of an image."""

MOST_PLACES = 48
"""Patches overlap. In larger images, some steps are left out, so that there are at most this many places in a line."""

REGIONS, REGION_PLACES = 3, 3
"""Similarities are averaged over regions: greatest number of them in a line, and least number of places in each. Digits
of 8 x 8 pixels have a log loss of .014 with two regions in a line and .021 with three, and sign_digits of 48 x 48
pixels .26 and .22."""

LEARNT_IMAGES, LEARNT_PATCHES = 500, 50_000
"""How many images and patches the centres are learnt from."""

CONTRAST, WHITENING = 0.01, 0.1
"""Added to the variance of a patch, where all values have the variance 1, and to the variances for the whitening.
Coates, Ng & Lee add 10 for values up to 255, and .1."""

CHUNK = 2**22
"""About how many similarities are held at the same time."""


class Patches(TransformerMixin, BaseEstimator):
    """Features of images from centres of their patches (Coates, Ng & Lee 2011).

    k-means finds centres of normalised and whitened patches. For each patch and centre, the similarity is how much
    nearer the centre is than the mean of all centres, or 0. Features are the means of the similarities in regions.

    Parameters
    ----------
    n_centres : int, default=200
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    centres_ : ndarray of shape (n_centres, side * side * n_channels)
    patch_mean_ : ndarray of shape (side * side * n_channels,)
        Mean of the normalised patches.
    whitening_ : ndarray of shape (side * side * n_channels, side * side * n_channels)
    side_, stride_ : int
        Side of the patches, and the distance between two of them, in pixels.
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel.
    """

    def __init__(self, n_centres=N_CENTRES, random_state=None):
        self.n_centres = n_centres
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the centres.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, n_channels)
        y : ignored

        Returns
        -------
        self
        """
        random = check_random_state(self.random_state)
        images = read_images(X)
        shortest, longest = min(images.shape[1:3]), max(images.shape[1:3])
        self.side_ = min(max(shortest // 3, PATCH_SIDES[0]), PATCH_SIDES[1], shortest)
        self.stride_ = -(-(longest - self.side_ + 1) // MOST_PLACES)
        drawn = random.permutation(len(images))[:LEARNT_IMAGES]
        standardizer = fit_image_standardizer(images, drawn)
        self.mean_, self.scale_ = standardizer.mean, standardizer.scale
        patches = self._cut(images[drawn])
        places = random.permutation(np.prod(patches.shape[:3]))[:LEARNT_PATCHES]
        patches = _normalised(patches[np.unravel_index(places, patches.shape[:3])])
        self.patch_mean_ = patches.mean(axis=0)
        patches -= self.patch_mean_
        variances, directions = np.linalg.eigh(patches.T @ patches / len(patches))
        self.whitening_ = (directions / np.sqrt(np.maximum(variances, 0) + WHITENING) @ directions.T).astype(np.float32)
        n_centres = min(self.n_centres, len(patches))
        means = MiniBatchKMeans(n_centres, n_init=1, max_iter=20, random_state=random.randint(2**31 - 1))
        self.centres_ = means.fit(patches @ self.whitening_).cluster_centers_
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, n_channels)

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            In float32.
        """
        check_is_fitted(self)
        images = read_images(X)
        n_places = np.prod([(length - self.side_) // self.stride_ + 1 for length in images.shape[1:3]])
        n_rows = max(CHUNK // int(n_places * max(self.centres_.shape)), 1)
        return np.concatenate([self._features(images[part]) for part in gen_batches(len(images), n_rows)])

    def _cut(self, images):
        """View of all patches of the standardised images.

        Returns
        -------
        ndarray of shape (n_samples, n_rows, n_columns, n_channels, side, side)
        """
        images = Standardizer(self.mean_, self.scale_).transform(images, np.float32)
        patches = np.lib.stride_tricks.sliding_window_view(images, (self.side_, self.side_), axis=(1, 2))
        return patches[:, :: self.stride_, :: self.stride_]

    def _features(self, images):
        patches = (_normalised(self._cut(images)) - self.patch_mean_) @ self.whitening_
        squares = (patches**2).sum(axis=-1, keepdims=True) + (self.centres_**2).sum(axis=1)
        distances = np.sqrt(np.maximum(squares - 2 * patches @ self.centres_.T, 0))
        similarities = np.maximum(distances.mean(axis=-1, keepdims=True) - distances, 0)
        rows, columns = (_regions(n_places) for n_places in similarities.shape[1:3])
        means = [similarities[:, row][:, :, column].mean(axis=(1, 2)) for row in rows for column in columns]
        return np.concatenate(means, axis=1)


def _normalised(patches):
    """Patches with mean 0 and about variance 1.

    Parameters
    ----------
    patches : ndarray of shape (..., n_channels, side, side)

    Returns
    -------
    ndarray of shape (..., n_channels * side * side)
    """
    patches = patches.reshape(*patches.shape[:-3], -1)
    patches = patches - patches.mean(axis=-1, keepdims=True)
    return patches / np.sqrt(patches.var(axis=-1, keepdims=True) + CONTRAST)


def _regions(n_places):
    """Slices of the places in a line."""
    ends = np.linspace(0, n_places, max(min(n_places // REGION_PLACES, REGIONS), 1) + 1).astype(int)
    return [slice(start, end) for start, end in itertools.pairwise(ends)]
