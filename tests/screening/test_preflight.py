"""A clip that a model does not take is refused by its header, and no detector of pictures sees one."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.media.portraits import examine
from greenlight.media.recordings import Clip, examine_clip
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family
from greenlight.screening.preflight import known_at_once, preflight
from greenlight.screening.screener import Screener
from tests.conftest import SAMPLES

GOOD = Clip(
    place="anna.mp4",
    shown="anna.mp4",
    name="anna.mp4",
    identity="sha256-ab",
    format="mov,mp4,m4a,3gp,3g2,mj2",
    seconds=10.0,
    size_bytes=1000,
    codec="h264",
    width_px=640,
    height_px=480,
    frames_per_second=25.0,
)


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"format": "matroska,webm"}, "InvalidFile.Format", "is a matroska,webm; use an mp4, mov"),
        ({"codec": "vp9"}, "InvalidFile.Format", "is coded as vp9; use H.264 or H.265"),
        ({"seconds": 1.0}, "InvalidFile.Duration", "is 1.00 s long; use one of 2 to 30 s"),
        ({"seconds": 31.0}, "InvalidFile.Duration", "is 31.00 s long; use one of 2 to 30 s"),
        ({"height_px": 200}, "InvalidFile.Resolution", "is 640x200 px; use one whose edges are"),
        ({"width_px": 4096}, "InvalidFile.Resolution", "is 4096x480 px; use one"),
        ({"width_px": 1500}, "InvalidFile.AspectRatio", "is more than 3 times as long as wide"),
        ({"frames_per_second": 12.0}, "InvalidFile.FPS", "has 12 frames a second; use one with"),
        ({"size_bytes": 2**30}, "InvalidFile.Size", "has 1024.0 MB; use one of at most 200 MB"),
    ],
)
def test_a_clip_that_breaks_a_limit_is_refused_with_the_vendors_code(
    lips: Family, change: dict[str, object], code: str, reason: str
) -> None:
    verdict = preflight(GOOD.model_copy(update=change), lips)
    assert verdict is not None
    assert (verdict.model, verdict.passed, verdict.by) == ("lips", False, "preflight")
    assert (verdict.code, verdict.reason[: len("the clip ")]) == (code, "the clip ")
    assert verdict.reason.removeprefix("the clip ").startswith(reason)


def test_any_other_clip_passes_unchecked(lips: Family) -> None:
    verdict = known_at_once(GOOD, lips)
    assert verdict == lips.unchecked()
    assert (lips.unchecked().by, lips.check_price_cny) == ("unchecked", 0)


async def test_a_clip_is_shown_to_no_detector_and_a_portrait_films_no_clip(
    screener: Screener, lips: Family, astronaut: Path
) -> None:
    clip = await examine_clip(str(SAMPLES / "wave.mp4"))
    for family in catalog.families().values():
        if family is not lips:
            with pytest.raises(ValueError, match=f"{family.name} films a portrait, not a clip"):
                await screener.screen(clip, family)
    with pytest.raises(ValueError, match="lips films a clip, not a portrait"):
        await screener.screen(await examine(str(astronaut)), lips)
