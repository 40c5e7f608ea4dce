"""Ask the local judge about portraits that the vendor refuses without a word."""

from __future__ import annotations

from collections.abc import Sequence

from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Verdict
from greenlight.screening.opinions import Opinion, opinions_of, wants_opinion
from greenlight.settings import read_settings
from greenlight.thumbnails.cache import Album


async def opinions_on(subject: Subject, verdicts: Sequence[Verdict]) -> dict[str, Opinion]:
    """Return the judge's opinions by model, where a refusal has no reason of its own.

    The judge looks once at a portrait, or at a frame of a clip; what it saw is kept beside the local results.
    """
    models = [verdict.model for verdict in verdicts if wants_opinion(verdict)]
    if not models:
        return {}
    album = Album.in_home(read_settings().home)
    return await opinions_of(subject.place, models, identity=subject.identity, album=album)
