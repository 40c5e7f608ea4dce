"""Look at the service by one free request: its address, the key, the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

from greenlight.doctor import address, clock, key
from greenlight.doctor.asking import ask
from greenlight.doctor.findings import Finding, State, skipped
from greenlight.doctor.regions import OTHER_REGIONS, is_vendors
from greenlight.settings import Settings

SHARE_OF_TIME = 0.4
"""Of the time that there is: first the service, then, for a refused key, all other regions at once."""


def examine_service(
    settings: Settings, *, seconds: float, regions: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Yield the findings of address, key and clock.

    The `regions` that a refused key is shown to are the vendor's others; none, unless the address is the
    vendor's too: a key is shown to nobody else.
    """
    if regions is None:
        regions = OTHER_REGIONS if is_vendors(settings.base_url) else {}
    patience = seconds * SHARE_OF_TIME
    unusable = key.unusable(settings)
    sent = "" if unusable else settings.require_key()
    try:
        reply = ask(settings.base_url, sent, workspace=settings.workspace, seconds=patience)
    except httpx.HTTPError as error:
        yield unusable or skipped(key.SUBJECT, "nobody answers who could say whether it is good")
        yield address.unreachable(settings.base_url, error)
        yield skipped(clock.SUBJECT, "nobody answers whose clock it could be compared with")
        return
    place = address.reached(settings.base_url, reply.answer, took_seconds=reply.took_seconds)
    if unusable:
        yield unusable
    elif place.state is State.BROKEN:
        yield skipped(key.SUBJECT, "the address is not one that could say whether it is good")
    else:
        yield key.answered(settings, sent, reply.answer, regions=regions, seconds=patience)
    yield place
    yield clock.compare(reply.answer.headers, at=reply.at)
