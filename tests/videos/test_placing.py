"""A file that is whole gets its name for good: never over another one, and safe from a power cut."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from greenlight.videos.placing import growing, settle, try_place

KILLED = """
import os, sys
from pathlib import Path
from greenlight.videos.placing import growing
kept = growing(Path(sys.argv[1]))
kept.__enter__()
os._exit(9)
"""


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "anna.mp4"


@pytest.fixture(params=["links", "no links"])
def _links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system whose files can have a second name, or one like FAT."""
    if request.param == "no links":
        monkeypatch.setattr(os, "link", failing(errno.EPERM))


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def put(destination: Path, content: bytes) -> None:
    with growing(destination) as part:
        part.write_bytes(content)
        settle(part, destination)


@pytest.mark.usefixtures("_links")
def test_a_file_gets_its_name_and_nothing_is_left_beside_it(destination: Path) -> None:
    put(destination, b"anna")
    assert destination.read_bytes() == b"anna"
    assert list(destination.parent.iterdir()) == [destination]


@pytest.mark.usefixtures("_links")
def test_what_lies_there_stays(destination: Path) -> None:
    put(destination, b"anna")
    put(destination, b"anna")
    with pytest.raises(FileExistsError, match="something else is there"):
        put(destination, b"maria")
    assert destination.read_bytes() == b"anna"
    assert list(destination.parent.iterdir()) == [destination]


@pytest.mark.usefixtures("_links")
def test_a_folder_of_the_name_stays(destination: Path) -> None:
    destination.mkdir()
    with pytest.raises(FileExistsError):
        put(destination, b"anna")


@pytest.mark.usefixtures("_links")
def test_of_many_at_once_one_gets_the_name(destination: Path) -> None:
    together = threading.Barrier(8)

    def one(number: int) -> bool:
        with growing(destination) as part:
            part.write_bytes(b"%d" % number)
            together.wait()
            try:
                settle(part, destination)
            except FileExistsError:
                return False
        return True

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(one, range(8)))
    assert stored.count(True) == 1
    assert destination.read_bytes() == b"%d" % stored.index(True)


def test_where_files_have_one_name_one_looks_and_renames_at_a_time(
    destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look while nothing lies there, unless one waits for the other."""
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    both, replace = threading.Barrier(2), Path.replace

    def wait_and_replace(part: Path, target: Path) -> Path:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", wait_and_replace)

    def one(content: bytes) -> bool:
        try:
            put(destination, content)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, [b"anna", b"maria"])) == [False, True]


def test_what_a_dead_process_left_is_deleted(destination: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(destination)]
    assert subprocess.run(command, check=False).returncode == 9
    (left,) = destination.parent.iterdir()
    with growing(destination) as part:
        assert list(destination.parent.iterdir()) == [part]
        assert part != left


def test_what_another_is_writing_is_left_alone(destination: Path) -> None:
    with growing(destination) as first, growing(destination) as second:
        try_place(destination)
        assert set(destination.parent.iterdir()) == {first, second}


def test_what_is_left_beside_other_files_is_left_alone(destination: Path) -> None:
    other = destination.with_name(".maria.mp4.0a1b2c3d.part")
    other.touch()
    with growing(destination):
        assert other.exists()


def test_a_file_that_is_deleted_before_it_is_locked_is_made_again(
    destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever clears up may come between the two."""
    deleted: list[Path] = []

    def lock(*_: object) -> None:
        if not deleted:
            deleted.extend(destination.parent.iterdir())
            deleted[0].unlink()

    monkeypatch.setattr(fcntl, "flock", lock)
    with growing(destination) as part:
        assert part.exists()
        assert [part] != deleted


def test_where_there_are_no_locks_nothing_counts_as_dead(
    destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    with growing(destination) as first:
        put(destination, b"anna")
        assert first.exists()
    assert destination.read_bytes() == b"anna"


def test_a_name_is_on_the_disk_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "videos" / "anna"
    events: list[tuple[str, Path]] = []
    sync, link = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        events.append(("synced", Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    def note_link(part: Path, destination: Path) -> None:
        events.append(("named", destination))
        link(part, destination)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    put(folder / "anna.mp4", b"anna")
    assert set(events[:2]) == {("synced", tmp_path), ("synced", tmp_path / "videos")}
    assert events[2:] == [("named", folder / "anna.mp4"), ("synced", folder)]


@pytest.mark.usefixtures("_links")
def test_the_name_of_a_file_that_lay_there_is_written_down_too(
    destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gave it the name may have died before."""
    destination.write_bytes(b"anna")
    synced: list[Path] = []
    monkeypatch.setattr(
        os, "fsync", lambda one: synced.append(Path(f"/proc/self/fd/{one}").readlink())
    )
    put(destination, b"anna")
    assert synced == [destination.parent]


def test_a_file_system_that_writes_no_folder_down_is_no_fault(
    destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))
    put(destination, b"anna")
    assert destination.read_bytes() == b"anna"


def test_a_disk_that_fails_is_told(destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        put(destination, b"anna")
