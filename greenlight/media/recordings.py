"""Examine a sound or a motion video, and refuse what the model does not take, before the check is paid."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from greenlight.errors import InputError, Unusable
from greenlight.media.decoding import decoding
from greenlight.media.place import Place
from greenlight.media.places import opened
from greenlight.modelstudio.limits import MotionLimits, SoundLimits
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


class Motion(Sound):
    """A video whose movement drives another, with its picture's facts."""

    codec: str
    width_px: int
    height_px: int
    frames_per_second: float


async def examine_sound(text: str) -> Sound:
    """Return what a sound is; `InputError` says why it cannot be one."""
    async with opened(text) as place:
        return await examine_sound_at(place)


async def examine_motion(text: str) -> Motion:
    """Return what a motion video is; `InputError` says why it cannot be one."""
    async with opened(text) as place:
        return await examine_motion_at(place)


async def examine_sound_at(place: Place) -> Sound:
    """Return what the sound at an opened place is."""
    with decoding(place, "sound"):
        return await asyncio.to_thread(_read_sound, place, await place.local_path())


async def examine_motion_at(place: Place) -> Motion:
    """Return what the motion video at an opened place is."""
    with decoding(place, "motion"):
        return await asyncio.to_thread(_read_motion, place, await place.local_path())


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


def _read_motion(place: Place, path: Path) -> Motion:
    import av

    from greenlight.media.lengths import video_seconds

    try:
        with av.open(str(path), metadata_errors=TAGS) as container:
            # A picture is to FFmpeg a video of one frame, of a format like png_pipe.
            if not container.streams.video or container.format.name.endswith("_pipe"):
                raise Unusable("is not a video", MP4_MOV_OR_AVI, subject=place.shown)
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise Unusable("has an unknown codec", H264_OR_H265, subject=place.shown)
            return Motion(
                **_common(place),
                format=container.format.name,
                seconds=video_seconds(container),
                codec=stream.codec_context.name,
                width_px=stream.codec_context.width,
                height_px=stream.codec_context.height,
                frames_per_second=float(stream.average_rate or 0),
            )
    except av.error.FFmpegError:
        raise Unusable(
            "is not a video that can be read", MP4_MOV_OR_AVI, subject=place.shown
        ) from None


def _has_moving_pictures(container: object) -> bool:
    """Whether it is a video; the cover that many songs carry is a video stream too, of one picture."""
    import av

    assert isinstance(container, av.container.InputContainer)  # noqa: S101
    cover = av.stream.Disposition.attached_pic
    return any(not stream.disposition & cover for stream in container.streams.video)


def _common(place: Place) -> dict[str, object]:
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
        raise InputError(f"is a {sound.format}", WAV_OR_MP3, subject=sound.shown)
    _require_length(sound, limits.min_seconds, limits.max_seconds)
    _require_size(sound, limits.max_bytes)


def require_motion(motion: Motion, limits: MotionLimits) -> None:
    """Raise an `InputError` if a model does not take a motion video."""
    shorter, longer = sorted((motion.width_px, motion.height_px))
    # The container's name is a list of all that it may be: "mov,mp4,m4a,3gp,3g2,mj2".
    if not limits.formats & set(motion.format.split(",")):
        raise InputError(f"is a {motion.format}", MP4_MOV_OR_AVI, subject=motion.shown)
    if motion.codec not in limits.codecs:
        raise InputError(f"is coded as {motion.codec}", H264_OR_H265, subject=motion.shown)
    if shorter < limits.min_edge_px or longer > limits.max_edge_px:
        raise InputError(
            f"is {motion.width_px}x{motion.height_px} px",
            f"use one whose edges are {limits.min_edge_px} to {limits.max_edge_px} px long",
            subject=motion.shown,
        )
    if longer > limits.max_aspect * shorter:
        raise InputError(
            f"is more than {limits.max_aspect:g} times as long as wide", subject=motion.shown
        )
    if motion.frames_per_second < limits.min_frames_per_second:
        raise InputError(
            f"has {motion.frames_per_second:.3g} frames a second",
            f"use one with at least {limits.min_frames_per_second:g}",
            subject=motion.shown,
        )
    _require_length(motion, limits.min_seconds, limits.max_seconds)
    _require_size(motion, limits.max_bytes)


def _require_length(media: Sound, min_seconds: float, max_seconds: float) -> None:
    if not min_seconds <= media.seconds <= max_seconds:
        raise InputError(
            f"is {media.seconds:.2f} s long",
            f"use one of {min_seconds:g} to {max_seconds:g} s",
            subject=media.shown,
        )


def _require_size(media: Sound, max_bytes: int) -> None:
    if media.size_bytes > max_bytes:
        raise InputError(
            f"has {media.size_bytes / MEGABYTE:.1f} MB",
            f"use one of at most {max_bytes / MEGABYTE:g} MB",
            subject=media.shown,
        )
