"""Read one part of a bundle, and say what is to be remembered of it."""

from __future__ import annotations

import asyncio
from typing import Any

from greenlight.bundles.bundle import Kind
from greenlight.bundles.defaults import MalformedBrief, parse_details
from greenlight.errors import Overwritten, Unusable
from greenlight.ledger.media import KnownMedium
from greenlight.portraits.media import examine_motion_at, examine_sound_at
from greenlight.portraits.pictures import examine_place
from greenlight.portraits.places import Place, opened

LARGEST_DETAILS_BYTES = 64 * 1024
OF_A_PLACE = {"place", "shown", "name", "identity"}
"""What does not belong to a content: the same one may lie elsewhere too."""


async def read_medium(text: str, kind: Kind, seen: str) -> KnownMedium:
    """Return what a medium is, or the problem with its content.

    `seen` is what its listing identifies it by, or its place where no listing told of it. Raises
    `Overwritten` when another content lies there by now, and `InputError` when it cannot be read now.
    """
    try:
        async with opened(text) as place:
            if seen not in {place.seen, text}:
                raise Overwritten(f"{place.shown} was overwritten since it was listed; look again")
            facts = await _facts(place, kind)
            return KnownMedium(seen=seen, identity=place.identity, facts=facts)
    except (Unusable, MalformedBrief) as error:
        # The same content may lie elsewhere too, so the place is no part of the problem.
        return KnownMedium(seen=seen, problem=str(error).removeprefix(text))


async def _facts(place: Place, kind: Kind) -> dict[str, Any]:
    match kind:
        case Kind.PORTRAIT:
            return (await examine_place(place)).model_dump(exclude=OF_A_PLACE)
        case Kind.SOUND:
            return (await examine_sound_at(place)).model_dump(exclude=OF_A_PLACE)
        case Kind.MOTION:
            return (await examine_motion_at(place)).model_dump(exclude=OF_A_PLACE)
        case Kind.DETAILS:
            return await _read_details(place)


async def _read_details(place: Place) -> dict[str, Any]:
    if place.size_bytes > LARGEST_DETAILS_BYTES:
        raise MalformedBrief(
            f"{place.shown} has {place.size_bytes} bytes; a brief needs a few hundred"
        )
    path = await place.local_path()
    return parse_details(await asyncio.to_thread(path.read_bytes), place.shown)
