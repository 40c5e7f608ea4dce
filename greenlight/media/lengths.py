"""Say how long a sound or a video really is: what is billed is what plays, not what a header claims.

An MP3 without a Xing header is as long as its first frames let one guess, a WAV as its header's rate of bytes
says, and either may be wrong many times over. A sound is decoded, a piece at a time. Of a video the times of
its packets are read, as players go by them, and no picture is decoded.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import av
from av.container import InputContainer

ENOUGH_SECONDS: Final = 3600.0
"""No model takes a fraction of that; what is longer is not read to its end."""


def sound_seconds(container: InputContainer) -> float:
    """Return how much of a container's first sound can be decoded; what is damaged in between is left out."""
    # Whole samples: a sum of fractions would make 20.000000000000004 s of 20 s, which a model refuses.
    samples: Counter[int] = Counter()
    seconds = 0.0
    for packet in container.demux(audio=0):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            samples[frame.sample_rate or 1] += frame.samples
        seconds = sum(count / rate for rate, count in samples.items())
        if seconds > ENOUGH_SECONDS:
            break
    return seconds


def video_seconds(container: InputContainer) -> float:
    """Return how long a container's first pictures play."""
    first, last = ENOUGH_SECONDS, 0.0
    for packet in container.demux(video=0):
        # An AVI says only when a picture is to be decoded.
        begins = packet.dts if packet.pts is None else packet.pts
        if begins is None or packet.time_base is None:
            continue
        first = min(first, float(begins * packet.time_base))
        last = max(last, float((begins + (packet.duration or 0)) * packet.time_base))
        if last - first > ENOUGH_SECONDS:
            break
    return max(0.0, last - first)
