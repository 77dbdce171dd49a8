"""Files of fitted estimators that hold data and no code: they can be opened without trusting whoever wrote them."""

import importlib
import types
import zipfile
from pathlib import Path

OWN_TYPES = (
    "presets.",
    "keras.src.optimizers.",
    "sklearn.metrics.",
    "sklearn.model_selection.",
    "sklearn.utils._metadata_requests.",
)
OWN_FUNCTIONS = (
    "presets.builders.",
    "keras.src.activations.",
    "keras.src.losses.",
    "keras.src.metrics.",
    "sklearn.metrics.",
)
"""Modules whose types and functions a file may name, beside what skops itself takes for harmless."""


def save(estimator, file):
    """Write an estimator, fitted or not, to a file without pickle.

    Also whatever scikit-learn makes of estimators: pipelines with transformers, searches, ensembles. The file is one of
    `skops.io`: a zip archive of JSON and of numpy's arrays.

    Parameters
    ----------
    estimator : estimator
    file : path-like

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If a parameter or an attribute cannot be stored, such as a Keras model with a `Lambda` layer, or the requests
        that `set_fit_request` leaves from scikit-learn 1.9 on.

    Examples
    --------
    >>> import presets
    >>> presets.save(pipeline, "pipeline.skops")
    >>> presets.load("pipeline.skops").predict(X)
    """
    io = _skops()
    try:
        io.dump(estimator, Path(file))
    except (AttributeError, RecursionError, TypeError, io.exceptions.UnsupportedTypeException) as error:
        raise TypeError(
            f"{type(estimator).__name__} cannot be stored without pickle: {error}. Leave out lambdas, also those in "
            "layers, requests for metadata (set_fit_request), which refer back to their estimator, and objects of "
            "classes that hold more than numbers, names and arrays."
        ) from error


def load(file, *, trusted=()):
    """Read an estimator that `save` wrote.

    No type or function is used unless scikit-learn, numpy, scipy, Keras or this package own it, or it is named here.

    Parameters
    ----------
    file : path-like
    trusted : sequence of str, default=()
        Full names of further types and functions that may be used, such as "my_networks.build_network".

    Returns
    -------
    estimator

    Raises
    ------
    ImportError
        If skops is not installed.
    ValueError
        If the file holds a type or a function that is not trusted; the message names all of them. If `save` did not
        write it, or it is damaged.
    """
    io = _skops()
    try:
        unknown = io.get_untrusted_types(file=Path(file))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{file} is damaged, or no file that presets.save wrote.") from error
    own = [name for name in unknown if _is_own(name)]
    refused = sorted(set(unknown) - {*own, *trusted})
    if refused:
        raise ValueError(
            f"{file} holds what is not trusted by itself: {', '.join(refused)}. If you know where the file comes from "
            f"and what these are, call load(..., trusted={refused})."
        )
    return io.load(Path(file), trusted=[*own, *trusted])


def _is_own(name):
    """Whether a name is that of a type or a function defined in one of these modules, not only imported there."""
    module, _, attribute = name.rpartition(".")
    if not f"{module}.".startswith(OWN_TYPES + OWN_FUNCTIONS):
        return False
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ModuleNotFoundError:  # of another version
        return False
    kinds = {type: OWN_TYPES, types.FunctionType: OWN_FUNCTIONS}
    return any(
        isinstance(found, kind) and found.__module__ == module and f"{module}.".startswith(modules)
        for kind, modules in kinds.items()
    )


def _skops():
    try:
        import skops.io
    except ImportError as error:
        raise ImportError("save and load need skops: pip install 'keras-presets[save]'.") from error
    return skops.io
