"""A film has the length of its sound, whatever the sound's format, and stops when told to."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from greenlight.studio.film import FilmStoppedError, make_film, swaying
from tests.conftest import make_sound

PICTURE = Image.new("RGB", (640, 400), "teal")


def lengths(path: Path) -> tuple[float, float]:
    """Return the seconds of pictures and of sound."""
    with av.open(str(path)) as film:
        pictures = sum(1 for _ in film.decode(video=0)) / 25
    with av.open(str(path)) as film:
        sound = sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))
    return pictures, sound


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
    with av.open(str(tmp_path / "a.mp4")) as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
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


def test_it_stops_when_told_to(tmp_path: Path) -> None:
    with pytest.raises(FilmStoppedError):
        make_film(
            swaying(PICTURE, (64, 64)),
            tmp_path / "a.mp4",
            size=(64, 64),
            seconds=1e6,
            is_stopped=lambda: True,
        )
