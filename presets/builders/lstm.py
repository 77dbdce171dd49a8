"""Recurrent networks for sequences, alone or in parallel with convolutions (LSTM-FCN)."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from presets import article
from presets.builders.inception import InceptionBlock, SeparableBlock
from presets.builders.padding import hide_padding

POOLINGS = ("last", "mean", "max")

RESIDUAL = 3
"""Number of inception blocks between two residual connections (Ismail Fawaz et al. 2020)."""

SEPARABLE_SIZE = 20
"""Kernel size of the first separable convolution, halved for each next one (Ismail-Fawaz et al. 2023)."""


def build_lstm(
    input_shape: tuple[int, ...],
    n_outputs: int,
    *,
    units: Sequence[int],
    bidirectional: bool,
    pooling: str,
    kernel_initializer: Any,
    recurrent_initializer: Any,
    dropout: float,
    l1: float,
    l2: float,
    dtype: Any,
    seed: int,
    convolutions: Sequence[int] = (),
    convolution_block: str = "plain",
    masked: bool = False,
) -> keras.Model:
    """Build a recurrent network from standardised sequences to logits or standardised values.

    Recurrent layers get no mask, so all backends keep their fused path (cuDNN), also for sequences of unequal length.
    The padding is at the end, after the last valid step. Pooling, the reversal in a bidirectional layer and the
    convolutions leave it out. So padding changes no result. Networks with and without padding have the same weights in
    the same order.

    Parameters
    ----------
    input_shape : tuple of int
        ``(n_timesteps, n_features)``; the network accepts any number of steps.
    n_outputs : int
        Number of logits or values.
    units : sequence of int
        Width of each recurrent layer; powers of two use the hardware well (S2). Empty for convolutions only.
    bidirectional : bool
        Whether each recurrent layer has a second one that reads the sequence backwards. Their outputs are joined.
    pooling : {"last", "mean", "max"}
        How the steps of the last recurrent layer are combined. "last" takes the step at which each direction ends.
    kernel_initializer : str or keras.initializers.Initializer
        Initializer of all kernels (A7). Biases start at zero, those of the forget gates at one (A9).
    recurrent_initializer : str or keras.initializers.Initializer
        Initializer of all recurrent kernels.
    dropout : float
        Share of each recurrent layer's outputs that training drops (S3).
    l1, l2 : float
        Factors of the absolute and squared values of kernels and recurrent kernels in the loss (A11).
    dtype : str or keras.DTypePolicy
    seed : int
        Seed of the dropout layers.
    convolutions : sequence of int
        Filters of the convolutions in parallel with the recurrent layers (LSTM-FCN [1]_). Batch normalisation follows
        each convolution. The mean over the steps is joined to the recurrent output. Kernel sizes are 8, 5, 3, and then
        3 again. The LSTM of the published code reads a whole series as one step; this one reads it step by step.
    convolution_block : {"plain", "inception", "lite"}
        Kind of the `convolutions`. "plain": as described there. "inception": each is an `InceptionBlock` [2]_ with that
        many filters in each of its four branches, and a residual connection after each three blocks. "lite": the first
        one is an `InceptionBlock`, the others are dilated `SeparableBlock` [3]_.
    masked : bool
        Whether sequences may be padded with NaN at their end.

    Returns
    -------
    keras.Model
        From ``(n_samples, n_timesteps, n_features)`` to ``(n_samples, n_outputs)``.

    Raises
    ------
    ValueError
        If `pooling` has another value.

    References
    ----------
    .. [1] F. Karim, S. Majumdar, H. Darabi, S. Chen, "LSTM Fully Convolutional Networks for Time Series
       Classification", IEEE Access 6 (2018).
    .. [2] H. Ismail Fawaz et al., "InceptionTime: Finding AlexNet for Time Series Classification", DMKD (2020).
    .. [3] A. Ismail-Fawaz et al., "LITE: Light Inception with boosTing tEchniques for Time Series Classification",
       DSAA (2023).
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling must be one of {POOLINGS}, got {pooling!r}.")
    seeds = itertools.count(seed)
    rules = {
        "kernel_initializer": kernel_initializer,
        "kernel_regularizer": keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
        "dtype": dtype,
    }
    inputs = keras.Input((None, int(input_shape[-1])), dtype=keras.dtype_policies.get(dtype).variable_dtype)
    valid, sequences = None, inputs
    if masked:
        valid = ops.logical_not(ops.any(ops.isnan(inputs), axis=-1))
        sequences = hide_padding(inputs, valid)
    branches = []
    if len(units):
        branches.append(
            _recurrent_layers(
                sequences, valid, units, bidirectional, pooling, recurrent_initializer, dropout, rules, seeds
            )
        )
    if len(convolutions):
        branches.append(_convolutional_branch(sequences, valid, BLOCKS[convolution_block], convolutions, rules))
    outputs = branches[0]
    if len(branches) > 1:
        outputs = layers.Concatenate(dtype=dtype, name="branches")(branches)
    outputs = layers.Dense(int(n_outputs), name="outputs", **rules)(outputs)
    return keras.Model(inputs, outputs, name="lstm")


def _recurrent_layers(sequences, valid, units, bidirectional, pooling, recurrent_initializer, dropout, rules, seeds):
    for number, width in enumerate(units, start=1):
        is_last = number == len(units)
        ends_alone = is_last and valid is None and pooling == "last"  # only the last step is needed
        directions = []
        for direction in ("forward", "backward") if bidirectional else ("forward",):
            is_backward = direction == "backward"
            steps = layers.LSTM(
                int(width),
                return_sequences=not ends_alone,
                recurrent_initializer=recurrent_initializer,
                recurrent_regularizer=rules["kernel_regularizer"],
                seed=next(seeds),
                name=f"lstm_{number}_{direction}" if bidirectional else f"lstm_{number}",
                **rules,
            )(_reverse(sequences, valid) if is_backward else sequences)
            if is_last:
                directions.append(steps if ends_alone else _pool(steps, valid, pooling))
            else:
                directions.append(_reverse(steps, valid) if is_backward else steps)
        sequences = directions[0]
        if bidirectional:
            sequences = layers.Concatenate(dtype=rules["dtype"], name=f"directions_{number}")(directions)
        if dropout:
            sequences = layers.Dropout(dropout, seed=next(seeds), dtype=rules["dtype"], name=f"dropout_{number}")(
                sequences
            )
    return sequences


def _convolutional_branch(sequences, valid, blocks, filters, rules):
    """Convolutions over the steps, as a separate model.

    Keras orders the weights of a model by the depth of its layers. With a separate model, this order does not depend on
    the operations that hide padding.
    """
    inputs = keras.Input(sequences.shape[1:], dtype=sequences.dtype)
    within = None if valid is None else keras.Input(valid.shape[1:], dtype="bool")
    outputs = _pool(blocks(inputs, within, filters, rules), within, "mean")
    if valid is None:
        return keras.Model(inputs, outputs, name="convolutions")(sequences)
    return keras.Model([inputs, within], outputs, name="convolutions")([sequences, valid])


def _plain_blocks(outputs, within, filters, rules):
    sizes = itertools.chain(article.FCN_KERNEL_SIZES, itertools.repeat(article.FCN_KERNEL_SIZES[-1]))
    for number, (n_filters, size) in enumerate(zip(filters, sizes, strict=False), start=1):
        outputs = layers.Conv1D(
            int(n_filters), size, padding="same", data_format="channels_last", name=f"convolution_{number}", **rules
        )(outputs)
        outputs = layers.BatchNormalization(
            momentum=article.FCN_MOMENTUM, dtype=rules["dtype"], name=f"normalization_{number}"
        )(outputs, mask=within)
        outputs = layers.Activation("relu", dtype=rules["dtype"], name=f"activation_{number}")(outputs)
        outputs = hide_padding(outputs, within)
    return outputs


def _inception_blocks(outputs, within, filters, rules):
    before = outputs
    for number, n_filters in enumerate(filters, start=1):
        outputs = _inception(number, n_filters, rules)(outputs, within)
        if number % RESIDUAL == 0:
            shortcut = layers.Conv1D(
                outputs.shape[-1], 1, use_bias=False, data_format="channels_last", name=f"shortcut_{number}", **rules
            )(before)
            shortcut = layers.BatchNormalization(
                momentum=article.FCN_MOMENTUM, dtype=rules["dtype"], name=f"shortcut_normalization_{number}"
            )(shortcut, mask=within)
            joined = layers.Add(dtype=rules["dtype"], name=f"residual_{number}")([outputs, shortcut])
            joined = layers.Activation("relu", dtype=rules["dtype"], name=f"activation_{number}")(joined)
            before = outputs = hide_padding(joined, within)
    return outputs


def _lite_blocks(outputs, within, filters, rules):
    outputs = _inception(1, filters[0], rules)(outputs, within)
    for number, n_filters in enumerate(filters[1:], start=1):
        outputs = SeparableBlock(
            int(n_filters),
            size=max(SEPARABLE_SIZE >> (number - 1), 3),
            dilation=2**number,
            momentum=article.FCN_MOMENTUM,
            name=f"separable_{number}",
            **rules,
        )(outputs, within)
    return outputs


def _inception(number, n_filters, rules):
    return InceptionBlock(int(n_filters), momentum=article.FCN_MOMENTUM, name=f"inception_{number}", **rules)


BLOCKS = {"plain": _plain_blocks, "inception": _inception_blocks, "lite": _lite_blocks}
"""The values of `convolution_block`."""


def _reverse(sequences, valid):
    """Reverse the valid steps of each sequence. Padding stays at the end, with values of some valid step."""
    if valid is None:
        return ops.flip(sequences, axis=1)
    lengths, steps = _count_steps(valid)
    return ops.take_along_axis(sequences, ops.expand_dims(lengths - steps, -1), axis=1)


def _pool(sequences, valid, pooling):
    if valid is None:
        return ops.max(sequences, axis=1) if pooling == "max" else ops.mean(sequences, axis=1)
    if pooling == "max":  # outputs of an LSTM are between -1 and 1
        return ops.max(ops.where(ops.expand_dims(valid, -1), sequences, -ops.ones_like(sequences)), axis=1)
    lengths, steps = _count_steps(valid)
    if pooling == "last":
        valid = ops.logical_and(valid, ops.equal(steps, lengths))
        return ops.sum(hide_padding(sequences, valid), axis=1)
    return ops.sum(hide_padding(sequences, valid), axis=1) / ops.cast(lengths, sequences.dtype)


def _count_steps(valid):
    """Length of each sequence, and the number of each step, counted from 1."""
    valid = ops.cast(valid, "int32")
    return ops.sum(valid, axis=1, keepdims=True), ops.cumsum(valid, axis=1)
