"""The order of a clip: what decides it, what it costs, and what the books say of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from greenlight.briefs.brief import Brief
from greenlight.filming.orders import VideoOrder, order_video, seconds_of
from greenlight.filming.provenance import booked_verdict
from greenlight.ledger import Job, Ledger
from greenlight.media.recordings import Clip, Sound
from greenlight.modelstudio.family import Family, Role
from greenlight.videos.naming import video_name
from tests.ledger.values import job, submit
from tests.screening.test_preflight import GOOD

SOUND = Sound(
    place="voice.mp3",
    shown="voice.mp3",
    name="voice.mp3",
    identity="sha256-cd",
    format="mp3",
    seconds=4.0,
    size_bytes=1000,
)


def order(lips: Family, clip: Clip = GOOD, sound: Sound = SOUND) -> VideoOrder:
    brief = Brief(clip=clip.place, sound=sound.place, models=("lips",))
    return order_video(brief, lips, clip, lips.unchecked(), sound, out="/videos")


@pytest.mark.parametrize(
    ("clip_seconds", "sound_seconds", "most_cny"),
    [(10.0, 4.0, "0.40"), (3.2, 4.0, "0.40"), (2.4, 4.0, "0.32"), (10.0, 3.0, "0.32")],
)
def test_the_shorter_of_clip_and_sound_decides_the_price(
    lips: Family, clip_seconds: float, sound_seconds: float, most_cny: str
) -> None:
    clip = GOOD.model_copy(update={"seconds": clip_seconds})
    sound = SOUND.model_copy(update={"seconds": sound_seconds})
    new = order(lips, clip, sound).new_job("studio:80")
    assert new.price_cny == Decimal(most_cny)
    assert new.brief["expected_seconds"] == min(clip_seconds, sound_seconds)


@pytest.mark.parametrize("change", [{"identity": "sha256-ef"}])
def test_another_clip_or_another_sound_is_another_job(lips: Family, change: dict[str, Any]) -> None:
    keys = {
        order(lips, clip, sound).new_job("studio:80").key
        for clip in (GOOD, GOOD.model_copy(update=change), GOOD.model_copy(update={"place": "b"}))
        for sound in (SOUND, SOUND.model_copy(update=change))
    }
    assert len(keys) == 4


def test_a_family_may_reckon_its_length_otherwise(lips: Family) -> None:
    looping = replace(lips, length_seconds=lambda _, seconds: seconds[Role.SOUND])
    clip = GOOD.model_copy(update={"seconds": 2.0})
    parameters = lips.parameters()
    assert seconds_of(lips, parameters, clip, SOUND) == 2.0
    assert seconds_of(looping, parameters, clip, SOUND) == 4.0
    assert seconds_of(lips, parameters, clip, "AACT.xyz") is None


def test_the_request_has_clip_and_sound_in_their_own_fields(lips: Family) -> None:
    made = order(lips)
    assert list(made.delivered) == [Role.CLIP, Role.SOUND]
    request = made.request_of({Role.CLIP: "https://c", Role.SOUND: "https://s"})
    assert request.input == {"video_url": "https://c", "audio_url": "https://s"}
    with pytest.raises(ValueError, match="lips needs a clip and a sound"):
        made.request_of({})


def test_the_books_know_a_clip_by_name_and_content(lips: Family, ledger: Ledger) -> None:
    new = order(lips, GOOD.model_copy(update={"seconds": 2.4})).new_job("studio:80")
    submit(ledger, "task-1", new)
    booked: Job = job(ledger, new)
    assert (booked.expected_seconds, new.brief["drive_seconds"]) == (2.4, 4.0)
    assert (booked.subject, booked.portrait, booked.drive) == ("anna.mp4", "sha256-ab", "sha256-cd")
    assert {name: new.brief[name] for name in ("clip", "clip_identity", "clip_seconds")} == {
        "clip": "anna.mp4",
        "clip_identity": "sha256-ab",
        "clip_seconds": 2.4,
    }
    assert "portrait" not in new.brief
    assert video_name(booked).startswith("anna-lips-")
    assert booked_verdict(ledger, booked) is None
    assert ledger.jobs.of_portraits("studio:80", ["sha256-ab"]) == [booked]
