"""Say what a model takes: the formats, lengths and sizes of its inputs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a portrait must be; formats are Pillow's names, `None` means that nothing is stated."""

    formats: frozenset[str] = frozenset({"JPEG", "PNG", "BMP", "WEBP"})
    min_edge_px: int | None = None
    max_edge_px: int | None = None
    max_aspect: float | None = None
    """Longer edge over shorter edge."""
    below_bytes: int | None = None
    """The file must be smaller than this."""


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """What a sound must be; lengths in seconds, both ends allowed."""

    formats: frozenset[str] = frozenset({"wav", "mp3"})
    min_seconds: float = 0.0
    max_seconds: float = 60.0
    max_bytes: int = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a clip or a motion must be; lengths in seconds, edges in pixels, both ends allowed."""

    formats: frozenset[str] = frozenset({"mp4", "avi", "mov"})
    codecs: frozenset[str] = frozenset({"h264", "hevc"})
    min_seconds: float = 2.0
    max_seconds: float = 60.0
    min_edge_px: int = 200
    max_edge_px: int = 2048
    max_aspect: float = 3.0
    min_frames_per_second: float = 24.0
    max_bytes: int = 200 * 1024 * 1024
