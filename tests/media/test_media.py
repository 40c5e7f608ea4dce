"""Which sounds and motion videos are taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from greenlight.errors import InputError
from greenlight.media.recordings import (
    examine_motion,
    examine_sound,
    require_motion,
    require_sound,
)
from greenlight.modelstudio import catalog
from greenlight.modelstudio.limits import SoundLimits, VideoLimits
from tests.conftest import SAMPLES, make_sound
from tests.studio.conftest import make_motion


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


def coded(path: Path, *, seconds: float, bits: int, **options: str) -> bytes:
    """Return a tone as an MP3 of so many bits a second."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=16_000, layout="mono")
        stream.bit_rate = bits
        for start in range(0, int(seconds * 16_000), 576):
            tone = np.sin(np.arange(start, start + 576) / 20).astype("<f4").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def claimed_seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


async def test_an_mp3_that_says_no_length_is_as_long_as_it_plays(tmp_path: Path) -> None:
    # Without a first frame of facts, the rate of the first frame of sound is taken for that of all.
    plain = {"write_xing": "0", "id3v2_version": "0"}
    loud = coded(tmp_path / "loud.mp3", seconds=1, bits=160_000, **plain)
    soft = coded(tmp_path / "soft.mp3", seconds=55, bits=8_000, **plain)
    both = tmp_path / "both.mp3"
    both.write_bytes(loud + soft)
    assert claimed_seconds(both) < 7
    assert (await examine_sound(str(both))).seconds == pytest.approx(56, abs=0.5)


@pytest.mark.parametrize("times", [8, 1 / 8])
async def test_a_wav_whose_header_lies_is_as_long_as_it_plays(times: float, sound: Path) -> None:
    content = bytearray(sound.read_bytes())
    # As programs write it that do not know yet how much will follow.
    content[40:44] = bytes(4)
    content[28:32] = round(16_000 * times).to_bytes(4, "little")
    sound.write_bytes(content)
    assert claimed_seconds(sound) == pytest.approx(1 / times, rel=0.01)
    assert (await examine_sound(str(sound))).seconds == 1.0


@pytest.mark.parametrize("tail", [b"\xff\xfb\x90" * 5000, bytes(20_000), b"TAG" + bytes(125)])
async def test_a_sound_with_a_broken_tail_is_as_long_as_it_plays(
    tail: bytes, tmp_path: Path
) -> None:
    content = coded(tmp_path / "whole.mp3", seconds=4, bits=32_000)
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(content[: len(content) // 2] + tail)
    assert claimed_seconds(broken) > 3
    assert (await examine_sound(str(broken))).seconds == pytest.approx(2, abs=0.2)


async def test_a_sound_of_which_nothing_plays_is_none(tmp_path: Path) -> None:
    header = make_sound(tmp_path / "a.wav", seconds=1).read_bytes()[:44]
    (tmp_path / "none.wav").write_bytes(header)
    with pytest.raises(InputError, match="not a sound that can be read"):
        await examine_sound(str(tmp_path / "none.wav"))


# In a process of its own, whose peak is nobody else's.
PEAK = """
import asyncio, sys
from pathlib import Path
from greenlight.media.recordings import examine_sound

def peak():
    # The peak that `resource` tells begins with that of the process that started this one.
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

before = peak()
found = asyncio.run(examine_sound(sys.argv[1]))
print(found.seconds, (peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read where Linux tells it")
def test_a_sound_of_hours_is_not_decoded_to_its_end_nor_held_in_memory(tmp_path: Path) -> None:
    # A hole in a file takes no room on the disk.
    long = make_sound(tmp_path / "long.wav", seconds=1)
    with long.open("r+b") as file:
        for place in (4, 40):
            file.seek(place)
            file.write((190_000_000).to_bytes(4, "little"))
        file.truncate(190_000_000)
    answer = subprocess.check_output([sys.executable, "-c", PEAK, str(long)], text=True, timeout=60)
    seconds, megabytes = answer.split()
    assert 3600 < float(seconds) < 3700
    assert int(megabytes) < 80


@pytest.mark.parametrize("ending", ["mp4", "avi"])
async def test_a_motion_whose_header_lies_is_as_long_as_it_plays(
    ending: str, tmp_path: Path
) -> None:
    motion = make_motion(tmp_path / f"moves.{ending}", seconds=4, size=(240, 320))
    content = bytearray(motion.read_bytes())
    if ending == "avi":
        lengths = [content.index(b"strh") + 8 + 32, content.index(b"avih") + 8 + 16]
    else:
        lengths = [content.index(b"mvhd") + 20, content.index(b"tkhd") + 24]
        lengths += [content.index(b"mdhd") + 20, content.index(b"elst") + 12]
    for place in lengths:
        content[place : place + 4] = (25 if ending == "avi" else 1000).to_bytes(
            4, "little" if ending == "avi" else "big"
        )
    motion.write_bytes(content)
    assert claimed_seconds(motion) < 2
    assert (await examine_motion(str(motion))).seconds == pytest.approx(4, abs=0.1)


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
    with pytest.raises(InputError, match="not a sound"):
        require_sound(await examine_sound(str(SAMPLES / name)), SoundLimits())


async def test_a_sound_is_no_motion(sound: Path) -> None:
    with pytest.raises(InputError, match="not a video"):
        await examine_motion(str(sound))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(codecs=frozenset({"vp9"})), "coded as h264"),
        (VideoLimits(formats=frozenset({"avi"})), "is a mov"),
        (VideoLimits(min_edge_px=400), "320x480"),
        (VideoLimits(max_aspect=1.2), "times as long"),
        (VideoLimits(min_frames_per_second=25), "frames a second"),
        (VideoLimits(min_seconds=3), "s long"),
        (VideoLimits(max_bytes=100), "at most"),
    ],
)
async def test_a_motion_outside_a_limit_says_which(limits: VideoLimits, words: str) -> None:
    motion = await examine_motion(str(SAMPLES / "wave.mp4"))
    with pytest.raises(InputError, match=words):
        require_motion(motion, limits)
