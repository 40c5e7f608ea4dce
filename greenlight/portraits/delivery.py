"""Hand a picture, a sound or a video to the vendor: by its own address, presigned, or uploaded.

Local files are always uploaded; S3 objects are when they are asked to be. Otherwise they are presigned, and
as such an address dies with the credentials that signed it, whatever life it was given, the rule is:

    the credentials            a check (fetched within seconds)    a video's or template's (fetched when its
                               link of 15 minutes                  turn comes) link of 6 hours
    never end                  presigned                           presigned
    live as long as the link   presigned                           presigned
    end before the link        presigned; refused with a sentence  uploaded, and a warning says why
                               when they end within 5 minutes
    end, nobody knows when     presigned                           uploaded, and a warning says why
"""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import dataclass, field

from greenlight.aws.clients import Credentials
from greenlight.errors import Overwritten, SettingsError
from greenlight.modelstudio.client import ModelStudio
from greenlight.portraits.media import Sound
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.place import Place
from greenlight.portraits.places import opened
from greenlight.settings import Delivery

CHECK_LINK_SECONDS = 15 * 60
"""The vendor fetches a portrait as soon as its check arrives; until then the pace may hold it back."""
CHECK_CREDENTIALS_SECONDS = 5 * 60
LINK_SECONDS = 6 * 3600
"""A task that the vendor has not finished after 3 hours fails; twice that bears a queue before it."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handed:
    """An address that the vendor can fetch a content from."""

    url: str = field(repr=False)
    can_change: bool
    """Whether another content may lie there when the vendor fetches it, which can be asked for later."""


async def deliver(
    content: Portrait | Sound, studio: ModelStudio, *, reader: str, delivery: Delivery
) -> str:
    """Return an address that the vendor can fetch the content of a job from, for as long as it may wait.

    `reader` is the model that will read it: a temporary upload is bound to one model, so what two models
    read is delivered twice. Raises `Overwritten` when the content was replaced since it was examined.
    """
    async with opened(content.place) as place:
        _expect_same(content, place)
        url = None
        if delivery == "presigned" and await asyncio.to_thread(_live_long, place):
            url = await asyncio.to_thread(place.url, LINK_SECONDS)
        return url or await studio.upload(await place.local_path(), model=reader)


async def deliver_for_check(
    portrait: Portrait, studio: ModelStudio, *, reader: str, delivery: Delivery
) -> Handed:
    """Return an address that the vendor can fetch a portrait from at once.

    Raises `Overwritten` like `deliver`, and a `SettingsError` when the credentials are about to end.
    """
    async with opened(portrait.place) as place:
        _expect_same(portrait, place)
        url = None
        if delivery == "presigned":
            await asyncio.to_thread(_expect_life, place)
            url = await asyncio.to_thread(place.url, CHECK_LINK_SECONDS)
        if url is not None:
            return Handed(url, can_change=not place.is_fixed)
        url = await studio.upload(await place.local_path(), model=reader)
        return Handed(url, can_change=False)


async def is_unchanged(content: Portrait | Sound) -> bool:
    """Whether the content still lies in its place; `InputError` when nothing can be read there any more."""
    async with opened(content.place) as place:
        return place.identity == content.identity


def _expect_same(content: Portrait | Sound, place: Place) -> None:
    if place.identity != content.identity:
        raise Overwritten(f"{content.shown} was changed while it was worked on; run it again")


def _expect_life(place: Place) -> None:
    """Raise a `SettingsError` when the address would die before the vendor is sure to have fetched it."""
    credentials = place.credentials
    if credentials is None or credentials.ends_at is None:
        return
    if not credentials.last_for(CHECK_CREDENTIALS_SECONDS):
        raise SettingsError(
            f"the AWS credentials end at {credentials.ends_at:%Y-%m-%d %H:%M:%S} UTC, so a link to "
            f"{place.shown} could die before the vendor has fetched it; renew them and run it again"
        )


def _live_long(place: Place) -> bool:
    """Whether an address lives as long as a job may wait."""
    credentials = place.credentials
    if credentials is None or credentials.last_for(LINK_SECONDS):
        return True
    _warn_of_upload(_why_short(credentials))
    return False


def _why_short(credentials: Credentials) -> str:
    return "do not say when they end" if credentials.ends_at is None else "end before that"


@functools.cache
def _warn_of_upload(why: str) -> None:
    """Say once a process why nothing is presigned for jobs."""
    logger.warning(
        "a job may wait %d hours for its turn, and the AWS credentials %s, so a presigned link could die; "
        "what a job needs from S3 goes by the vendor's temporary upload instead",
        LINK_SECONDS // 3600,
        why,
    )
