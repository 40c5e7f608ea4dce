"""See that a video can go where it is to go, and that nothing lies there already."""

from __future__ import annotations

from pathlib import Path

from greenlight.errors import InputError
from greenlight.videos.s3 import lies_in_s3, require_bucket
from greenlight.videos.storing import is_in_s3, require_place


def require_free(place: Path | str) -> None:
    """Raise an `InputError` if something lies at the one place that a video is to have, and is not to lose.

    For videos that are still to be paid only: one that is paid may lie there itself. A folder, or
    `s3://bucket/prefix/`, has room for any number.
    """
    if is_in_s3(place):
        is_taken = str(place).endswith(".mp4") and lies_in_s3(str(place))
    else:
        file = Path(place).expanduser()
        is_taken = file.suffix.lower() == ".mp4" and file.exists()
    if is_taken:
        raise InputError(
            f"something else is at {place}, and no video replaces it",
            "name another place, or a folder",
        )


def require_writable(out: Path | str) -> None:
    """Raise an `InputError` if no video can be put into a folder, an .mp4 file or a bucket."""
    if is_in_s3(out):
        require_bucket(str(out))
    else:
        require_place(Path(out))
