"""Ask the local judge about portraits that the vendor refuses without a word."""

from __future__ import annotations

from collections.abc import Sequence

from greenlight.media.subjects import Subject
from greenlight.modelstudio.family import Verdict
from greenlight.screening import opinions
from greenlight.screening.opinions import Opinion
from greenlight.settings import read_settings


async def opinions_on(subject: Subject, verdicts: Sequence[Verdict]) -> dict[str, Opinion]:
    """Return the judge's opinions by model, kept beside this process's local results."""
    return await opinions.opinions_on(subject, verdicts, read_settings().home)
