"""A family of another shape: a video of a person and a sound, and no portrait."""

from __future__ import annotations

from decimal import Decimal

from greenlight.modelstudio.family import Family, Input, Role, Verdict
from greenlight.modelstudio.limits import SoundLimits, VideoLimits
from greenlight.modelstudio.model import Model


class LipsVerdict(Verdict):
    """Nobody looks at the clip before the video model does."""

    model: str = "lips"


LIPS = Family(
    name="lips",
    inputs=(
        Input(
            Role.CLIP,
            "video_url",
            VideoLimits(max_seconds=30.0, min_edge_px=240, min_frames_per_second=15.0),
        ),
        Input(Role.SOUND, "audio_url", SoundLimits(min_seconds=1.0, max_seconds=30.0)),
    ),
    video=Model(
        id="lips-1",
        kind="video",
        path="/services/aigc/image2video/video-synthesis",
        prices_cny={"": Decimal("0.08")},
        running_at_once=1,
    ),
    verdict=LipsVerdict,
)
