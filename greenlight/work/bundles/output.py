"""See that the videos of many portraits can go where they should, before anything is paid."""

from __future__ import annotations

from greenlight.errors import SettingsError
from greenlight.media.s3 import split_s3
from greenlight.uploads.watching import refuse_output_inside
from greenlight.videos.s3 import require_bucket
from greenlight.videos.storing import is_in_s3


def refuse_output_within(place: str, out: str | None) -> None:
    """Raise a `SettingsError` if videos in `out` would be found below `place` by the next sweep."""
    if place.startswith("s3://"):
        refuse_output_inside(*split_s3(place), out)


def require_output(out: str | None) -> None:
    """Raise a `SettingsError` or `InputError` if no number of videos can go to `out`."""
    if out is None:
        return
    if out.lower().endswith(".mp4"):
        raise SettingsError(
            "is one file, and there may be many videos",
            "give a folder or s3://bucket/prefix/",
            subject=out,
        )
    if is_in_s3(out):
        require_bucket(out)
