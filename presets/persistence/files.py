"""Write an estimator to a file, and read it."""

import importlib
import importlib.metadata
import io
import json
import os
import platform
import sys
import zipfile

import keras

from presets.atomic import replacing
from presets.persistence.archive import SCHEMA, VERSIONS, Archive, TooLargeError, write
from presets.persistence.schema import Check, compact

FORMAT = 1
"""Of the files that `save` writes. Raise it when an older `load` could not read them."""

MAX_SIZE = 1 << 30

CHUNK = 1 << 20

_ANY_SIZE = 1 << 62


def save(estimator, file):
    """Write an estimator, fitted or not, to a file without pickle.

    Also whatever scikit-learn makes of estimators: pipelines with transformers, searches, ensembles. The file is a zip
    archive of JSON and of numpy's arrays. Its member ``presets.json`` says which versions wrote it. A file that is
    there stays whole until the new one is on the disk.

    Parameters
    ----------
    estimator : estimator
    file : path-like or binary file

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If a parameter or an attribute cannot be stored, such as a Keras model with a `Lambda` layer, or the requests
        that `set_fit_request` leaves from scikit-learn 1.9 on. If `file` is open for text.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PowerTransformer
    >>> import presets
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(PowerTransformer(), presets.DNNClassifier(epochs=5, random_state=0)).fit(X, y)
    >>> presets.save(pipeline, "pipeline.skops")
    >>> presets.load("pipeline.skops").predict(X).shape
    (150,)
    """
    if isinstance(file, io.TextIOBase):
        raise TypeError("file is open for text; open it with mode 'wb'.")
    content = _content(estimator)
    if hasattr(file, "write"):
        file.write(content)
    else:
        with replacing(file) as opened:
            opened.write(content)


def load(file, *, trusted=(), max_size=MAX_SIZE):
    """Read an estimator that `save` wrote.

    No type or function is used unless scikit-learn, numpy, scipy, Keras or this package own it and it only computes, or
    it is named here. What is refused is not imported.

    Parameters
    ----------
    file : path-like or binary file
    trusted : sequence of str, default=()
        Full names of further types and functions that may be used, such as "my_networks.build_network".
    max_size : int, default=1073741824
        Bytes of memory that reading may take, 1 GiB, as far as the file tells before it is read.

    Returns
    -------
    estimator

    Raises
    ------
    ImportError
        If skops is not installed.
    OSError
        If there is no such file.
    TypeError
        If `file` is open for text.
    ValueError
        If the file holds a type or a function that is not trusted; the message names all of them. If `save` did not
        write it, a newer version did, it is damaged, or it takes more than `max_size`.

    Examples
    --------
    >>> import presets
    >>> presets.save(presets.DNNClassifier(dropout=0.5), "network.skops")
    >>> presets.load("network.skops").dropout
    0.5
    """
    skops = _skops()
    trusted = set([trusted] if isinstance(trusted, str) else trusted)
    name = getattr(file, "name", "The file") if hasattr(file, "read") else os.fspath(file)
    content = _read(file, max_size)
    if len(content) > max_size:
        raise ValueError(
            f"{name} is larger than max_size={max_size:,}. If you know where it comes from, raise max_size."
        )
    try:
        archive = Archive(content, max_size)
        versions = _object(archive.read(VERSIONS))
        number = versions["format"]
        if type(number) is not int or number < 1:
            raise ValueError("it has no format")
        if number <= FORMAT:
            check = Check(archive, trusted, max_size)
            check.run(_object(archive.read(SCHEMA)))
            if not check.refused:
                return skops.loads(content, trusted=sorted(check.allowed))
    except TooLargeError as error:
        raise ValueError(f"{name} {error}") from error
    except Exception as error:  # of hostile and damaged content: zlib.error, KeyError, RecursionError, MemoryError ...
        raise ValueError(f"{name} is damaged, or no file that presets.save wrote: {_reason(error)}.") from error
    if number > FORMAT:
        raise ValueError(
            f"{name} has format {number} of presets {versions.get('presets')}; this version reads formats up to "
            f"{FORMAT}. Update keras-presets."
        )
    refused = sorted(check.refused)
    raise ValueError(
        f"{name} holds what is not trusted by itself: {', '.join(refused)}. If you know where the file comes from "
        f"and what these are, call load(..., trusted={refused})."
    )


def _content(estimator):
    """The file of an estimator, as bytes that `load` reads for who trusts its names."""
    skops = _skops()
    buffer = io.BytesIO()
    try:
        skops.dump(estimator, buffer)
        with zipfile.ZipFile(buffer) as written:
            schema = _object(written.read(SCHEMA))
            files = compact(schema)
            members = {new: written.read(old) for old, new in files.items()}
        content = write(_text(schema), _text(_versions()), members)
        Check(Archive(content, _ANY_SIZE), _Everything(), _ANY_SIZE).run(schema)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise _not_storable(estimator, error) from error
    except skops.exceptions.UnsupportedTypeException as error:
        raise _not_storable(estimator, error) from error
    return content


class _Everything:
    """Trusted names while a file is written: the check is for its form, and for names that nobody could read."""

    def __contains__(self, name):
        module, _, attribute = name.rpartition(".")
        if "<" in name or (module in sys.modules and not hasattr(sys.modules[module], attribute)):
            raise ValueError(f"{name} is not found by that name")
        return True


def _not_storable(estimator, error):
    return TypeError(
        f"{type(estimator).__name__} cannot be stored without pickle: {_reason(error)}. Leave out lambdas, also those "
        "in layers, requests for metadata (set_fit_request), which refer back to their estimator, and objects of "
        "classes that hold more than numbers, names and arrays."
    )


def _versions():
    return {
        "format": FORMAT,
        "presets": importlib.import_module("presets").__version__,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("keras", "numpy", "scikit-learn", "skops")},
    }


def _read(file, max_size):
    """The content, in pieces, and no more than shows that it is too large."""
    if isinstance(file, io.TextIOBase):
        raise TypeError("file is open for text; open it with mode 'rb'.")
    if not hasattr(file, "read"):
        with open(file, "rb") as opened:
            return _read(opened, max_size)
    content = bytearray()
    while len(content) <= max_size and (piece := file.read(CHUNK)):
        content += piece
    return bytes(content)


def _object(text):
    """Parse a JSON object; Python's own parser would take the last of two equal names."""

    def unique(pairs):
        if len(found := dict(pairs)) != len(pairs):
            raise ValueError("it has two equal keys in a dict")
        return found

    value = json.loads(text, object_pairs_hook=unique)
    if type(value) is not dict:
        raise ValueError("it holds no object")
    return value


def _text(value):
    return json.dumps(value, separators=(",", ":")).encode()


def _reason(error):
    return str(error).rstrip(".") or type(error).__name__


def _skops():
    try:
        import skops.io
    except ImportError as error:
        raise ImportError("save and load need skops: pip install 'keras-presets[save]'.") from error
    return skops.io
