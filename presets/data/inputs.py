"""Kinds of X: each reads X, learns its encoding, and splits its rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length, column_or_1d

from presets.data.arrays import read_array
from presets.data.categorical_features import categorical_columns
from presets.data.encoder import Encoder
from presets.data.frames import Table
from presets.data.images import fit_image_standardizer, plain_image_standardizer, read_images
from presets.data.kinds import kind_of
from presets.data.sequences import SequenceEncoder, fit_sequence_standardizer, read_sequences
from presets.data.split import split_groups, split_last, split_rows
from presets.data.standardize import Standardizer, has_gaps
from presets.data.table import TableEncoder
from presets.data.targets import is_missing


class Samples(NamedTuple):
    """X, read and checked.

    Parameters
    ----------
    values : array, CSR matrix, Table or Sequences
    shape : tuple of int or None
        Shape of one sample, which is the same in each X.
    raw_shape : tuple of int or None
        Shape of one sample as the user gives it.
    is_table : bool
        Whether X was a table.
    """

    values: object
    shape: tuple[int | None, ...] | None
    raw_shape: tuple[int | None, ...] | None
    is_table: bool


class Input:
    """Base of the kinds of X. They hold the parameters for reading and encoding X."""

    takes_arrays = True
    """Whether X may have more axes than a table."""

    @property
    def takes_tables(self):
        """Whether X may be a table."""
        return True

    takes_columns = False
    """Whether a table may have categories, dates and gaps."""

    def is_table(self, X):
        """Whether X is a table, and not an array with more axes or samples of any shape."""
        return kind_of(X) == "table"

    def read(self, X, is_table):
        """Read X, with the checks that scikit-learn does not make.

        Parameters
        ----------
        X : array-like
            A table has passed scikit-learn's checks.
        is_table : bool

        Returns
        -------
        Samples
        """
        raise NotImplementedError

    def learn(self, samples, rows, weights, names):
        """Learn an encoding from some rows.

        Parameters
        ----------
        samples : Samples
        rows : ndarray of int
        weights : ndarray of shape (n_samples,) or None
        names : sequence of str or None
            Names of the columns of a table.

        Returns
        -------
        Encoder or TableEncoder
        """
        raise NotImplementedError

    def split(self, y, rows, fraction, rng, strata, groups=None):
        """Split rows into a training and a validation part.

        Parameters
        ----------
        y : ndarray of shape (n_samples, ...)
        rows : ndarray of int
        fraction : float
        rng : numpy.random.Generator
        strata : callable
            Takes y, and returns the classes for a stratified split, or None.
        groups : array-like of shape (n_samples,), optional

        Returns
        -------
        training, validation : ndarray of int
        """
        return split_rows(rows, fraction, rng, strata(y))


@dataclass(frozen=True, eq=False)
class TableInput(Input):
    """Tables of numbers, categories and dates, with gaps.

    Parameters
    ----------
    standardize : bool or "robust"
    categorical_features : "from_dtype", None or array-like
    max_onehot, min_frequency : int
    """

    standardize: object
    categorical_features: Any
    max_onehot: int
    min_frequency: int

    takes_arrays = False
    takes_columns = True

    def is_table(self, X):
        """Always True: scikit-learn's checks refuse other X."""
        return True

    def read(self, X, is_table):
        """Return a table, which has already been read."""
        return Samples(X, X.shape[1:], X.shape[1:], is_table)

    def learn(self, samples, rows, weights, names, columns=None):
        """Learn each column separately, if a table has categories, dates or gaps.

        `columns` has the columns of each input of a network with several inputs. These inputs only take numbers.
        """
        X = samples.values
        table = self._as_table(X, rows, names)
        if table is None:
            return Encoder.of_table(X, rows, weights, standardize=self.standardize, columns=columns)
        if columns is not None:
            raise ValueError(
                "inputs needs columns of numbers, but X has categories, dates or missing values; set inputs=None, or "
                "encode and impute them before this estimator."
            )
        return TableEncoder.learn(
            table,
            rows,
            weights,
            standardize=self.standardize,
            categorical=categorical_columns(table, self.categorical_features),
            max_onehot=self.max_onehot,
            min_frequency=self.min_frequency,
        )

    def _as_table(self, X, rows, names):
        """The table to learn from, or None if all columns are numbers without gaps and none is a category."""
        if isinstance(X, Table):
            return X
        features = self.categorical_features
        has_categories = not isinstance(features, str) and features is not None and len(features) > 0
        if sparse.issparse(X):
            if has_categories:
                raise TypeError("categorical_features needs a dense X or a frame, but X is sparse; use X.toarray().")
            return None
        return Table.of_numbers(X, names) if has_categories or has_gaps(X, rows) else None


@dataclass(frozen=True, eq=False)
class SequenceInput(Input):
    """Sequences of equal or unequal length. A table has one feature for each step.

    Parameters
    ----------
    standardize : bool
    data_format : {"channels_last", "channels_first"}
    validation_split : {"random", "last"}
    """

    standardize: bool
    data_format: str
    validation_split: str

    def read(self, X, is_table):
        """Read sequences and their lengths."""
        sequences = read_sequences(_dense(X), data_format=self.data_format)
        shape = (None, sequences.values.shape[2])
        raw_shape = shape if self.data_format == "channels_last" else shape[::-1]
        return Samples(sequences, shape, sequences.values.shape[1:2] if is_table else raw_shape, is_table)

    def learn(self, samples, rows, weights, names):
        """Learn the statistics of each feature over all steps."""
        return SequenceEncoder(
            fit_sequence_standardizer(samples.values, rows, weights)
            if self.standardize
            else Standardizer.identity(samples.shape[-1]),
            samples.shape,
            samples.raw_shape,
            channels_first=self.data_format == "channels_first" and not samples.is_table,
            takes_tables=samples.is_table,
        )

    def split(self, y, rows, fraction, rng, strata, groups=None):
        """Split rows, with each group in one part, or with the last rows in the validation part."""
        if groups is not None:
            groups = column_or_1d(groups)
            missing = [row for row, group in enumerate(groups) if is_missing(group)]
            if missing:
                raise ValueError(f"groups contains NaN or None in row {missing[0]}; each row needs a group.")
            check_consistent_length(y, groups)
            return split_groups(rows, fraction, groups, None if self.validation_split == "last" else rng)
        if self.validation_split == "last":
            return split_last(rows, fraction)
        return super().split(y, rows, fraction, rng, strata)


@dataclass(frozen=True, eq=False)
class ImageInput(Input):
    """Images. They may be the rows of a table, if their shape is known.

    Parameters
    ----------
    standardize : bool
    data_format : {"channels_last", "channels_first"}
    image_shape : tuple of int or None
    """

    standardize: bool
    data_format: str
    image_shape: tuple[int, ...] | None

    @property
    def takes_tables(self):
        """Whether X may be a table: only if the shape of the images in its rows is known."""
        return self.image_shape is not None

    def read(self, X, is_table):
        """Read images, with their channels last."""
        images = read_images(_dense(X), data_format=self.data_format, image_shape=self.image_shape)
        raw_shape = (math.prod(images.shape[1:]),) if is_table else np.shape(X[0])
        return Samples(images, images.shape[1:], raw_shape, is_table)

    def learn(self, samples, rows, weights, names):
        """Learn the statistics of each channel."""
        images = samples.values
        return Encoder(
            fit_image_standardizer(images, rows, weights) if self.standardize else plain_image_standardizer(images),
            samples.shape,
            samples.raw_shape,
            channels_first=self.data_format == "channels_first",
            takes_tables=samples.is_table,
        )


@dataclass(frozen=True, eq=False)
class AnyInput(Input):
    """Tables, or arrays with any number of axes, which are standardised along the last one.

    Parameters
    ----------
    tables : TableInput
        The kind of tables.
    inputs : dict of str to list of (str or int), or None
        Columns of a table for each input of a network with several inputs.
    """

    tables: TableInput
    inputs: Mapping[str, Sequence[str | int]] | None

    takes_columns = True

    def read(self, X, is_table):
        """Read an array of numbers."""
        if is_table:
            return self.tables.read(X, is_table)
        values = read_array(X)
        return Samples(values, values.shape[1:], values.shape[1:], is_table)

    def learn(self, samples, rows, weights, names):
        """Learn the encoding of a table, or the statistics of an array along its last axis."""
        columns = None if self.inputs is None else self._columns(self.inputs, samples, names)
        if samples.is_table:
            return self.tables.learn(samples, rows, weights, names, columns)
        standardizer = (
            fit_image_standardizer(samples.values, rows, weights)
            if self.tables.standardize
            else Standardizer.identity(samples.shape[-1])
        )
        return Encoder(standardizer, samples.shape, samples.raw_shape, takes_tables=False)

    def _columns(self, inputs, samples, names):
        """Numbers of the columns of each input."""
        if not samples.is_table:
            raise ValueError("inputs names columns of a table, but X has more than two dimensions; set inputs=None.")
        if len(inputs) < 2:
            raise ValueError("inputs must name at least two inputs; a network with one takes inputs=None.")
        known = {name: number for number, name in enumerate(() if names is None else names)}
        known |= {number: number for number in range(samples.shape[0])}
        for name, columns in inputs.items():
            unknown = [column for column in columns if column not in known]
            if unknown or not len(columns):
                raise ValueError(
                    f"inputs[{name!r}] must name columns of X, at least one; it is {list(columns)}"
                    + (f", but X has no {unknown[0]!r}." if unknown else ".")
                )
        return {str(name): np.array([known[column] for column in columns]) for name, columns in inputs.items()}


def _dense(X):
    return X.toarray() if sparse.issparse(X) else X
