"""Convolutional networks for images."""

import itertools

import keras
import numpy as np
from keras import layers

from presets.builders.augmentation import augmentation_layers
from presets.builders.blueprint import Blueprint, NotCopyableError
from presets.builders.convolutions import full_convolution, separable_convolution
from presets.builders.initializers import BACKBONE
from presets.builders.mirror import MirrorAverage, MirrorImages
from presets.builders.pooling import halve
from presets.builders.residual import residual_stage
from presets.builders.seeding import seeded

BACKBONE_SIDE = 64
"""Height and width of the images for comparing a backbone of any input size with its copy."""

CONVOLUTIONS = {"residual": full_convolution, "separable": separable_convolution}
"""The convolutions of residual stages, for each value of `block` that has such stages."""

BLOCKS = ("plain", *CONVOLUTIONS)
"""The values of `block`."""


def build_cnn(
    input_shape,
    n_outputs,
    *,
    filters,
    kernel_size,
    dense_units,
    activation,
    kernel_initializer,
    dropout,
    l1,
    l2,
    dtype,
    seed,
    block="plain",
    se_ratio=None,
    augmentation=None,
    average_flips=False,
    value_range=(0.0, 1.0),
    backbone=None,
    train_backbone=False,
):
    """Build a convolutional network from standardised images to logits or standardised values.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, n_channels)``.
    n_outputs : int
        Number of logits or values.
    filters : sequence of int
        Filters of each block; powers of two use the hardware well (S2). Not used with a `backbone`.
    kernel_size : int
        Height and width of the convolutions.
    dense_units : int or None
        Width of the dense layer before the output; None for no such layer.
    activation : str or callable
        Activation of all these layers.
    kernel_initializer : str or keras.initializers.Initializer
        Initializer of all kernels (A7), except those of the backbone. Biases start at zero.
    dropout : float
        Share of the dense layer's outputs that training drops (S3).
    l1, l2 : float
        Factors of the absolute and squared values of the kernels in the loss, without the backbone (A11).
    dtype : str or keras.DTypePolicy
    seed : int
        Seed of dropout and augmentation.
    block : {"plain", "residual", "separable"}
        "plain": a convolution and 2x2 max pooling, unless a side would become shorter than 2; the last images are
        flattened. "residual": see `residual_stage`; global max pooling follows the last stage. "separable": the same
        with depthwise separable convolutions, after a full one.
    se_ratio : float or None
        Squeeze-and-excitation of the residual stages.
    augmentation, value_range
        See `augmentation_layers`. A network has the same weights in the same order with and without them.
    average_flips : bool
        Whether to average over each image and its mirror image, except in training; see `MirrorAverage`.
    backbone : keras.Model or Blueprint, optional
        A Functional or Sequential model for images that replaces the blocks (S4). It is copied with its weights. Its
        outputs are averaged over height and width, if they have these axes.
    train_backbone : bool
        Whether the backbone's weights are trained too. If not, the backbone runs in inference mode.

    Returns
    -------
    keras.Model
        From ``(n_samples, height, width, n_channels)`` to ``(n_samples, n_outputs)``.

    Raises
    ------
    ValueError
        If an augmentation layer changes the shape of the images, or if the backbone is not built or does not accept
        them.
    """
    rules = {
        "kernel_initializer": kernel_initializer,
        "kernel_regularizer": keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
        "dtype": dtype,
    }
    numbers = keras.dtype_policies.get(dtype).variable_dtype
    inputs = images = keras.Input(tuple(map(int, input_shape)), dtype=numbers)
    augmentations = augmentation_layers(augmentation, value_range=value_range, seed=seed + 1, dtype=numbers)
    for layer in augmentations:
        images = layer(images)
        if images.shape != inputs.shape:
            raise ValueError(
                f"augmentation cannot take {type(layer).__name__}: it changes the shape of images from "
                f"{inputs.shape[1:]} to {images.shape[1:]}, also in predictions. Apply it to X instead."
            )
    if average_flips:
        images = MirrorImages(dtype=numbers, name="mirror_images")(images)
    if backbone is not None:
        outputs = _backbone(images, backbone, train_backbone, seed + 1 + len(augmentations))
    elif block == "plain":
        outputs = _plain_blocks(images, filters, int(kernel_size), activation, rules)
    else:
        outputs = _residual_stages(images, filters, int(kernel_size), CONVOLUTIONS[block], se_ratio, activation, rules)
    if dense_units is not None:
        outputs = layers.Dense(int(dense_units), activation=activation, name="dense", **rules)(outputs)
    if dropout:
        outputs = layers.Dropout(dropout, seed=seed, dtype=dtype, name="dropout")(outputs)
    outputs = layers.Dense(int(n_outputs), name="outputs", **rules)(outputs)
    if average_flips:
        outputs = MirrorAverage(dtype=dtype, name="mirror_average")(outputs)
    return keras.Model(inputs, outputs, name="cnn")


def _plain_blocks(images, filters, kernel_size, activation, rules):
    for number, n_filters in enumerate(filters, start=1):
        images = layers.Conv2D(
            int(n_filters),
            kernel_size,
            padding="same",
            activation=activation,
            data_format="channels_last",
            name=f"convolution_{number}",
            **rules,
        )(images)
        images = halve(images, name=f"pooling_{number}", dtype=rules["dtype"])
    return layers.Flatten(data_format="channels_last", dtype=rules["dtype"], name="flatten")(images)


def _residual_stages(images, filters, kernel_size, convolution, se_ratio, activation, rules):
    entry = full_convolution  # a separable convolution of grey images would have a single filter
    for number, n_filters in enumerate(filters, start=1):
        images = residual_stage(
            images,
            int(n_filters),
            kernel_size,
            entry=entry,
            branch=convolution,
            se_ratio=se_ratio,
            activation=activation,
            name=str(number),
            rules=rules,
        )
        entry = convolution
    return layers.GlobalMaxPooling2D(data_format="channels_last", dtype=rules["dtype"], name="global_maximum")(images)


def _backbone(images, backbone, is_trained, seed):
    """Apply a copy of the backbone to the images, so that training changes no other model."""
    if isinstance(backbone, Blueprint):
        backbone = backbone.model(seed)
    _check_built(backbone)
    expected = backbone.input_shape[1:]
    given = images.shape[1:]
    if len(expected) != 3 or any(size not in (None, own) for size, own in zip(expected, given, strict=True)):
        raise ValueError(f"backbone takes inputs of shape {expected}, but the images have {given}.")
    copy = keras.models.clone_model(backbone, clone_function=_reseeding_clone(seed))
    copy.set_weights(backbone.get_weights())
    copy.name = BACKBONE
    if not is_trained:
        copy.trainable = False
    features = copy(images)
    if len(features.shape) == 4:
        features = layers.GlobalAveragePooling2D(data_format="channels_last", name="global_average")(features)
    if len(features.shape) != 2:
        raise ValueError(
            "The output of backbone must have the shape (n_samples, height, width, n_channels) or (n_samples, "
            f"n_features), got {features.shape}."
        )
    return features


def backbone_as_data(backbone):
    """Keep a backbone in its current state.

    Parameters
    ----------
    backbone : keras.Model

    Returns
    -------
    Blueprint

    Raises
    ------
    ValueError
        If Keras cannot copy it.
    """
    _check_built(backbone)
    images = np.random.default_rng(0).random((2, *(size or BACKBONE_SIDE for size in backbone.input_shape[1:])))
    try:
        return Blueprint.of(backbone, images.astype("float32"), start=backbone.get_weights())
    except NotCopyableError as error:
        raise ValueError(f"backbone must be a network that Keras can copy, but: {error}.") from error


def _check_built(backbone):
    if not backbone.built:
        raise ValueError("backbone is not built: begin it with keras.Input(shape), or call its build method.")


def _reseeding_clone(seed):
    """Copy layers as `clone_model` does, but never with a seed from Python's global generator."""
    seeds = itertools.count(seed)
    return lambda layer: type(layer).from_config(seeded(layer.get_config(), seeds))
