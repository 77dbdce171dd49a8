"""The zip archive of a file: its members are counted and measured before anything is read."""

import io
import re
import zipfile

import numpy as np

SCHEMA = "schema.json"
VERSIONS = "presets.json"
MEMBER = re.compile(r"\d+\.(npy|npz|bin)")

MAX_MEMBERS = 100_000

TEXT_COST = 32
"""Bytes that Python takes for a byte of JSON, at worst."""

MAX_HEADER = 10_000
"""Bytes of the header of an array; numpy's own limit."""


class Archive:
    """The members of a file, all of whose sizes are known to be true and within a limit.

    Parameters
    ----------
    content : bytes
    max_size : int
        Bytes that reading may take.

    Raises
    ------
    ValueError, zipfile.BadZipFile
        If that is more, or if it is no archive as `write` writes them.
    """

    def __init__(self, content, max_size):
        if content.count(b"PK\x01\x02") > MAX_MEMBERS:  # before an object is made for each
            raise ValueError("it has too many members")
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self.sizes = {}
        for member in self._zip.infolist():
            self._check(member, max_size)
            self.sizes[member.filename] = member.file_size
        if not self.sizes.keys() >= {SCHEMA, VERSIONS}:
            raise ValueError(f"it has no {SCHEMA} or no {VERSIONS}")

    def _check(self, member, max_size):
        name = member.filename
        is_text = name in (SCHEMA, VERSIONS)
        if name in self.sizes or not (is_text or MEMBER.fullmatch(name)):
            raise ValueError(f"it has a member {name!r} too many")
        if member.compress_type not in (
            (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) if is_text else (zipfile.ZIP_STORED,)
        ):
            raise ValueError(f"its member {name} is compressed in another way")
        if not is_text and member.compress_size != member.file_size:
            raise ValueError(f"its member {name} has two sizes")
        if is_text and member.file_size * TEXT_COST > max_size:
            raise too_large(member.file_size * TEXT_COST, max_size)

    def read(self, name):
        """Read a member whole."""
        return self._zip.read(name)

    def size_within(self, name):
        """Bytes of the arrays in a member that is an archive itself, as scipy stores sparse matrices."""
        with zipfile.ZipFile(io.BytesIO(self.read(name))) as inner:
            return sum(member.file_size for member in inner.infolist())

    def check_array(self, name, max_size):
        """Compare the shape of an array with the bytes that are there, and refuse arrays of objects."""
        with self._zip.open(name) as member:
            version = np.lib.format.read_magic(member)
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = readers[version](member, max_header_size=MAX_HEADER)
            n_bytes = self.sizes[name] - member.tell()
        size, extent = dtype.itemsize, dtype.itemsize
        for length in shape:
            size, extent = size * length, extent * max(length, 1)
        if dtype.hasobject or (dtype.itemsize == 0 and shape) or size != n_bytes:
            raise ValueError(f"its array {name} is not of its shape")
        if extent > max_size:
            raise too_large(extent, max_size)


def write(schema, versions, members):
    """Make the archive: texts compressed, and arrays as they are, so that their size is that in the file.

    Parameters
    ----------
    schema, versions : bytes
        JSON.
    members : dict of str to bytes

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in ((VERSIONS, versions), (SCHEMA, schema)):
            # without a date, so that equal estimators give equal files
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def too_large(size, max_size):
    """The error of a file that takes more than the limit."""
    return TooLargeError(
        f"takes {size:,} bytes to read, more than max_size={max_size:,}. If you know where it comes from, raise "
        "max_size."
    )


class TooLargeError(ValueError):
    """A file takes more memory than `max_size`."""
