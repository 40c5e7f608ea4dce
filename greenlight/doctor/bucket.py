"""Say whether the bucket of the portraits can be read, and fetched from without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from greenlight.aws.addressing import wants_bucket_in_host
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors
from greenlight.doctor.findings import Finding, ok, skipped
from greenlight.doctor.link import examine_link
from greenlight.doctor.refusals import refused
from greenlight.doctor.regions import is_vendors
from greenlight.errors.advice import NameBucket
from greenlight.media.s3 import split_s3
from greenlight.settings import Settings

SUBJECT: Final = "bucket"
LOOKED_AT: Final = 100
"""Objects of a listing among which one is looked for that is no folder."""


def examine_bucket(place: str | None, settings: Settings | None) -> Iterator[Finding]:
    """Yield what becomes of listing `s3://bucket/prefix/`, reading an object, and fetching it by a link."""
    if place is None:
        yield skipped(SUBJECT, "none is named", NameBucket())
        return
    if not place.startswith("s3://"):
        yield skipped(SUBJECT, f"{place} is a folder of this machine")
        return
    bucket, prefix = split_s3(place)
    client = aws_client("s3")
    try:
        key = _first(client, bucket, prefix)
    except aws_errors() as error:
        yield refused(SUBJECT, f"{place} cannot be listed", error)
        return
    if key is None:
        yield ok(SUBJECT, f"{place} can be listed, and is empty")
        yield skipped("link", f"{place} has no object that a link could be tried with")
        return
    try:
        client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].read()
    except aws_errors() as error:
        yield refused(SUBJECT, f"{place} can be listed, but {key} cannot be read", error)
        return
    in_host = wants_bucket_in_host(client.meta.endpoint_url)
    instead = "; its store refuses paths with a bucket, so the host's name begins with it"
    yield ok(SUBJECT, f"{place} can be listed and read{instead if in_host else ''}")
    if settings is not None and settings.delivery == "upload":
        yield skipped("link", "GREENLIGHT_DELIVERY is upload, so the vendor gets no links")
        return
    yield from examine_link(
        client, bucket, key, for_vendor=settings is None or is_vendors(settings.base_url)
    )


def _first(client: Any, bucket: str, prefix: str) -> str | None:
    """Return the key of an object that is not empty, as a folder is."""
    page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=LOOKED_AT)
    found = (str(one["Key"]) for one in page.get("Contents", []) if one["Size"])
    return next(found, None)
