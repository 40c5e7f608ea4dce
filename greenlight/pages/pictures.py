"""Find a portrait's small picture and the judge's opinion: kept ones, else from the file where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenlight.errors import InputError
from greenlight.judge import Finding, UnreadablePicture
from greenlight.media.files import FilePlace, hash_file
from greenlight.media.places import place_of
from greenlight.screening.opinions import Opinion, form_opinion, kept_findings, look_and_keep
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import thumbnail


@dataclass(frozen=True, slots=True)
class Pictures:
    """An album, and the files of this machine that are still what the books say; nothing is downloaded."""

    album: Album
    _files: dict[tuple[str, str], Path | None] = field(default_factory=dict)
    """What was found of a portrait's identity at its place."""

    def thumbnail(self, identity: str, place: str) -> bytes | None:
        """Return the thumbnail of a portrait, and keep it where it had to be made."""
        kept = self.album.thumbnails.find(identity)
        if kept is not None:
            return kept
        path = self._unchanged_file(identity, place)
        try:
            made = None if path is None else thumbnail(path)
        except (UnreadablePicture, OSError):
            return None
        if made is not None:
            self.album.thumbnails.keep(identity, made)
        return made

    def opinion(self, identity: str, place: str, model: str) -> Opinion:
        """Return what the judge says of a portrait; an empty opinion where it cannot see it."""
        seen = kept_findings(self.album, identity)
        if seen is None:
            seen = self._look(identity, place)
        return form_opinion(seen or (), model)

    def _look(self, identity: str, place: str) -> Sequence[Finding] | None:
        path = self._unchanged_file(identity, place)
        try:
            return None if path is None else look_and_keep(path, identity, self.album)
        except (UnreadablePicture, OSError):
            return None

    def _unchanged_file(self, identity: str, place: str) -> Path | None:
        """Return the file at a place if it is one of this machine and has the content of the identity."""
        if (identity, place) not in self._files:
            self._files[identity, place] = _file_with(identity, place)
        return self._files[identity, place]


def _file_with(identity: str, place: str) -> Path | None:
    try:
        found = place_of(place)
        if not isinstance(found, FilePlace) or not found.path.is_file():
            return None
        return found.path if hash_file(found.path)[0] == identity else None
    except (InputError, OSError, ValueError):
        return None
