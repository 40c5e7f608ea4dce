"""Know where a studio's files lie: uploads, fetched inputs and finished videos."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from greenlight.modelstudio.times import CHINA


@dataclass(frozen=True, slots=True)
class StudioFiles:
    """The folders of one home."""

    home: Path

    @property
    def uploads(self) -> Path:
        """Return where form uploads lie."""
        return self.home / "uploads"

    @property
    def fetched(self) -> Path:
        """Return where inputs lie while they are read."""
        return self.home / "fetched"

    @property
    def results(self) -> Path:
        """Return where videos lie."""
        return self.home / "results"

    def make(self) -> None:
        """Make the folders, and clear away what a killed studio left half done."""
        for folder in (self.uploads, self.fetched, self.results):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.fetched.iterdir():
            leftover.unlink()

    def upload(self, key: str) -> Path:
        """Return the file of an uploaded object; keys are people's, so they name no path."""
        return self.uploads / hashlib.sha256(key.encode()).hexdigest()

    def result(self, name: str) -> Path:
        """Return the file of a video."""
        return self.results / name

    def delete_old_uploads(self, older_than_seconds: float) -> None:
        """Delete what was uploaded too long ago."""
        for path in self.uploads.iterdir():
            if path.stat().st_mtime < time.time() - older_than_seconds:
                path.unlink()

    def delete_results(self, but: Collection[str] = ()) -> None:
        """Delete all videos but these."""
        for path in self.results.iterdir():
            if path.name not in but:
                path.unlink(missing_ok=True)

    @staticmethod
    def new_upload_folder(model: str, secret: bytes) -> str:
        """Return a folder for one upload, `dashscope-instant/<hash>/<date>/<uuid>`.

        The hash binds it to the model, as the vendor's is bound.
        """
        today = datetime.now(UTC).astimezone(CHINA)
        return f"dashscope-instant/{_bond(model, secret)}/{today:%Y-%m-%d}/{uuid4()}"

    @staticmethod
    def belongs(key: str, model: str, secret: bytes) -> bool:
        """Return whether an object was uploaded for this model."""
        parts = key.split("/")
        return len(parts) > 1 and hmac.compare_digest(parts[1], _bond(model, secret))


def _bond(model: str, secret: bytes) -> str:
    return hmac.new(secret, model.encode(), hashlib.sha256).hexdigest()[:32]
