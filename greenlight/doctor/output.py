"""Say whether videos can be stored where they are to go, without leaving anything there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors
from greenlight.doctor.findings import Finding, broken, failed, ok, skipped, warning
from greenlight.doctor.folders import why_unwritable
from greenlight.doctor.refusals import refused
from greenlight.errors import SettingsError
from greenlight.media.place import without_query
from greenlight.media.s3 import split_s3
from greenlight.settings import Settings
from greenlight.uploads.watching import refuse_output_inside
from greenlight.videos.dialects import PROBE, Dialect, dialect_of

SUBJECT: Final = "output"


def examine_output(
    out: str | None, settings: Settings | None, *, watched: str | None
) -> Iterator[Finding]:
    """Yield what becomes of an attempt to write to `out`, or to the home's folder of videos."""
    if out is None and settings is None:
        yield skipped(SUBJECT, "none is named, and the settings cannot be read")
        return
    if watched and out and watched.startswith("s3://"):
        try:
            refuse_output_inside(*split_s3(watched), out)
        except SettingsError as error:
            yield failed(SUBJECT, error)
            return
    place = out or str(settings.videos if settings else "")
    if place.startswith("s3://"):
        yield _bucket(place)
    elif "://" in place:
        yield broken(
            SUBJECT,
            f"videos cannot be stored at {without_query(place)}",
            "give a folder, an .mp4 file or s3://bucket/prefix/",
        )
    else:
        yield _folder(Path(place).expanduser().absolute())


def _bucket(place: str) -> Finding:
    """Begin an upload in parts, which asks for the right to put, and learn how nothing is replaced.

    The upload is ended before there is a part; a store that is not AWS's gets probes, which are deleted.
    """
    bucket, key = split_s3(place)
    is_file = key.lower().endswith(".mp4")
    folder = key.rpartition("/")[0] if is_file else key.rstrip("/")
    if not is_file:
        key = f"{folder}/greenlight-doctor-{uuid4().hex}.mp4".lstrip("/")
    it = {"Bucket": bucket, "Key": key}
    client = aws_client("s3")
    try:
        begun = client.create_multipart_upload(**it)
        client.abort_multipart_upload(**it, UploadId=begun["UploadId"])
        dialect = dialect_of(client, bucket, folder, again=True)
    except aws_errors() as error:
        return refused(SUBJECT, f"nothing can be written to {place}", error)
    return _said(f"{place} can be written", dialect)


def _said(can: str, dialect: Dialect) -> Finding:
    """Return what a store cannot do, and what is done instead."""
    if dialect is Dialect.LOOK_FIRST:
        return warning(
            SUBJECT,
            f"{can}, but its store replaces what is there, so Greenlight first checks whether a name is free "
            "and reserves it in the ledger",
            "let nobody else write there, or use a store that supports conditional writes",
        )
    if dialect is Dialect.UNKNOWN:
        return warning(
            SUBJECT,
            f"{can}, but these credentials may not try whether its store replaces what is there, so each "
            "video's name ends with the hash of its job",
            f"let these credentials put, read and delete {PROBE}* there",
        )
    if dialect is Dialect.FORBID_OVERWRITE:
        can += f"; its store has no conditional writes, so {dialect} keeps what is there"
    return ok(SUBJECT, can)


def _folder(place: Path) -> Finding:
    folder = place.parent if place.suffix.lower() == ".mp4" else place
    if why := why_unwritable(folder):
        return broken(
            SUBJECT,
            f"nothing can be written to {folder} ({why})",
            "check its permissions, its disk, and GREENLIGHT_HOME",
        )
    return ok(
        SUBJECT, f"{folder} can be written" + ("" if folder.exists() else ", once it is made")
    )
