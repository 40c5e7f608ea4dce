"""Examine a sound or a video, and say what a model does not take, before anything is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from greenlight.errors import InputError, Unusable
from greenlight.media.decoding import decoding
from greenlight.media.place import Place
from greenlight.media.places import opened
from greenlight.modelstudio.catalog import to_film
from greenlight.modelstudio.family import Role
from greenlight.modelstudio.limits import SoundLimits, VideoLimits
from greenlight.wording import visible

MEGABYTE = 1024 * 1024
WAV_OR_MP3 = "use a wav or mp3"
MP4_MOV_OR_AVI = "use an mp4, mov or avi"
H264_OR_H265 = "use H.264 or H.265"
TAGS = "ignore"
"""Old tags have no encoding: a title in GBK is no reason to refuse a good sound."""


class Sound(BaseModel):
    """A sound that drives a video: its place, its identity, its format and length."""

    model_config = ConfigDict(frozen=True)

    place: str
    shown: str
    name: str
    identity: str
    format: str
    seconds: float
    size_bytes: int


class Footage(Sound):
    """A video that is filmed from, with its picture's facts."""

    codec: str
    width_px: int
    height_px: int
    frames_per_second: float

    @property
    def size_px(self) -> tuple[int, int]:
        """Return width and height."""
        return self.width_px, self.height_px


class Motion(Footage):
    """A video whose movement drives another."""


class Clip(Footage):
    """A video of the person who is filmed."""


Video = TypeVar("Video", Motion, Clip)


class Fault(NamedTuple):
    """The vendor's code for a limit that is broken, what breaks it (`is 30.00 s long`), and what to do."""

    code: str
    what: str
    advice: str = ""


async def examine_sound(text: str) -> Sound:
    """Return what a sound is; `InputError` says why it cannot be one."""
    async with opened(text) as place:
        return await examine_sound_at(place)


async def examine_motion(text: str) -> Motion:
    """Return what a motion video is; `InputError` says why it cannot be one."""
    async with opened(text) as place:
        return await examine_video_at(place, Motion)


async def examine_clip(text: str) -> Clip:
    """Return what a clip is; `InputError` says why it cannot be one."""
    async with opened(text) as place:
        return await examine_video_at(place, Clip)


async def examine_sound_at(place: Place) -> Sound:
    """Return what the sound at an opened place is."""
    with decoding(place, "sound"):
        return await asyncio.to_thread(_read_sound, place, await place.local_path())


async def examine_video_at(place: Place, kind: type[Video]) -> Video:
    """Return what the clip or motion at an opened place is."""
    with decoding(place, "video"):
        facts = await asyncio.to_thread(_read_video, place, await place.local_path(), kind)
        return kind(**_common(place), **facts)


def _read_sound(place: Place, path: Path) -> Sound:
    import av

    from greenlight.media.lengths import sound_seconds

    try:
        with av.open(str(path), metadata_errors=TAGS) as container:
            if not container.streams.audio or _has_moving_pictures(container):
                raise Unusable("is not a sound", WAV_OR_MP3, subject=place.shown)
            seconds = sound_seconds(container)
            if not seconds:
                raise Unusable("is not a sound that can be read", WAV_OR_MP3, subject=place.shown)
            return Sound(**_common(place), format=container.format.name, seconds=seconds)
    except av.error.FFmpegError:
        raise Unusable("is not a sound that can be read", WAV_OR_MP3, subject=place.shown) from None


def _read_video(place: Place, path: Path, kind: type[Footage]) -> dict[str, Any]:
    import av

    from greenlight.media.lengths import video_seconds

    try:
        with av.open(str(path), metadata_errors=TAGS) as container:
            # A picture is to FFmpeg a video of one frame, of a format like png_pipe.
            if not container.streams.video or container.format.name.endswith("_pipe"):
                is_picture = bool(container.streams.video)
                advice = _needed(kind, is_picture=is_picture)
                raise Unusable("is not a video", advice, subject=place.shown)
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise Unusable("has an unknown codec", H264_OR_H265, subject=place.shown)
            return {
                "format": container.format.name,
                "seconds": video_seconds(container),
                "codec": stream.codec_context.name,
                "width_px": stream.codec_context.width,
                "height_px": stream.codec_context.height,
                "frames_per_second": float(stream.average_rate or 0),
            }
    except av.error.FFmpegError:
        raise Unusable(
            "is not a video that can be read", MP4_MOV_OR_AVI, subject=place.shown
        ) from None


def _needed(kind: type[Footage], *, is_picture: bool) -> str:
    """Return what a video must be; where a clip is a picture, also the models that film one."""
    if kind is Clip and is_picture:
        return f"{MP4_MOV_OR_AVI}, or a model that films a portrait: {to_film(Role.PORTRAIT)}"
    return MP4_MOV_OR_AVI


def _has_moving_pictures(container: object) -> bool:
    """Whether it is a video; the cover that many songs carry is a video stream too, of one picture."""
    import av

    assert isinstance(container, av.container.InputContainer)  # noqa: S101
    cover = av.stream.Disposition.attached_pic
    return any(not stream.disposition & cover for stream in container.streams.video)


def _common(place: Place) -> dict[str, Any]:
    return {
        "place": place.text,
        "shown": place.shown,
        "name": visible(place.name),
        "identity": place.identity,
        "size_bytes": place.size_bytes,
    }


def require_sound(sound: Sound, limits: SoundLimits) -> None:
    """Raise an `InputError` if a model does not take a sound."""
    if sound.format not in limits.formats:
        advice = f"use a {' or '.join(sorted(limits.formats, reverse=True))}"
        raise InputError(f"is a {sound.format}", advice, subject=sound.shown)
    faults = (_wrong_length(sound, limits), _wrong_size(sound, limits))
    _require_none(sound, (fault for fault in faults if fault is not None))


def require_motion(motion: Motion, limits: VideoLimits) -> None:
    """Raise an `InputError` if a model does not take a motion video."""
    _require_none(motion, faults_of(motion, limits))


def faults_of(video: Footage, limits: VideoLimits) -> Iterator[Fault]:
    """Yield what a model does not take about a clip or a motion."""
    shorter, longer = sorted(video.size_px)
    # The container's name is a list of all that it may be: "mov,mp4,m4a,3gp,3g2,mj2".
    if not limits.formats & set(video.format.split(",")):
        yield Fault("InvalidFile.Format", f"is a {video.format}", MP4_MOV_OR_AVI)
    if video.codec not in limits.codecs:
        yield Fault("InvalidFile.Format", f"is coded as {video.codec}", H264_OR_H265)
    if shorter < limits.min_edge_px or longer > limits.max_edge_px:
        edges = f"{limits.min_edge_px} to {limits.max_edge_px} px"
        size = f"is {video.width_px}x{video.height_px} px"
        yield Fault("InvalidFile.Resolution", size, f"use one whose edges are {edges} long")
    if longer > limits.max_aspect * shorter:
        yield Fault(
            "InvalidFile.AspectRatio", f"is more than {limits.max_aspect:g} times as long as wide"
        )
    if video.frames_per_second < limits.min_frames_per_second:
        rate = f"has {video.frames_per_second:.3g} frames a second"
        yield Fault(
            "InvalidFile.FPS", rate, f"use one with at least {limits.min_frames_per_second:g}"
        )
    others = (_wrong_length(video, limits), _wrong_size(video, limits))
    yield from (fault for fault in others if fault is not None)


def _require_none(media: Sound, faults: Iterator[Fault]) -> None:
    if fault := next(faults, None):
        raise InputError(fault.what, fault.advice, subject=media.shown)


def _wrong_length(media: Sound, limits: SoundLimits | VideoLimits) -> Fault | None:
    if limits.min_seconds <= media.seconds <= limits.max_seconds:
        return None
    advice = f"use one of {limits.min_seconds:g} to {limits.max_seconds:g} s"
    return Fault("InvalidFile.Duration", f"is {media.seconds:.2f} s long", advice)


def _wrong_size(media: Sound, limits: SoundLimits | VideoLimits) -> Fault | None:
    if media.size_bytes <= limits.max_bytes:
        return None
    advice = f"use one of at most {limits.max_bytes / MEGABYTE:g} MB"
    return Fault("InvalidFile.Size", f"has {media.size_bytes / MEGABYTE:.1f} MB", advice)
