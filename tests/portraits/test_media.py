"""Which sounds and motion videos are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.errors import InputError
from greenlight.modelstudio import catalog
from greenlight.modelstudio.catalog import MotionLimits, SoundLimits
from greenlight.portraits.media import (
    examine_motion,
    examine_sound,
    require_motion,
    require_sound,
)
from tests.conftest import SAMPLES, make_sound


async def test_a_sounds_length_and_format_are_read(sound: Path) -> None:
    found = await examine_sound(str(sound))
    assert found.format == "wav"
    assert found.seconds == pytest.approx(1.0, abs=0.01)
    assert found.identity.startswith("sha256-")


async def test_the_sample_sound_suits_every_model_that_speaks() -> None:
    found = await examine_sound(str(SAMPLES / "hello.mp3"))
    for family in catalog.families().values():
        if family.sound is not None:
            require_sound(found, family.sound)


async def test_a_song_with_a_cover_is_a_sound(tmp_path: Path) -> None:
    song = tmp_path / "song.mp3"
    cover = b"\0image/png\0\x03\0" + (SAMPLES / "camera.png").read_bytes()
    frame = b"APIC" + len(cover).to_bytes(4) + b"\0\0" + cover
    # The tag's own length is written with seven bits a byte.
    length = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x03\0\0" + length + frame
    song.write_bytes(tag + (SAMPLES / "hello.mp3").read_bytes())
    plain = await examine_sound(str(SAMPLES / "hello.mp3"))
    assert (await examine_sound(str(song))).seconds == pytest.approx(plain.seconds, abs=0.1)


async def test_the_sample_motion_suits_animate_anyone() -> None:
    family = catalog.family("animate-anyone")
    assert family.motion is not None
    require_motion(await examine_motion(str(SAMPLES / "wave.mp4")), family.motion)


async def test_a_sound_that_is_too_long_says_how_long_it_may_be(tmp_path: Path) -> None:
    long = await examine_sound(str(make_sound(tmp_path / "long.wav", seconds=20.5)))
    limits = catalog.family("wan-s2v").sound
    assert limits is not None
    with pytest.raises(InputError, match=r"20\.50 s long"):
        require_sound(long, limits)


async def test_a_sound_that_is_too_large_says_how_large_it_may_be(sound: Path) -> None:
    with pytest.raises(InputError, match="at most"):
        require_sound(await examine_sound(str(sound)), SoundLimits(max_bytes=1000))


@pytest.mark.parametrize("name", ["astronaut.png", "wave.mp4", "README.md"])
async def test_what_is_no_sound_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no sound"):
        require_sound(await examine_sound(str(SAMPLES / name)), SoundLimits())


async def test_a_sound_is_no_motion(sound: Path) -> None:
    with pytest.raises(InputError, match="no video"):
        await examine_motion(str(sound))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (MotionLimits(codecs=frozenset({"vp9"})), "coded as h264"),
        (MotionLimits(formats=frozenset({"avi"})), "is a mov"),
        (MotionLimits(min_edge_px=400), "320x480"),
        (MotionLimits(max_aspect=1.2), "times as long"),
        (MotionLimits(min_frames_per_second=25), "frames a second"),
        (MotionLimits(min_seconds=3), "s long"),
        (MotionLimits(max_bytes=100), "at most"),
    ],
)
async def test_a_motion_outside_a_limit_says_which(limits: MotionLimits, words: str) -> None:
    motion = await examine_motion(str(SAMPLES / "wave.mp4"))
    with pytest.raises(InputError, match=words):
        require_motion(motion, limits)
