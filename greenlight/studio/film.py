"""Make a real MP4 of a portrait or a clip and a sound: a picture sways slowly, a clip plays as it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray
from PIL import Image, ImageOps

FRAMES_PER_SECOND: Final = 25
SAMPLES_PER_SECOND: Final = 44_100
SWAY: Final = 1.08
"""The picture is this much larger than the frame, and the frame moves over it."""
SWAY_SECONDS: Final = 5.0

if TYPE_CHECKING:
    # At run time the class takes no parameter.
    SoundPacket = Packet[AudioStream]
Planes = tuple[NDArray[np.uint8], ...]


class FilmStoppedError(Exception):
    """The studio ended while a film was made; the file is not whole."""


def make_film(
    frames: Iterator[av.VideoFrame],
    path: Path,
    *,
    size: tuple[int, int],
    seconds: float,
    sound: Path | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Write an H.264 and AAC file of that size and length, which plays before it is loaded whole.

    Width and height are even, and those of the `frames`; a sound that is longer is cut. Memory does not
    grow with the length: frames and sound go through one by one. Raise `av.error.FFmpegError` if the sound
    cannot be decoded and `FilmStoppedError` if told to stop.
    """
    # Fast start rewrites the file at its end, which needs a real one.
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        video = film.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "28"}
        heard = _sound_packets(film, sound) if sound else iter(())
        for number, frame in enumerate(islice(frames, max(1, round(seconds * FRAMES_PER_SECOND)))):
            if is_stopped():
                raise FilmStoppedError
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            film.mux(video.encode(frame))
            _mux_sound(film, heard, until_seconds=number / FRAMES_PER_SECOND)
        film.mux(video.encode(None))
        _mux_sound(film, heard, until_seconds=seconds)


def _mux_sound(film: OutputContainer, packets: Iterator[SoundPacket], until_seconds: float) -> None:
    """Keep the sound in step with the frames, so that neither waits in memory for the other."""
    for packet in packets:
        film.mux(packet)
        at = float((packet.pts or 0) * (packet.time_base or 0))
        if at > until_seconds:
            return


def swaying(picture: Image.Image, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """Yield frames of a picture that moves over it, without an end."""
    planes = _planes(picture, size)
    for number in count():
        yield _frame(planes, size, number)


def replayed(clip: Path, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """Yield the frames that a clip shows at each moment of a film, and its last without an end."""
    shown, begin, number = None, 0.0, 0
    with av.open(str(clip)) as source:
        for frame in source.decode(video=0):
            at = frame.time or 0.0
            begin = at if shown is None else begin
            while shown is not None and number < (at - begin) * FRAMES_PER_SECOND:
                yield _scaled(shown, size)
                number += 1
            shown = frame
    while shown is not None:
        yield _scaled(shown, size)


def _scaled(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    width, height = size
    # A copy, because a decoded frame says of which kind it is to be encoded.
    flat = frame.to_ndarray(width=width, height=height, format="yuv420p")
    return av.VideoFrame.from_ndarray(flat, format="yuv420p")


def _planes(picture: Image.Image, size: tuple[int, int]) -> Planes:
    """Return the picture a little larger than the frame, as the three planes that video has."""
    width, height = (2 * math.ceil(edge * SWAY / 2) for edge in size)
    large = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.BICUBIC)
    whole = av.VideoFrame.from_ndarray(np.asarray(large), format="rgb24")
    flat = np.asarray(whole.to_ndarray(format="yuv420p"), np.uint8).reshape(-1)
    luma, colour = width * height, width * height // 4
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + colour].reshape(height // 2, width // 2),
        flat[luma + colour :].reshape(height // 2, width // 2),
    )


def _frame(planes: Planes, size: tuple[int, int], number: int) -> av.VideoFrame:
    width, height = size
    turn = 2 * math.pi * number / (SWAY_SECONDS * FRAMES_PER_SECOND)
    share = (1 - math.cos(turn)) / 2
    # Even offsets: the colour planes have half the pixels.
    top = int(share * (planes[0].shape[0] - height)) // 2 * 2
    left = int(share * (planes[0].shape[1] - width)) // 2 * 2
    luma = planes[0][top : top + height, left : left + width]
    colours = [
        plane[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        for plane in planes[1:]
    ]
    flat = np.concatenate([part.reshape(-1) for part in (luma, *colours)])
    return av.VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")


def _sound_packets(film: OutputContainer, sound: Path) -> Iterator[SoundPacket]:
    """Add a sound stream, and return its packets as they are decoded and encoded."""
    stream = film.add_stream("aac", rate=SAMPLES_PER_SECOND)
    stream.layout = "mono"
    return _recoded(sound, stream)


def _recoded(sound: Path, stream: AudioStream) -> Iterator[SoundPacket]:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLES_PER_SECOND)
    with av.open(str(sound)) as source:
        for frame in source.decode(source.streams.audio[0]):
            for part in resampler.resample(frame):
                yield from stream.encode(part)
    for part in resampler.resample(None):
        yield from stream.encode(part)
    yield from stream.encode(None)
