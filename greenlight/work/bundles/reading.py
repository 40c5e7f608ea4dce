"""Read what belongs to a bundle, once for every content of a kind."""

from __future__ import annotations

import asyncio
from typing import Any

from greenlight.errors import InputError, Overwritten, Unusable, sentence
from greenlight.ledger.media import KnownMedium, Media
from greenlight.media.kinds import Kind
from greenlight.media.place import Place
from greenlight.media.places import place_of
from greenlight.media.portraits import examine_place
from greenlight.media.recordings import Motion, examine_sound_at, examine_video_at
from greenlight.media.s3 import is_overwritten
from greenlight.work.bundles.bundle import Medium
from greenlight.work.bundles.defaults import MalformedBrief, parse_details

LARGEST_DETAILS_BYTES = 64 * 1024
OF_A_PLACE = {"place", "shown", "name", "identity"}
"""What does not belong to a content: the same one may lie elsewhere too."""


async def read_medium(medium: Medium, memory: Media) -> KnownMedium:
    """Return what a medium is, or the problem with its content, and remember it where it can be seen again.

    Raises `Overwritten` when another content lies there than was listed, and `InputError` when it cannot be
    read now.
    """
    place = place_of(medium.place)
    try:
        problem = await _enter(place)
        if medium.seen and is_overwritten(medium.seen, place.seen):
            raise Overwritten(
                "was overwritten since it was listed", "run it again", subject=place.shown
            )
        return await _look_up(place, medium.kind, problem, memory)
    finally:
        await place.leave()


async def _enter(place: Place) -> Unusable | None:
    """Find what lies there; return why nobody can ever use it, if it is so."""
    try:
        await place.enter()
    except Unusable as error:
        return error
    return None


async def _look_up(
    place: Place, kind: Kind, problem: Unusable | None, memory: Media
) -> KnownMedium:
    key = Medium(place.text, kind, place.seen).key
    known = (await asyncio.to_thread(memory.find_many, [key])).get(key) if place.seen else None
    if known is None:
        known = await _read(place, kind, key, problem)
        if place.seen:
            await asyncio.to_thread(memory.remember, [known])
    return known


async def _read(place: Place, kind: Kind, key: str, problem: InputError | None) -> KnownMedium:
    if problem is None:
        try:
            return KnownMedium(seen=key, identity=place.identity, facts=await _facts(place, kind))
        except (Unusable, MalformedBrief) as error:
            problem = error
    # The same content may lie elsewhere too, so the place is no part of the problem.
    return KnownMedium(seen=key, problem=sentence((problem.what, problem.advice)))


async def _facts(place: Place, kind: Kind) -> dict[str, Any]:
    match kind:
        case Kind.PICTURE:
            return (await examine_place(place)).model_dump(exclude=OF_A_PLACE)
        case Kind.SOUND:
            return (await examine_sound_at(place)).model_dump(exclude=OF_A_PLACE)
        case Kind.VIDEO:
            # A clip has the same facts.
            return (await examine_video_at(place, Motion)).model_dump(exclude=OF_A_PLACE)
        case Kind.DETAILS:
            return await _read_details(place)


async def _read_details(place: Place) -> dict[str, Any]:
    if place.size_bytes > LARGEST_DETAILS_BYTES:
        raise MalformedBrief(
            f"has {place.size_bytes} bytes", "a brief needs a few hundred", subject=place.shown
        )
    path = await place.local_path()
    try:
        content = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", subject=place.shown) from None
    return parse_details(content, place.shown)
