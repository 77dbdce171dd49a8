"""Features of sequences from many small convolutions that are not trained."""

import itertools
import math

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from presets.data.sequences import fit_sequence_standardizer, read_sequences
from presets.data.standardize import Standardizer

N_FEATURES = 2520
"""Seven sets of 36 to 500 sequences have about the same log loss with 9,996 features, in four times the seconds."""

TAPS = 9
"""Length of a kernel."""

KERNELS = np.array(list(itertools.combinations(range(TAPS), 3)))
"""Places of the three weights of 2. The other six weights of a kernel are -1."""

MOST_DILATIONS = 32

GOLDEN_RATIO = (math.sqrt(5) + 1) / 2

CHUNK = 2**22
"""About how many numbers of shifted sequences are held at the same time."""


class RandomConvolutions(TransformerMixin, BaseEstimator):
    """Features of sequences from convolutions with fixed weights: MiniRocket (Dempster, Schmidt & Webb 2021).

    84 kernels are used with several dilations. A feature is the share of the steps where the convolution is above a
    bias. Biases are quantiles of the convolution of one training sequence. With several channels, each kernel sums some
    of them, drawn at random.

    Parameters
    ----------
    n_features : int, default=2520
        Rounded down to a multiple of 84, but at least 84.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel.
    n_timesteps_ : int
        Sequences are padded or cut to this length, that of the longest training sequence.
    dilations_ : ndarray of shape (n_dilations,)
    biases_ : list of ndarray of shape (84, n_biases)
        For each dilation.
    channels_ : ndarray of bool of shape (n_dilations, 84, n_channels)
        The channels of each kernel.
    """

    def __init__(self, n_features=N_FEATURES, random_state=None):
        self.n_features = n_features
        self.random_state = random_state

    def fit(self, X, y=None):
        """Choose dilations, channels and biases.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_channels), or list of arrays
        y : ignored

        Returns
        -------
        self
        """
        random = check_random_state(self.random_state)
        sequences = read_sequences(X)
        standardizer = fit_sequence_standardizer(sequences, np.arange(len(sequences)))
        self.mean_, self.scale_ = standardizer.mean, standardizer.scale
        n_samples, self.n_timesteps_, n_channels = sequences.values.shape
        self.dilations_, counts = _dilations(self.n_timesteps_, max(self.n_features // len(KERNELS), 1))
        self.channels_ = np.array([[_draw_channels(n_channels, random) for _ in KERNELS] for _ in self.dilations_])
        quantiles = np.arange(1, len(KERNELS) * counts.sum() + 1) * GOLDEN_RATIO % 1
        self.biases_ = []
        for dilation, channels, part in zip(
            self.dilations_, self.channels_, np.split(quantiles, len(KERNELS) * counts.cumsum()[:-1]), strict=True
        ):
            values = self._read(sequences.values[random.randint(n_samples, size=len(KERNELS))])
            biases = [
                np.quantile(_convolve(_shift(values[[k]], dilation), KERNELS[k], channels[k]), levels)
                for k, levels in enumerate(part.reshape(len(KERNELS), -1))
            ]
            self.biases_.append(np.array(biases, dtype=np.float32))
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array of shape (n_samples, n_timesteps, n_channels), or list of arrays

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            In float32.
        """
        check_is_fitted(self)
        values = read_sequences(X).values
        n_rows = max(CHUNK // (TAPS * self.n_timesteps_ * values.shape[2]), 1)
        return np.concatenate([self._features(self._read(values[part])) for part in gen_batches(len(values), n_rows)])

    def _read(self, values):
        """Standardise each channel, and pad with zeros, which are then the means."""
        standardizer = Standardizer(self.mean_, self.scale_)
        values = standardizer.transform(values[:, : self.n_timesteps_], np.float32)
        missing = self.n_timesteps_ - values.shape[1]
        return np.nan_to_num(np.pad(values, [(0, 0), (0, missing), (0, 0)]), copy=False)

    def _features(self, values):
        found = []
        for number, dilation in enumerate(self.dilations_):
            shifted, edge = _shift(values, dilation), TAPS // 2 * dilation
            for k, (kernel, mask) in enumerate(zip(KERNELS, self.channels_[number], strict=True)):
                convolved = _convolve(shifted, kernel, mask)
                if (number + k) % 2 and 2 * edge < self.n_timesteps_:  # half of the kernels see no padding
                    convolved = convolved[:, edge:-edge]
                above = convolved[:, :, np.newaxis] > self.biases_[number][k]
                found.append(above.mean(axis=1, dtype=np.float32))
        return np.concatenate(found, axis=1)


def _dilations(n_timesteps, n_biases):
    """Dilations from 1 to the longest that fits, and the number of biases of a kernel for each.

    Returns
    -------
    dilations, counts : ndarray of int
        `counts` has the sum `n_biases`.
    """
    longest = math.log2(max((n_timesteps - 1) / (TAPS - 1), 1))
    exponents = np.linspace(0, longest, min(n_biases, MOST_DILATIONS))
    dilations, shares = np.unique((2**exponents).astype(int), return_counts=True)
    counts = n_biases * shares // shares.sum()
    counts[: n_biases - counts.sum()] += 1
    return dilations, counts


def _draw_channels(n_channels, random):
    """Which channels a kernel sums: few more often than many, at most as many as a kernel has weights."""
    most = min(n_channels, TAPS)
    n_drawn = int(2 ** random.uniform(0, math.log2(most + 1)))
    mask = np.zeros(n_channels, dtype=bool)
    mask[random.choice(n_channels, n_drawn, replace=False)] = True
    return mask


def _shift(values, dilation):
    """For each weight of a kernel the values that it multiplies, with zeros outside.

    Returns
    -------
    ndarray of shape (9, n_samples, n_timesteps, n_channels)
    """
    n_timesteps, edge = values.shape[1], TAPS // 2 * dilation
    padded = np.pad(values, [(0, 0), (edge, edge), (0, 0)])
    return np.stack([padded[:, start : start + n_timesteps] for start in range(0, TAPS * dilation, dilation)])


def _convolve(shifted, kernel, mask):
    """The convolution with one kernel, summed over its channels.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps)
    """
    of_channels = shifted[..., mask].sum(axis=-1)
    return 3 * of_channels[kernel].sum(axis=0) - of_channels.sum(axis=0)
