"""Read a file of this machine: its identity is its content's hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from greenlight.errors import InputError, Overwritten
from greenlight.media.place import Place


class FilePlace(Place):
    """A file of this machine."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        # Path's own raises for a user that does not exist.
        self.path = Path(os.path.expanduser(text))  # noqa: PTH111

    async def enter(self) -> None:
        """Read the file once for its identity."""
        try:
            # The books, the pages and the vendor take Unicode only.
            self.text.encode()
            # Before the content: what changes while it is read is then seen otherwise afterwards.
            self.seen = seen_of_file(self.path)
            self.identity, self.size_bytes = await asyncio.to_thread(hash_file, self.path)
        except UnicodeEncodeError:
            raise InputError(
                "cannot be used, because its name is not UTF-8",
                "rename it",
                subject=repr(self.text),
            ) from None
        except FileNotFoundError:
            raise InputError("does not exist", "check the path", subject=self.text) from None
        except IsADirectoryError:
            raise InputError("is a directory", "name the files in it", subject=self.text) from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", subject=self.text) from error
        except ValueError:
            raise InputError(
                "is not a name that a file can have", subject=repr(self.text)
            ) from None
        if self.size_bytes == 0:
            raise InputError("is empty", subject=self.text)

    def open(self) -> BinaryIO:
        """Open the file."""
        return self.path.open("rb")

    async def local_path(self) -> Path:
        """Return the file itself."""
        return self.path

    def expect_unchanged(self) -> None:
        """Raise `Overwritten` if the file was written to, or is another one, since it was read."""
        try:
            is_same = seen_of_file(self.path) == self.seen
        except OSError:
            is_same = False
        if not is_same:
            raise Overwritten(
                "was changed while it was worked on", "run it again", subject=self.text
            )

    def url(self, lifetime_seconds: int) -> str | None:  # noqa: ARG002
        """Return nothing: the vendor cannot see this machine's files."""
        return None


def seen_of_file(path: Path) -> str:
    """Return what a folder alone knows of a file's content: path, size and time of change."""
    facts = path.stat()
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return f"file-{digest}-{facts.st_size}-{facts.st_mtime_ns}"


def hash_file(path: Path) -> tuple[str, int]:
    """Return a file's identity and its size in bytes."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return f"sha256-{digest.hexdigest()}", stream.tell()
