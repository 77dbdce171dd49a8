"""What is written takes the place of the old file whole, or not at all."""

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest
from tried import tried

from presets import atomic
from presets.atomic import LEFT_BEHIND, replacing

ALONE = f"import runpy, sys; replacing = runpy.run_path({atomic.__file__!r})['replacing']\n"
"""The module without the package, whose import takes seconds."""


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "file[1].txt"
    file.write_text("old")
    return file


def write(file, content="new", **how):
    with replacing(file, "w", **how) as opened:
        opened.write(content)


def alone(file):
    return list(file.parent.iterdir()) == [file]


def test_new_content_takes_the_place_of_the_old(file):
    write(file, "новое")
    assert file.read_text(encoding="utf-8") == "новое"
    assert alone(file)


def test_bytes(tmp_path):
    with replacing(tmp_path / "new.bin") as opened:
        opened.write(b"\0\1")
    assert (tmp_path / "new.bin").read_bytes() == b"\0\1"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_an_error_leaves_the_old_file(file, error):
    with pytest.raises(error), replacing(file, "w") as opened:  # noqa: PT012
        opened.write("new")
        raise error
    assert file.read_text() == "old"
    assert alone(file)


def test_permissions_are_kept(file):
    file.chmod(0o640)
    write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_the_user(tmp_path):
    (tmp_path / "usual").write_text("")
    write(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_stays_a_link(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    write(link)
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_pipe_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join()
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_directory_is_an_error(tmp_path):
    with pytest.raises(IsADirectoryError):
        write(tmp_path)


def test_the_longest_names_work(tmp_path):
    write(tmp_path / ("n" * 255))


def test_exclusive_never_replaces(file, tmp_path):
    with pytest.raises(FileExistsError):
        write(file, exclusive=True)
    assert file.read_text() == "old"
    write(tmp_path / "new", exclusive=True)
    assert (tmp_path / "new").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2


def test_one_of_two_exclusive_writers_succeeds(tmp_path):
    path = tmp_path / "new"
    with pytest.raises(FileExistsError), replacing(path, "w", exclusive=True) as late:  # noqa: PT012
        write(path, "first", exclusive=True)
        late.write("second")
    assert path.read_text() == "first"
    assert alone(path)


def test_exclusive_where_files_cannot_have_two_names(file, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    test_exclusive_never_replaces(file, tmp_path)
    (tmp_path / "folder").mkdir()
    test_one_of_two_exclusive_writers_succeeds(tmp_path / "folder")


def test_what_a_killed_process_left_is_removed_later(file):
    left, busy = file.with_name(f".{file.name}.0123.tmp"), file.with_name(f".{file.name}.4567.tmp")
    left.touch()
    busy.touch()
    long_ago = time.time() - 2 * LEFT_BEHIND
    os.utime(left, (long_ago, long_ago))
    write(file)
    assert not left.exists()
    assert busy.exists()


def test_a_full_disk_leaves_the_old_file(file):
    limited = "with replacing(sys.argv[1]) as file:\n    for _ in range(100): file.write(bytes(1 << 16))\n"
    process = subprocess.run(
        [sys.executable, "-c", ALONE + limited, file],
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        ),
        capture_output=True,
        text=True,
    )
    assert "OSError" in process.stderr
    assert file.read_text() == "old"
    assert alone(file)


@pytest.mark.parametrize("n_lines", [0, 1, 2, 5, 20])
def test_a_killed_process_leaves_an_old_or_a_new_file(file, n_lines):
    """The process says so before every write; it is killed after some of them."""
    tried("processes killed while they wrote")
    endless = (
        "while True:\n"
        "    with replacing(sys.argv[1], 'w') as file:\n"
        "        for _ in range(10):\n"
        "            print('.', flush=True); file.write('x' * 100_000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", ALONE + endless, file], stdout=subprocess.PIPE) as process:
        for _ in range(n_lines):
            process.stdout.readline()
        process.kill()
    assert file.read_text() in ("old", "x" * 1_000_000)
