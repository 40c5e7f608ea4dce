"""Hand a picture, a sound or a video to the vendor: by its own address, presigned, or uploaded.

A job waits for hours until the vendor fetches what it needs, so a job gets only what cannot change meanwhile:
a version in S3, or an upload. A check is fetched within seconds, so it may get a link to what can change,
and the caller asks afterwards whether it has (`is_unchanged`).

    what lies there           a check                            a video's or template's
    a file                    uploaded                           uploaded
    a version of an object    presigned for 15 minutes           presigned for 6 hours
    an object without one     presigned; asked again afterwards  uploaded
    a web address             as it is; asked again afterwards   uploaded

Objects are uploaded wherever uploads are asked for. As a presigned address dies with the credentials that
signed it, whatever life it was given, the rule for those is:

    the credentials            a check's link                     a video's or template's
    never end                  presigned                          presigned
    live as long as the link   presigned                          presigned
    end before the link        presigned; refused with a sentence uploaded, and a warning says why
                               when they end within 5 minutes
    end, nobody knows when     presigned                          uploaded, and a warning says why
"""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import dataclass, field

from greenlight.aws.clients import Credentials
from greenlight.errors import Overwritten, SettingsError
from greenlight.media.place import Place
from greenlight.media.places import opened
from greenlight.media.portraits import Portrait
from greenlight.media.recordings import Sound
from greenlight.modelstudio.client import ModelStudio
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
    content: Portrait | Sound, client: ModelStudio, *, reader: str, delivery: Delivery
) -> str:
    """Return an address that the vendor can fetch the content of a job from, for as long as it may wait.

    `reader` is the model that will read it: a temporary upload is bound to one model, so what two models
    read is delivered twice. Raises `Overwritten` when the content was replaced since it was examined.
    """
    async with opened(content.place) as place:
        _expect_same(content, place)
        if (
            delivery == "presigned"
            and place.is_fixed
            and await asyncio.to_thread(_live_long, place)
        ):
            url = await asyncio.to_thread(place.url, LINK_SECONDS)
            if url is not None:
                return url
        return await _upload(place, client, reader)


async def deliver_for_check(
    portrait: Portrait, client: ModelStudio, *, reader: str, delivery: Delivery
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
        return Handed(await _upload(place, client, reader), can_change=False)


async def is_unchanged(content: Portrait | Sound) -> bool:
    """Whether the content still lies in its place; `InputError` when nothing can be read there any more."""
    async with opened(content.place) as place:
        return place.identity == content.identity


async def _upload(place: Place, client: ModelStudio, reader: str) -> str:
    """Upload what was found at a place; `Overwritten` if a file was changed while it was sent."""
    url = await client.upload(await place.local_path(), model=reader)
    await asyncio.to_thread(place.expect_unchanged)
    return url


def _expect_same(content: Portrait | Sound, place: Place) -> None:
    if place.identity != content.identity:
        raise Overwritten(
            "was changed while it was worked on", "run it again", subject=content.shown
        )


def _expect_life(place: Place) -> None:
    """Raise a `SettingsError` when the address would die before the vendor is sure to have fetched it."""
    credentials = place.credentials
    if credentials is None or credentials.ends_at is None:
        return
    if not credentials.last_for(CHECK_CREDENTIALS_SECONDS):
        raise SettingsError(
            f"the AWS credentials expire at {credentials.ends_at:%Y-%m-%d %H:%M:%S} UTC, so a link to "
            f"{place.shown} could expire before the vendor has fetched it",
            "renew them and run it again",
            could_cost=True,
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
