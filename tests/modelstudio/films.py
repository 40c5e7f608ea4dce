"""Make the paying request of a film from the two addresses that every family of today takes."""

from __future__ import annotations

from greenlight.modelstudio.family import Family, Parameters, Role, Verdict, VideoRequest


def film_request(
    family: Family,
    image_url: str,
    drive: str,
    *,
    verdict: Verdict,
    parameters: Parameters,
    deployment: str | None = None,
) -> VideoRequest:
    """Return the request; `drive` is the sound's address, or the id of a template."""
    urls = {Role.PORTRAIT: image_url, family.driven_by: drive}
    return family.video_request(urls, verdict, parameters, deployment)
