"""Layers that encode the raw columns of a table for a core, made of Keras's own layers only."""

import keras
import numpy as np
from keras import ops

MASK = 1
"""Code of a missing value. 0 is the code of an unknown level; the known levels follow from 2 on."""

FAR = 64.0
"""A number whose mean is more standard deviations away from zero than this is read in float64."""


def table_front(inputs, numbers, flags, embedded, *, n_constant, n_unused, dtype, strings=True):
    """Make an input for each raw column, and encode the columns as training did.

    Parameters
    ----------
    inputs : dict of str to (None or list of str)
        Names of the inputs. The value lists the levels of a category; it is None for numbers.
    numbers : list of (str, float, float, float or None, float)
        Name of the input, mean, scale, limit of robust standardisation, and the value that replaces a gap.
    flags : list of (str, array of shape (n_codes, n_columns))
        Name of the input, and the columns for each code. Numbers have two codes: without and with a gap.
    embedded : list of (str, array of shape (n_codes,))
        Name of the input, and the row of the embeddings for each code.
    n_constant : int
        Number of columns of zeros after the numbers.
    n_unused : int
        Number of columns of zeros after the flags.
    dtype : str
    strings : bool, default=True
        Whether categories are strings on TensorFlow. Other backends have none.

    Returns
    -------
    inputs : dict of str to keras.KerasTensor
        Tensors of shape (n_rows, 1). On TensorFlow, categories are strings, and "" is missing unless it is a level. On
        other backends, and without strings, categories are codes: 0 for an unknown level, 1 for a missing one, and the
        known levels from 2.
    samples : keras.KerasTensor or dict
        The input of the core.
    """
    takes_strings = strings and keras.backend.backend() == "tensorflow"
    tensors, codes = {}, {}
    far = {name for name, mean, scale, *_ in numbers if abs(mean) > FAR * scale and keras.backend.backend() != "jax"}
    for name, levels in inputs.items():
        if levels is None:
            tensors[name] = keras.Input((1,), dtype="float64" if name in far else dtype, name=name)
            codes[name] = ops.cast(ops.isnan(tensors[name]), "int32")
        elif takes_strings:
            tensors[name] = keras.Input((1,), dtype="string", name=name)
            codes[name] = _looked_up(tensors[name], levels)
        else:
            tensors[name] = codes[name] = keras.Input((1,), dtype="int32", name=name)
    columns = []
    for name, mean, scale, limit, gap in numbers:
        values = (tensors[name] - mean) / scale
        if limit is not None:
            values = values / ops.sqrt(1.0 + ops.square(values / limit))
        columns.append(ops.cast(ops.where(ops.isnan(tensors[name]), gap, values), dtype))
    nothing = ops.cast(ops.zeros_like(next(iter(codes.values()))), dtype)
    columns += [nothing] * n_constant
    columns += [_fixed(table, dtype)(codes[name]) for name, table in flags]
    columns += [nothing] * n_unused
    dense = keras.layers.Concatenate(dtype=dtype)(columns) if len(columns) > 1 else columns[0]
    if not embedded:
        return tensors, dense
    rows = [ops.cast(_fixed(np.asarray(places)[:, None], "float32")(codes[name]), "int32") for name, places in embedded]
    return tensors, {"numbers": dense, "levels": ops.concatenate(rows, axis=1) if len(rows) > 1 else rows[0]}


def _looked_up(strings, levels):
    """Codes of strings. Keras codes masked strings as 0 and unknown ones as 1."""
    if not levels:
        return ops.cast(ops.zeros_like(keras.layers.StringLookup(vocabulary=[""])(strings)), "int32")
    mask = "" if "" not in levels else None
    lookup = keras.layers.StringLookup(vocabulary=levels, mask_token=mask, output_mode="int")
    found = ops.cast(lookup(strings), "int32")
    if mask is None:  # unknown 0, levels from 1 on
        return ops.where(found > 0, found + 1, 0)
    return ops.where(ops.equal(found, 0), MASK, ops.where(ops.equal(found, 1), 0, found))


def _fixed(table, dtype):
    """A layer that returns one row of a table for each code."""
    table = np.asarray(table)
    layer = keras.layers.Embedding(len(table), table.shape[1], weights=[table], trainable=False, dtype=dtype)
    flat = keras.layers.Flatten(dtype=dtype)
    return lambda codes: flat(layer(codes))
