"""Say whether a file lies on a drive that several machines share, where SQLite cannot keep the books."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
"""What is mounted, as Linux tells every process (proc_pid_mountinfo(5)); other systems have no such file."""
_OF_THE_KERNEL: Final = (
    "nfs,nfs4,cifs,smb3,smbfs,afs,ceph,glusterfs,lustre,beegfs,gpfs,gfs2,ocfs2,orangefs,davfs"
)
_OF_PROGRAMS: Final = (
    "sshfs,s3fs,rclone,ossfs,ossfs2,goofys,gcsfuse,blobfuse,blobfuse2,mountpoint-s3,juicefs,"
    "ceph,ceph-fuse,glusterfs,davfs"
)
SHARED: Final = frozenset(_OF_THE_KERNEL.split(",")) | {
    f"fuse.{name}" for name in _OF_PROGRAMS.split(",")
}
"""The types of file systems that live on several machines. SQLite's write-ahead log needs memory that all
its writers share (sqlite.org/wal.html), which no two machines do, whatever locks the drive promises. `9p`,
`virtiofs` and the like are not among them: virtual machines and containers show one machine's folders so."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A mounted file system: its type, and where it is mounted."""

    kind: str
    point: Path

    def __str__(self) -> str:
        """Return how people know it."""
        return f"{self.kind} at {self.point}"


def shared_drive_of(file: Path, mounts: str | None = None) -> Drive | None:
    """Return the drive that a file lies on, or would lie on, if several machines can share it.

    `mounts` is a text as in /proc/self/mountinfo, which is read where none is given. `None` also where there
    is no telling.
    """
    text = _read_mounts() if mounts is None else mounts
    whole = file.expanduser().resolve()
    around = [drive for drive in _drives(text) if whole.is_relative_to(drive.point)]
    if not around:
        return None
    # Of two that are mounted at the same place the later one covers the other.
    nearest = max(enumerate(around), key=lambda one: (len(one[1].point.parts), one[0]))[1]
    return nearest if nearest.kind in SHARED else None


def _read_mounts() -> str:
    with suppress(OSError):
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    return ""


def _drives(text: str) -> list[Drive]:
    drives = []
    for line in text.splitlines():
        # Between the two stand optional fields, as many as there are.
        mount, separator, system = line.partition(" - ")
        fields = mount.split(" ")
        if separator and len(fields) > 4:
            drives.append(Drive(system.split(" ")[0], Path(_unescaped(fields[4]))))
    return drives


def _unescaped(text: str) -> str:
    r"""Return a path in which spaces, tabs, newlines and backslashes are written like `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
