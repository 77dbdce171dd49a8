"""Files that are always complete: the old file stays until the new one is on the disk."""

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

LEFT_BEHIND = 3600
"""Seconds without a change after which a partial file is taken to be of a process that was killed."""


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "wb", *, exclusive: bool = False) -> Iterator[IO[Any]]:
    """Open a file for writing. It replaces the old file in one step, when the block ends without an error.

    The content goes to a hidden file in the same directory, whose name ends in ``.tmp``. It reaches the disk before it
    takes the place of `path`. A full disk or a killed process leaves the old file as it was. The new file has the
    permissions of the old one. A symbolic link stays, and its target is replaced. A pipe or a device is written
    directly.

    Parameters
    ----------
    path : path-like
    mode : {"wb", "w"}, default="wb"
        Text is written as UTF-8.
    exclusive : bool, default=False
        Whether the file must be new. Of several processes that write the same path, one succeeds.

    Yields
    ------
    file
        Open for writing.

    Raises
    ------
    FileExistsError
        If `exclusive` is True and the file exists.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from presets.atomic import replacing
    >>> with replacing("report.html", "w") as file:
    ...     file.write("a page")
    6
    """
    encoding = None if "b" in mode else "utf-8"
    path = Path(os.path.realpath(path))
    old = _mode_of(path)
    if old is not None and exclusive:
        raise FileExistsError(f"{path} already exists.")
    if old is not None and not stat.S_ISREG(old):
        with open(path, mode, encoding=encoding) as file:  # a directory is an error here
            yield file
        return
    _remove_left_behind(path)
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        # unlike `tempfile`, this gives the file the permissions of the user's umask
        with open(partial, mode.replace("w", "x"), encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            os.chmod(partial, stat.S_IMODE(old))
        if exclusive:
            _name_new(partial, path)
        else:
            os.replace(partial, path)
        _sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _name_new(partial, path):
    """Give a file its name, and fail if another has it."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no links: take the name with an empty file
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.replace(partial, path)


def _mode_of(path):
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _remove_left_behind(path):
    for left in path.parent.glob(f".{_literally(path.name[:200])}.*.tmp"):
        with contextlib.suppress(OSError):  # another process removed it
            if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                left.unlink()


def _literally(name):
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _sync_directory(directory):
    """Write the new name to the disk too, if the system can open directories."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
