"""The zip archive of a file. The number and the sizes of its members are checked before anything is read."""

import io
import re
import zipfile
from collections.abc import Mapping

import numpy as np

SCHEMA = "schema.json"
VERSIONS = "presets.json"
MEMBER = re.compile(r"\d+\.(npy|npz|bin)")

MAX_MEMBERS = 100_000

TEXT_COST = 32
"""Greatest memory, in bytes, that Python needs for a byte of JSON."""

MAX_HEADER = 10_000
"""Greatest size of an array's header in bytes; numpy's own limit."""


class Archive:
    """The members of a file. All sizes are checked, and within a limit.

    Parameters
    ----------
    content : bytes
    max_size : int
        Greatest memory for reading, in bytes.

    Raises
    ------
    ValueError, zipfile.BadZipFile
        If reading needs more memory, or the archive does not have the form that `write` gives.
    """

    def __init__(self, content: bytes, max_size: int) -> None:
        if content.count(b"PK\x01\x02") > MAX_MEMBERS:  # before zipfile makes an object for each member
            raise ValueError("it has too many members")
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self.sizes: dict[str, int] = {}
        for member in self._zip.infolist():
            self._check(member, max_size)
            self.sizes[member.filename] = member.file_size
        if not self.sizes.keys() >= {SCHEMA, VERSIONS}:
            raise ValueError(f"it has no {SCHEMA} or no {VERSIONS}")

    def _check(self, member, max_size):
        name = member.filename
        is_text = name in (SCHEMA, VERSIONS)
        if name in self.sizes or not (is_text or MEMBER.fullmatch(name)):
            raise ValueError(f"it has an unexpected member {name!r}")
        if member.compress_type not in (
            (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) if is_text else (zipfile.ZIP_STORED,)
        ):
            raise ValueError(f"its member {name} has an unexpected compression")
        if not is_text and member.compress_size != member.file_size:
            raise ValueError(f"its member {name} has two different sizes")
        if is_text and member.file_size * TEXT_COST > max_size:
            raise too_large(member.file_size * TEXT_COST, max_size)

    def read(self, name: str) -> bytes:
        """Read a whole member."""
        return self._zip.read(name)

    def size_within(self, name: str) -> int:
        """Size, in bytes, of the arrays in a member that is an archive itself; scipy stores sparse matrices so."""
        with zipfile.ZipFile(io.BytesIO(self.read(name))) as inner:
            return sum(member.file_size for member in inner.infolist())

    def check_array(self, name: str, max_size: int) -> None:
        """Compare the shape of an array with its size in bytes, and refuse arrays of objects."""
        with self._zip.open(name) as member:
            version = np.lib.format.read_magic(member)
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = readers[version](member, max_header_size=MAX_HEADER)
            n_bytes = self.sizes[name] - member.tell()
        size, extent = dtype.itemsize, dtype.itemsize
        for length in shape:
            size, extent = size * length, extent * max(length, 1)
        if dtype.hasobject or (dtype.itemsize == 0 and shape) or size != n_bytes:
            raise ValueError(f"the shape of its array {name} does not fit its size")
        if extent > max_size:
            raise too_large(extent, max_size)


def write(schema: bytes, versions: bytes, members: Mapping[str, bytes]) -> bytes:
    """Make the archive. Texts are compressed; arrays are not, so that their size in the file is their real size.

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
            # no date, so equal estimators give equal files
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def too_large(size: int, max_size: int) -> "TooLargeError":
    """The error for a file that needs more memory than the limit."""
    return TooLargeError(
        f"needs {size:,} bytes of memory, more than max_size={max_size:,}. If you know where it comes from, raise "
        "max_size."
    )


class TooLargeError(ValueError):
    """A file needs more memory than `max_size`."""
