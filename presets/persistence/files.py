"""Write an estimator to a file, and read it again."""

import importlib
import importlib.metadata
import io
import json
import os
import platform
import sys
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import keras

from presets.atomic import replacing
from presets.persistence.archive import SCHEMA, VERSIONS, Archive, TooLargeError, write
from presets.persistence.schema import Check, compact

FORMAT = 1
"""Format of the files that `save` writes. Raise it when an older `load` cannot read new files."""

MAX_SIZE = 1 << 30

CHUNK = 1 << 20

_ANY_SIZE = 1 << 62


def save(estimator: Any, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write an estimator to a file, without pickle.

    The estimator may be fitted or not. It may also be a pipeline, a search or an ensemble of scikit-learn. The file is
    a zip archive of JSON and numpy arrays. Its member ``presets.json`` lists the versions that wrote it. An old file at
    the same path stays complete until the new one is on the disk.

    Parameters
    ----------
    estimator : estimator
    file : path-like or binary file

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If a parameter or an attribute cannot be stored, such as a Keras model with a `Lambda` layer, or the metadata
        requests of `set_fit_request` with scikit-learn 1.9 or newer. If `file` is open for text.
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


def load(
    file: str | os.PathLike[str] | IO[bytes], *, trusted: str | Iterable[str] = (), max_size: int = MAX_SIZE
) -> Any:
    """Read an estimator that `save` wrote.

    Types and functions are used only if they belong to scikit-learn, numpy, scipy, Keras or this package and only
    compute, or if `trusted` names them. Others are refused, and not imported.

    Parameters
    ----------
    file : path-like or binary file
    trusted : sequence of str, default=()
        Full names of other types and functions that may be used, such as "my_networks.build_network".
    max_size : int, default=1073741824
        Greatest memory for reading, in bytes (1 GiB). The need is computed from the file before anything is read.

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
        If the file contains types or functions that are not trusted; the message names all of them. If the file is
        damaged, was not written by `save`, was written by a newer version, or needs more memory than `max_size`.

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
    except Exception as error:  # hostile or damaged files raise zlib.error, KeyError, RecursionError, MemoryError ...
        raise ValueError(f"{name} is damaged, or was not written by presets.save: {_reason(error)}.") from error
    if number > FORMAT:
        raise ValueError(
            f"{name} has format {number} of presets {versions.get('presets')}, but this version only reads formats up "
            f"to {FORMAT}. Update keras-presets."
        )
    refused = sorted(check.refused)
    raise ValueError(
        f"{name} contains types or functions that are not trusted: {', '.join(refused)}. If you know where the file "
        f"comes from and what they do, call load(..., trusted={refused})."
    )


def _content(estimator):
    """The content of an estimator's file. `load` can read it, if the user trusts its names."""
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
    """A collection that contains all names which `load` can find, for the check of a new file."""

    def __contains__(self, name):
        module, _, attribute = name.rpartition(".")
        if "<" in name or (module in sys.modules and not hasattr(sys.modules[module], attribute)):
            raise ValueError(f"{name} cannot be imported by this name")
        return True


def _not_storable(estimator, error):
    return TypeError(
        f"{type(estimator).__name__} cannot be stored without pickle: {_reason(error)}. Remove lambdas (also in "
        "layers), metadata requests (set_fit_request), and objects that contain more than numbers, strings and arrays."
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
    """Read the content in pieces, and stop when it is too large."""
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
    """Parse a JSON object, and refuse equal names. Python's parser would silently take the last one."""

    def unique(pairs):
        if len(found := dict(pairs)) != len(pairs):
            raise ValueError("it has two equal keys in a dict")
        return found

    value = json.loads(text, object_pairs_hook=unique)
    if type(value) is not dict:
        raise ValueError("it has a text without a JSON object")
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
