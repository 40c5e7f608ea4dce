"""A SQLite file on a drive that several machines share is refused before anything is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import Ledger
from greenlight.ledger.mounts import SHARED, shared_drive_of

MOUNTS = r"""
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
36 22 0:40 / /mnt/team rw,relatime shared:7 master:1 - nfs4 server:/team rw,vers=4.2
37 36 8:1 / /mnt/team/local rw - xfs /dev/sda1 rw
38 22 0:41 / /mnt/the\040team rw - cifs //server/team rw
39 22 0:42 / /mnt/covered rw - nfs server:/old rw
40 22 0:43 / /mnt/covered rw - tmpfs tmpfs rw
41 22 0:44 / /mnt/bucket rw - fuse.ossfs ossfs rw
42 22 0:45 / /mnt/host rw - 9p C:\134 rw
this line is none
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/mnt/team/books/ledger.db", "nfs4"),
        ("/mnt/team/local/ledger.db", None),
        ("/mnt/team/../team/ledger.db", "nfs4"),
        ("/mnt/teams/ledger.db", None),
        ("/mnt/the team/ledger.db", "cifs"),
        ("/mnt/covered/ledger.db", None),
        ("/mnt/bucket/ledger.db", "fuse.ossfs"),
        ("/mnt/host/ledger.db", None),
        ("/srv/ledger.db", None),
    ],
)
def test_the_nearest_mount_decides(file: str, kind: str | None) -> None:
    drive = shared_drive_of(Path(file), MOUNTS)
    assert (drive.kind if drive else None) == kind


def test_a_link_to_a_network_drive_is_followed(tmp_path: Path) -> None:
    team, home = tmp_path / "team", tmp_path / "home"
    team.mkdir()
    home.symlink_to(team)
    mounts = f"36 22 0:40 / {team} rw - nfs server:/team rw"
    assert shared_drive_of(home / "ledger.db", mounts) is not None
    assert shared_drive_of(tmp_path / "ledger.db", mounts) is None


@pytest.mark.parametrize("kind", sorted(SHARED))
def test_every_shared_type_is_refused_and_nothing_is_made(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, mounts = tmp_path / "home", tmp_path / "mountinfo"
    mounts.write_text(f"36 22 0:40 / {tmp_path} rw - {kind} server:/team rw\n")
    monkeypatch.setattr("greenlight.ledger.mounts.MOUNTS", mounts)
    with pytest.raises(
        LedgerError, match=f"network drive .{kind} at .*pay for the same work.*PostgreSQL"
    ):
        Ledger(f"sqlite:///{home / 'ledger.db'}")
    assert not home.exists()


def test_a_system_that_does_not_say_what_is_mounted_is_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.ledger.mounts.MOUNTS", tmp_path / "no such file")
    Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").close()
    assert (tmp_path / "ledger.db").is_file()
