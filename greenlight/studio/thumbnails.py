"""Make the small pictures of the studio's own page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from greenlight.judge.pictures import read_picture

EDGE_PX: Final = 200
MAX_BYTES: Final = 10_000


def thumbnail(picture: Path) -> bytes:
    """Return a picture as a JPEG of at most 200 px and 10 kB; raise `UnreadablePicture` if it is none."""
    image, _ = read_picture(picture)
    image.thumbnail((EDGE_PX, EDGE_PX))
    for quality in (80, 60, 40, 20):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        if stream.tell() <= MAX_BYTES:
            break
    return stream.getvalue()
