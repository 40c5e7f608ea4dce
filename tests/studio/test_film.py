"""A film has the length of its sound, whatever the sound's format, and stops when told to."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from greenlight.studio.film import FilmStoppedError, make_film, replayed, swaying
from tests.conftest import make_sound
from tests.studio.conftest import make_motion

PICTURE = Image.new("RGB", (640, 400), "teal")


def lengths(path: Path) -> tuple[float, float]:
    """Return the seconds of pictures and of sound."""
    with av.open(str(path)) as film:
        pictures = sum(1 for _ in film.decode(video=0)) / 25
    with av.open(str(path)) as film:
        sound = sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))
    return pictures, sound


def frames_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


@pytest.mark.parametrize("seconds", [0.3, 2.0, 6.4])
def test_pictures_and_sound_are_equally_long(tmp_path: Path, seconds: float) -> None:
    sound = make_sound(tmp_path / "a.wav", seconds=seconds)
    make_film(
        swaying(PICTURE, (320, 240)),
        tmp_path / "a.mp4",
        size=(320, 240),
        seconds=seconds,
        sound=sound,
    )
    assert lengths(tmp_path / "a.mp4") == pytest.approx((seconds, seconds), abs=0.1)


def test_an_mp3_is_heard_too(tmp_path: Path) -> None:
    wav, mp3 = make_sound(tmp_path / "a.wav", seconds=1, rate=16_000), tmp_path / "a.mp3"
    with av.open(str(wav)) as source, av.open(str(mp3), "w") as target:
        stream = target.add_stream("mp3", rate=16_000)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    make_film(
        swaying(PICTURE, (320, 240)), tmp_path / "a.mp4", size=(320, 240), seconds=1, sound=mp3
    )
    assert lengths(tmp_path / "a.mp4") == pytest.approx((1, 1), abs=0.15)


def test_the_picture_moves(tmp_path: Path) -> None:
    striped = Image.linear_gradient("L").convert("RGB")
    make_film(swaying(striped, (256, 256)), tmp_path / "a.mp4", size=(256, 256), seconds=2.5)
    frames = frames_of(tmp_path / "a.mp4")
    assert abs(frames[0].astype(int) - frames[-1]).mean() > 2


def test_a_sound_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(av.error.FFmpegError):
        make_film(
            swaying(PICTURE, (64, 64)),
            tmp_path / "a.mp4",
            size=(64, 64),
            seconds=1,
            sound=tmp_path / "a.wav",
        )


def test_a_clip_plays_as_it_does_and_a_longer_sound_is_cut(tmp_path: Path) -> None:
    clip = make_motion(tmp_path / "clip.mp4", seconds=2, size=(320, 240), rate=30)
    sound = make_sound(tmp_path / "a.wav", seconds=6)
    film = tmp_path / "a.mp4"
    make_film(replayed(clip, (160, 120)), film, size=(160, 120), seconds=2.0, sound=sound)
    assert lengths(film) == pytest.approx((2.0, 2.0), abs=0.1)
    shades = [[int(one.mean()) for one in frames_of(path)] for path in (clip, film)]
    # Its shade grows by one with every frame of thirty a second, so a film of 25 skips some.
    assert shades[1][::10] == pytest.approx(shades[0][::12], abs=2)


def test_a_clip_that_begins_late_is_shown_from_its_first_frame(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(25):
            shade = np.full((240, 320, 3), 5 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts, frame.time_base = number + 50, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    make_film(replayed(clip, (320, 240)), tmp_path / "a.mp4", size=(320, 240), seconds=1)
    shades = [int(one.mean()) for one in frames_of(tmp_path / "a.mp4")]
    assert shades[-1] - shades[0] > 80


def test_a_clip_that_ends_early_shows_its_last_frame(tmp_path: Path) -> None:
    clip = make_motion(tmp_path / "clip.mp4", seconds=1, size=(320, 240))
    make_film(replayed(clip, (320, 240)), tmp_path / "a.mp4", size=(320, 240), seconds=1.4)
    shades = [int(one.mean()) for one in frames_of(tmp_path / "a.mp4")]
    assert len(shades) == 35
    assert shades[-1] == pytest.approx(shades[24], abs=1)


def test_it_stops_when_told_to(tmp_path: Path) -> None:
    with pytest.raises(FilmStoppedError):
        make_film(
            swaying(PICTURE, (64, 64)),
            tmp_path / "a.mp4",
            size=(64, 64),
            seconds=1e6,
            is_stopped=lambda: True,
        )
