"""Name videos: readably, and so that no two jobs share a name."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from greenlight.ledger import Job, NewJob
from greenlight.ledger.job import subject_place
from greenlight.media.places import place_of
from greenlight.videos.storing import is_in_s3

LONGEST_STEM = 40
"""Characters of a subject's name in its video's: file systems take names of 255 bytes."""


def video_path(job: Job | NewJob, out: Path | str) -> Path | str:
    """Return where a job's video is stored: a readable name that no other job shares.

    `out` is a folder or an .mp4 file, or `s3://bucket/prefix/`, whose place stays a text.
    """
    if is_in_s3(out):
        place = str(out)
        return place if place.endswith(".mp4") else f"{place.rstrip('/')}/{video_name(job)}"
    # The books are read from other folders too.
    out = Path(out).expanduser().absolute()
    return out if out.suffix.lower() == ".mp4" else out / video_name(job)


def video_name(job: Job | NewJob) -> str:
    """Return the name of a job's video: subject, model, take, and what tells it from every other."""
    stem = Path(place_of(subject_place(job)).name).stem
    readable = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:LONGEST_STEM] or "portrait"
    take = f"-take{job.brief['take']}" if job.brief["take"] > 1 else ""
    digest = hashlib.sha256(job.key.encode()).hexdigest()[:8]
    return f"{readable}-{job.family}{take}-{digest}.mp4"
