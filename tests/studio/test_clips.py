"""The studio films a clip as others film a picture, and refuses one as the vendor does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from greenlight.judge import Sighting, findings
from greenlight.judge.rules import speaks_against
from greenlight.studio.families import offers
from greenlight.studio.families.offers import Offer
from greenlight.studio.families.played import StudioFamily
from tests.endtoend.shapes.lips_value import LIPS
from tests.studio.conftest import PHOTOS, Customer, Files, make_clip, make_motion
from tests.studio.test_jobs import decoded


def answer(sighting: Sighting, parameters: Mapping[str, Any]) -> dict[str, Any]:
    against = speaks_against(LIPS.name)
    return {"check_pass": not any(one.kind in against for one in findings(sighting))}


@pytest.fixture(autouse=True)
def _offered(monkeypatch: pytest.MonkeyPatch) -> None:
    played = StudioFamily(
        family=LIPS,
        answer=answer,
        video_size=lambda _, size: size,
        codes={"no_person": "InvalidVideo.NoHuman"},
    )
    monkeypatch.setitem(offers._OFFERS, LIPS.video.id, Offer(LIPS.video, played))


@pytest.fixture(scope="module")
def clips(files: Files) -> Files:
    """What is shown by a server: a good clip, and others."""
    make_clip(files.folder / "clip.mp4", PHOTOS / "astronaut.png", seconds=2.4)
    make_clip(files.folder / "coffee.mp4", PHOTOS / "coffee.png", seconds=2.4)
    make_clip(files.folder / "tiny.mp4", PHOTOS / "astronaut.png", seconds=2.4, edge=200)
    make_clip(files.folder / "short.mp4", PHOTOS / "astronaut.png", seconds=1)
    make_motion(files.folder / "slow.mp4", seconds=3, size=(320, 320), rate=10)
    whole = (files.folder / "clip.mp4").read_bytes()
    begin = whole.index(b"mdat") + 4
    files.put("garbage.mp4", whole[:begin] + bytes(len(whole) - begin))
    files.put("heavy.mp4", bytes(200 * 1024 * 1024 + 1))
    files.put("words.mp4", b"no video at all, only words")
    return files


def test_the_film_is_as_long_as_the_shorter_and_as_large_as_the_clip(
    customer: Customer, clips: Files
) -> None:
    lengths = {}
    for sound in ("sound.wav", "long.wav"):
        inputs = {"video_url": clips.url("clip.mp4"), "audio_url": clips.url(sound)}
        done = customer.wait(customer.submit("lips-1", **inputs))
        size, seconds, codecs = decoded(done["output"]["results"]["video_url"])
        assert (size, codecs) == ((320, 320), {"h264", "aac"})
        assert done["usage"]["video_duration"] == pytest.approx(seconds, abs=0.02)
        lengths[sound] = seconds
    assert lengths == pytest.approx({"sound.wav": 1.0, "long.wav": 2.4}, abs=0.02)
    assert customer.counters()["cost_cny"] == pytest.approx(3.4 * 0.08)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"video_url": "tiny.mp4"}, "InvalidFile.Resolution", "resolution of the video"),
        ({"video_url": "short.mp4"}, "InvalidFile.Duration", "duration of the video"),
        ({"video_url": "slow.mp4"}, "InvalidFile.FPS", "fps of the video"),
        ({"video_url": "heavy.mp4"}, "InvalidFile.Size", "larger than 200MB"),
        ({"video_url": "words.mp4"}, "InvalidFile.Openerror", "cannot be opened"),
        ({"video_url": "garbage.mp4"}, "InvalidFile.Openerror", "cannot be opened"),
        ({"video_url": "sound.wav"}, "InvalidFile.Openerror", "no video"),
        ({"video_url": "coffee.mp4"}, "InvalidVideo.NoHuman", "face"),
        ({"video_url": "nothing.mp4"}, "InvalidURL", "downloaded"),
        ({"video_url": None}, "InvalidParameter", "Field required: input.video_url"),
        ({"audio_url": None}, "InvalidParameter", "Field required: input.audio_url"),
    ],
)
def test_a_clip_that_is_none_fails_the_job_unpaid(
    customer: Customer, clips: Files, changes: dict[str, str | None], code: str, words: str
) -> None:
    inputs: dict[str, str | None] = {"video_url": "clip.mp4", "audio_url": "sound.wav", **changes}
    urls = {name: value and clips.url(value) for name, value in inputs.items()}
    done = customer.wait(customer.submit("lips-1", **urls))
    assert (done["output"]["task_status"], done["output"]["code"]) == ("FAILED", code)
    assert words in done["output"]["message"]
    assert customer.counters()["cost_cny"] == 0


def test_its_page_shows_a_frame_of_the_clip(customer: Customer, clips: Files) -> None:
    inputs = {"video_url": clips.url("clip.mp4"), "audio_url": clips.sound}
    customer.wait(customer.submit("lips-1", **inputs))
    (job,) = customer.counters()["jobs"]
    poster = f"/_studio/thumbnails/{job['sha256']['video_url']}.jpg"
    assert f'poster="{poster}"' in customer.http.get(customer.studio.url).text
    jpeg = customer.http.get(f"{customer.studio.url}{poster}")
    assert jpeg.content.startswith(b"\xff\xd8\xff")
