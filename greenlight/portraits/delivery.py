"""Hand a picture, a sound or a video to the vendor: by its own address, presigned, or uploaded."""

from __future__ import annotations

from greenlight.errors import InputError
from greenlight.modelstudio.client import ModelStudio
from greenlight.portraits.media import Sound
from greenlight.portraits.pictures import Portrait
from greenlight.portraits.places import opened
from greenlight.settings import Delivery

LINK_SECONDS = 6 * 3600
"""A task that the vendor has not finished after 3 hours fails; twice that bears a queue before it."""


async def deliver(
    content: Portrait | Sound, studio: ModelStudio, *, reader: str, delivery: Delivery
) -> str:
    """Return an address that the vendor can fetch the content from.

    `reader` is the model that will read it: a temporary upload is bound to one model, so what two models
    read is delivered twice. Local files are always uploaded; S3 objects are when `delivery` says so. Raises
    an `InputError` when the content was replaced since it was examined.
    """
    async with opened(content.place) as place:
        if place.identity != content.identity:
            raise InputError(f"{content.shown} was changed while it was worked on; run it again")
        url = None if delivery == "upload" else place.url(LINK_SECONDS)
        if url is not None:
            return url
        return await studio.upload(await place.local_path(), model=reader)
