"""Keep small things about portraits by their identity: a thumbnail, and what the judge saw."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote


class Kept(Protocol):
    """Small contents by the identity of the portrait that they are of.

    They can all be made again, so one that cannot be read or written is as good as none.
    """

    def find(self, identity: str) -> bytes | None:
        """Return what is kept of a portrait."""

    def keep(self, identity: str, content: bytes) -> None:
        """Keep something of a portrait, instead of what was kept of it before."""


@dataclass(frozen=True, slots=True)
class KeptInFolder:
    """Contents as files of one folder: `<identity><ending>`."""

    folder: Path
    ending: str

    def find(self, identity: str) -> bytes | None:
        """Return the content of the file, if there is one that can be read."""
        try:
            return self._path(identity).read_bytes()
        except OSError:
            return None

    def keep(self, identity: str, content: bytes) -> None:
        """Write the file beside its place and move it there, so that nobody reads half of it."""
        path = self._path(identity)
        part = path.with_name(f".{path.name[-100:]}.{secrets.token_hex(4)}.part")
        with contextlib.suppress(OSError):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(content)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def _path(self, identity: str) -> Path:
        return self.folder / f"{quote(identity, safe='')}{self.ending}"


@dataclass(frozen=True, slots=True)
class Album:
    """What is kept of portraits so that they can be shown later, wherever they lie by then."""

    thumbnails: Kept
    """JPEGs as `greenlight.thumbnails.drawing.thumbnail` makes them."""
    findings: Kept
    """What the judge saw, as `greenlight.screening.opinions` writes it."""

    @classmethod
    def in_home(cls, home: Path) -> Album:
        """Return the album that lies beside the local results: in `thumbnails/` and `findings/`."""
        return cls(
            thumbnails=KeptInFolder(home / "thumbnails", ".jpg"),
            findings=KeptInFolder(home / "findings", ".json"),
        )
