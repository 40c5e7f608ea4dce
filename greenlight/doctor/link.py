"""Say whether a presigned link of an object gives it to somebody without credentials."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

import httpx

from greenlight.aws.clients import signing_credentials
from greenlight.aws.errors import aws_errors
from greenlight.aws.links import sign_link
from greenlight.doctor.findings import Finding, broken, ok, warning
from greenlight.doctor.refusals import refused
from greenlight.media.delivery import LINK_SECONDS
from greenlight.modelstudio.redaction import keep_links_out_of_logs

SUBJECT: Final = "link"
FETCH_SECONDS: Final = 3.0
LIFETIME_SECONDS: Final = 60
UPLOAD_INSTEAD: Final = "upload the portraits to the vendor instead: GREENLIGHT_DELIVERY=upload"


def examine_link(client: Any, bucket: str, key: str, *, for_vendor: bool) -> Iterator[Finding]:
    """Yield what becomes of fetching one byte by a link, as the vendor would, and how long links live."""
    try:
        link = sign_link(client, {"Bucket": bucket, "Key": key}, lifetime_seconds=LIFETIME_SECONDS)
    except aws_errors() as error:
        yield refused(SUBJECT, "no link can be signed", error)
        return
    host = httpx.URL(link).host
    if for_vendor and is_private(host):
        yield broken(
            SUBJECT, f"links lead to {host}, which the vendor cannot reach", UPLOAD_INSTEAD
        )
        return
    yield _fetched(link, host)
    yield from _too_short()


def _fetched(link: str, host: str) -> Finding:
    keep_links_out_of_logs()
    try:
        headers = {"Range": "bytes=0-0"}
        with httpx.stream("GET", link, headers=headers, timeout=FETCH_SECONDS) as response:
            status = response.status_code
    except httpx.HTTPError as error:
        return broken(
            SUBJECT, f"a link to {host} cannot be fetched ({type(error).__name__})", UPLOAD_INSTEAD
        )
    if status not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return broken(
            SUBJECT,
            f"{host} refuses a presigned link (HTTP {status})",
            f"check the region, the bucket's policy and the clock, or {UPLOAD_INSTEAD}",
        )
    return ok(
        SUBJECT, f"{host} serves an object to whoever has a presigned link, as seen from here"
    )


def _too_short() -> Iterator[Finding]:
    credentials = signing_credentials()
    if not credentials.last_for(LINK_SECONDS):
        at = credentials.ends_at
        says = (
            "the AWS credentials expire" if at else "it is unknown when the AWS credentials expire"
        )
        when = f" at {at:%H:%M} UTC" if at else ""
        yield warning(
            SUBJECT,
            f"{says}{when}, and links expire with them; a video may wait {LINK_SECONDS // 3600} hours, so "
            "what it needs is uploaded instead",
            "use credentials that last longer, if you want links",
        )


def is_private(host: str) -> bool:
    """Whether a host is of this machine or this network by its name alone."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))
