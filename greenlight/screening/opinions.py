"""Ask the local judge why a portrait may have been refused; its word is an opinion, not a verdict."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from greenlight.errors import InputError
from greenlight.judge import Finding, FindingKind, Judge, UnreadablePicture, findings
from greenlight.judge.rules import speaks_against
from greenlight.media.places import opened
from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Verdict
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import thumbnail

logger = logging.getLogger(__name__)

NOT_INSTALLED: Final = (
    "the local judge is not installed, so refusals without a reason stay unexplained; "
    "`pip install ai-edge-litert` brings what it needs"
)
ADVICE: Final = {
    FindingKind.NOBODY: "use a photograph of one person",
    FindingKind.SEVERAL_PEOPLE: "crop it to one person",
    FindingKind.NO_FACE: "let eyes, nose and mouth be seen",
    FindingKind.TURNED: "let the face look into the camera",
    FindingKind.TILTED: "hold the head upright",
    FindingKind.SMALL_FACE: "crop it closer to the face, or use a larger original",
    FindingKind.LIGHT: "light the face evenly",
    FindingKind.BLUR: "use a sharp photograph",
    FindingKind.NO_BODY: "show the body at least down to the waist",
}
ALWAYS_TOLD: Final = frozenset({FindingKind.LIGHT})
"""EMO and wan2.2-s2v refuse without a word, and their documents name no reasons: so it may be one."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the judge holds against a portrait for one model, and what to do; both "" for nothing."""

    words: str = ""
    """What it sees: `two people are in the picture, the face is turned by 43 degrees`."""
    advice: str = ""
    """What to do about each of it, in the same order."""

    def __bool__(self) -> bool:
        """Whether it sees anything."""
        return bool(self.words)

    def __str__(self) -> str:
        """Return it as people read it, marked as an opinion; "" for nothing."""
        return f"local judge: {self.words}; {self.advice}" if self else ""


def wants_opinion(verdict: Verdict) -> bool:
    """Whether a refusal comes without a word, or with nothing but a code."""
    return not verdict.passed and not verdict.reason


def form_opinion(seen: Iterable[Finding], model: str) -> Opinion:
    """Return what of the judge's findings speaks against a portrait for a model."""
    told = speaks_against(model) | ALWAYS_TOLD
    against = [finding for finding in seen if finding.kind in told]
    return Opinion(
        words=", ".join(finding.words for finding in against),
        advice=", ".join(ADVICE[finding.kind] for finding in against),
    )


def look(picture: Path | bytes) -> tuple[Finding, ...] | None:
    """Return all that the judge sees wrong with a picture, `None` where the judge is not installed.

    Raises `UnreadablePicture` for what is no picture, and `OSError` for a file that cannot be opened.
    """
    try:
        return findings(_judge().look_at(picture))
    except ImportError:
        _say_that_it_is_not_installed()
        return None


@functools.cache
def _judge() -> Judge:
    return Judge()


@functools.cache
def _say_that_it_is_not_installed() -> None:
    logger.warning("%s", NOT_INSTALLED)


async def opinion_of(
    place: str, model: str, *, identity: str = "", album: Album | None = None
) -> Opinion:
    """Return the judge's opinion of one portrait for one model; see `opinions_of`."""
    found = await opinions_of(place, [model], identity=identity, album=album)
    return found.get(model, Opinion())


async def opinions_of(
    place: str, models: Iterable[str], *, identity: str = "", album: Album | None = None
) -> dict[str, Opinion]:
    """Return the judge's opinions of one portrait by model; the judge looks once for all of them.

    The place is a file, an http(s) address or an S3 object; with an identity only that content counts, not
    what has replaced it meanwhile. What an album knows is not looked at again, and what was looked at is
    kept in it with its thumbnail. There is never an error: without the judge, or with a portrait that cannot
    be read (any more), there is no opinion, and the answer is empty.
    """
    seen = None
    if album is not None and identity:
        seen = await asyncio.to_thread(kept_findings, album, identity)
    if seen is None:
        seen = await _look_at(place, identity, album)
    return {} if seen is None else {model: form_opinion(seen, model) for model in models}


async def opinions_on(
    subject: Subject, verdicts: Sequence[Verdict], home: Path
) -> dict[str, Opinion]:
    """Return the judge's opinions by model, where a refusal has no reason of its own.

    The judge looks once at a portrait, or at a frame of a clip; what it saw is kept in `home`.
    """
    models = [verdict.model for verdict in verdicts if wants_opinion(verdict)]
    if not models:
        return {}
    album = Album.in_home(home)
    return await opinions_of(subject.place, models, identity=subject.identity, album=album)


async def _look_at(place: str, identity: str, album: Album | None) -> Sequence[Finding] | None:
    try:
        async with opened(place) as found:
            if identity and found.identity != identity:
                return None
            path = await found.local_path()
            return await asyncio.to_thread(look_and_keep, path, found.identity, album)
    except (InputError, UnreadablePicture, OSError):
        return None


def look_and_keep(path: Path, identity: str, album: Album | None) -> Sequence[Finding] | None:
    """Return what the judge sees in a file, and keep it in an album with the thumbnail; see `look`."""
    if album is not None and album.thumbnails.find(identity) is None:
        album.thumbnails.keep(identity, thumbnail(path))
    seen = look(path)
    if album is not None and seen is not None:
        told = [{"kind": finding.kind.value, "words": finding.words} for finding in seen]
        album.findings.keep(identity, json.dumps(told).encode())
    return seen


def kept_findings(album: Album, identity: str) -> Sequence[Finding] | None:
    """Return what the judge saw when it looked at a portrait before, `None` if it never did."""
    content = album.findings.find(identity)
    if content is None:
        return None
    try:
        return [Finding(FindingKind(one["kind"]), one["words"]) for one in json.loads(content)]
    except (ValueError, KeyError, TypeError):
        return None
