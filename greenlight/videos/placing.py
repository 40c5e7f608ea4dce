"""Let a file grow beside its place, and give it its name for good: whole, and never over another file."""

from __future__ import annotations

import errno
import fcntl
import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Final

_UNABLE: Final = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.ENOTSUP)
"""What says that a file system cannot write a folder down by itself, and not that it failed."""


@contextmanager
def growing(destination: Path) -> Iterator[Path]:
    """Yield an empty file beside a destination, which is gone at the end if it was not given the name.

    What a process that died left beside the same destination is deleted; a living one locks its own.
    """
    for left in destination.parent.glob(f".{escape(destination.name)}.*.part"):
        _delete_if_dead(left)
    with _new_part(destination) as part:
        yield part


def try_place(destination: Path) -> None:
    """Raise an `OSError` if no file can be made beside a destination; nothing else is touched there."""
    with _new_part(destination):
        pass


@contextmanager
def _new_part(destination: Path) -> Iterator[Path]:
    _make_folder(destination.parent)
    part, descriptor = _locked_part(destination)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _locked_part(destination: Path) -> tuple[Path, int]:
    while True:
        part = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Somebody may have taken it for a dead one's before it was locked.
        if os.fstat(descriptor).st_nlink:
            return part, descriptor
        os.close(descriptor)


def _delete_if_dead(part: Path) -> None:
    """Delete what nobody holds a lock on; where there are no locks, everything counts as held."""
    with suppress(OSError), part.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()


def settle(part: Path, destination: Path) -> None:
    """Give a file that is whole its name, so that a power cut does not take it away again.

    What lies there already stays: `FileExistsError` says so, unless it is the same content.
    """
    try:
        os.link(part, destination)
    except FileExistsError:
        _expect_same(part, destination)
    except OSError:
        # FAT and some network drives give no file a second name.
        _move(part, destination)
    _write_down(destination.parent)


def _move(part: Path, destination: Path) -> None:
    """Rename a file where none lies; the folder's lock lets one process at a time look and rename."""
    folder = os.open(destination.parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        if destination.exists():
            _expect_same(part, destination)
        else:
            part.replace(destination)
    finally:
        os.close(folder)


def _expect_same(part: Path, destination: Path) -> None:
    if not filecmp.cmp(part, destination, shallow=False):
        raise FileExistsError(errno.EEXIST, "something else is there", str(destination))


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _write_down(one.parent)


def _write_down(folder: Path) -> None:
    """Have the names in a folder written to its disk, where that is possible."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
