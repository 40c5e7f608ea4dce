"""Take a picture out of other people's videos, to show them by: in named formats, within bounds.

Only the codecs that models take are decoded, one video at a time and on one processor, because a decoder
keeps many frames; and of a video as much as leads from a key frame to the one that is shown.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from greenlight.media.pictures import BEGINNING_BYTES, UnreadablePicture

if TYPE_CHECKING:
    import av

SHARE: Final = 1 / 3
"""A beginning is often black, or still."""
CODECS: Final = ("h264", "hevc")
MOST_PIXELS: Final = 4096 * 2304
MOST_FRAMES: Final = 600
MOST_SECONDS: Final = 5.0
"""Of decoding; then the last frame so far is shown."""
UNDECODED: Final = "no frame of the video can be decoded"
_TOP_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""What a MOV or MP4 may begin with (ISO/IEC 14496-12, QuickTime)."""

_one_video = threading.Lock()


def video_format(beginning: bytes) -> str:
    """Return FFmpeg's name of a video's container by its first bytes, "" for what no model takes."""
    if beginning[4:8] in _TOP_BOXES:
        return "mov"
    return "avi" if beginning[:4] == b"RIFF" and beginning[8:12] == b"AVI " else ""


def is_video(path: Path) -> bool:
    """Whether a file begins as the videos do that models take."""
    return bool(_format_of(path))


def frame_of(path: Path) -> Image.Image:
    """Return the frame at a third of a video; `UnreadablePicture` if none can be decoded here."""
    import av

    try:
        with _one_video, av.open(str(path), format=_format_of(path)) as container:
            return _picture(_frame_at_a_third(container))
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise UnreadablePicture(UNDECODED) from error


def _format_of(path: Path) -> str:
    with path.open("rb") as stream:
        return video_format(stream.read(BEGINNING_BYTES))


def _frame_at_a_third(container: av.container.InputContainer) -> av.VideoFrame:
    stream = container.streams.video[0]
    decoder = stream.codec_context
    if decoder is None or decoder.name not in CODECS:
        raise UnreadablePicture(UNDECODED)
    decoder.thread_count = 1
    # The decoder asks the stream itself, which may be larger than its container says.
    decoder.options = {"max_pixels": str(MOST_PIXELS)}
    length = stream.duration or 0
    begin = stream.start_time or 0
    wanted = begin + int(length * SHARE)
    container.seek(wanted, stream=stream)
    return _decoded_up_to(wanted, container, stream)


def _decoded_up_to(
    wanted: int, container: av.container.InputContainer, stream: av.VideoStream
) -> av.VideoFrame:
    until = time.monotonic() + MOST_SECONDS
    found = None
    for number, frame in enumerate(container.decode(stream)):
        found = frame
        is_late = number >= MOST_FRAMES or time.monotonic() > until
        if is_late or frame.pts is None or frame.pts >= wanted:
            break
    if found is None:
        raise UnreadablePicture(UNDECODED)
    return found


def _picture(frame: av.VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    # Telephones write their videos lying, and beside them how to turn them.
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
