"""Refuse pictures, sounds and videos that a model's document excludes, with the vendor's codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from greenlight.media.lengths import sound_seconds, video_seconds
from greenlight.media.pictures import UnreadablePicture, read_header
from greenlight.modelstudio.limits import PictureLimits, SoundLimits, VideoLimits
from greenlight.studio.answers import StudioError, invalid_url
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.fetching import FetchFault

MEGABYTE: Final = 1024 * 1024
NO_SOUND: Final = "File type is not supported. Allowed types are: .wav, .mp3."


@dataclass(frozen=True, slots=True)
class Video:
    """What the header of a clip or a motion says."""

    formats: frozenset[str]
    codec: str
    seconds: float
    width_px: int
    height_px: int
    frames_per_second: float

    @property
    def size_px(self) -> tuple[int, int]:
        """Return width and height."""
        return self.width_px, self.height_px


def check_picture(path: Path, studio_family: StudioFamily) -> tuple[int, int]:
    """Return a picture's size from its header; raise `StudioError` if its model does not take it."""
    limits = studio_family.family.picture
    try:
        with path.open("rb") as stream:
            header = read_header(stream)
    except (OSError, UnreadablePicture):
        raise unreadable_picture(studio_family) from None
    if header.format not in limits.formats:
        raise unreadable_picture(studio_family)
    width, height = header.size_px
    _check_size(width, height, path.stat().st_size, limits, studio_family)
    return width, height


def unreadable_picture(studio_family: StudioFamily) -> StudioError:
    """Return the error of a file that is no picture, or none of the formats that are taken."""
    return StudioError(studio_family.code("picture_format"), "Input files format not supported.")


def _check_size(
    width: int, height: int, size_bytes: int, limits: PictureLimits, studio_family: StudioFamily
) -> None:
    shorter, longer = sorted((width, height))
    if shorter < (limits.min_edge_px or 1) or longer > (limits.max_edge_px or longer):
        raise StudioError(
            studio_family.code("picture_edges"),
            f"Invalid image resolution {width}x{height}: the edges must be from "
            f"{limits.min_edge_px or 1} to {limits.max_edge_px} pixels.",
        )
    if limits.max_aspect is not None and longer > limits.max_aspect * shorter:
        raise StudioError(
            studio_family.code("picture_aspect"),
            f"Invalid image aspect ratio: it must be from {1 / limits.max_aspect:g} to "
            f"{limits.max_aspect:g}.",
        )
    if limits.below_bytes is not None and size_bytes >= limits.below_bytes:
        raise StudioError(
            studio_family.code("picture_bytes"),
            f"Invalid file size: it must be below {limits.below_bytes // MEGABYTE}MB.",
        )


def check_sound(path: Path, limits: SoundLimits, studio_family: StudioFamily) -> float:
    """Return a sound's length in seconds; raise `StudioError` if its model does not take it."""
    try:
        with av.open(str(path)) as container:
            seconds = sound_seconds(container) if container.streams.audio else 0.0
            formats = set(container.format.name.split(","))
    except (av.error.FFmpegError, OSError):
        raise StudioError("InvalidURL", NO_SOUND) from None
    if not formats & limits.formats or seconds <= 0:
        raise StudioError("InvalidURL", NO_SOUND)
    if seconds > limits.max_seconds:
        raise StudioError(
            studio_family.code("sound_length"),
            f"The input audio is longer than {limits.max_seconds:g}s.",
        )
    if seconds < limits.min_seconds:
        raise StudioError(
            studio_family.code("sound_length"),
            f"The input audio is shorter than {limits.min_seconds:g}s.",
        )
    return seconds


def sound_too_large(limits: SoundLimits) -> StudioError:
    """Return the error of a sound whose file has too many bytes."""
    megabytes = -(-limits.max_bytes // MEGABYTE)
    return StudioError("InvalidURL", f"File size is larger than {megabytes}MB.")


def video_too_large(limits: VideoLimits) -> StudioError:
    """Return the error of a video whose file has too many bytes."""
    return StudioError(
        "InvalidFile.Size", f"File size is larger than {limits.max_bytes // MEGABYTE}MB."
    )


def not_fetched(fault: FetchFault, studio_family: StudioFamily) -> StudioError:
    """Return the error of an input that its address does not give."""
    match fault:
        case FetchFault.UNREACHABLE:
            text = "The connection to the address of the input file was refused."
            return StudioError(studio_family.code("unreachable"), text)
        case FetchFault.TIMEOUT:
            text = "The download of the input file timed out."
            return StudioError(studio_family.code("timeout"), text)
        case FetchFault.MISSING:
            text = "The input file could not be downloaded."
            return StudioError(studio_family.code("missing"), text)
        case _:
            return invalid_url()


def unreadable_video() -> StudioError:
    """Return the error of a file that is no video that can be played."""
    return StudioError("InvalidFile.Openerror", "The video file cannot be opened.")


def check_video(path: Path, limits: VideoLimits) -> Video:
    """Return what a clip or a motion is; raise `StudioError` if its model does not take it."""
    try:
        video = _read_video(path)
    except (av.error.FFmpegError, OSError):
        raise unreadable_video() from None
    shorter, longer = sorted(video.size_px)
    faults = {
        "InvalidFile.Format": not (video.formats & limits.formats)
        or video.codec not in limits.codecs,
        "InvalidFile.Duration": not limits.min_seconds <= video.seconds <= limits.max_seconds,
        "InvalidFile.FPS": video.frames_per_second < limits.min_frames_per_second,
        "InvalidFile.Resolution": shorter < limits.min_edge_px or longer > limits.max_edge_px,
        "InvalidFile.AspectRatio": longer > limits.max_aspect * shorter,
    }
    for code, is_so in faults.items():
        if is_so:
            what = code.partition(".")[2].lower()
            raise StudioError(code, f"The {what} of the video is not supported.")
    return video


def _read_video(path: Path) -> Video:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise StudioError("InvalidFile.Openerror", "The file has no video.")
        stream = container.streams.video[0]
        return Video(
            formats=frozenset(container.format.name.split(",")),
            codec=stream.codec_context.name,
            seconds=video_seconds(container),
            width_px=stream.codec_context.width,
            height_px=stream.codec_context.height,
            frames_per_second=float(stream.average_rate or 0),
        )
