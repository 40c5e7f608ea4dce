"""Read a WebP's size from its first bytes; Pillow reads such a picture whole before it says anything."""

from __future__ import annotations

HEADER_BYTES = 30


def read_webp_size(header: bytes) -> tuple[int, int] | None:
    """Return width and height of the WebP that begins with these 30 bytes, or nothing if it is none.

    RFC 9649: a RIFF container whose first chunk is a lossy picture (`VP8 `), a lossless one (`VP8L`), or the
    canvas of an extended file (`VP8X`).
    """
    if len(header) < HEADER_BYTES or header[:4] != b"RIFF" or header[8:12] != b"WEBP":
        return None
    kind, content = header[12:16], header[20:HEADER_BYTES]
    if kind == b"VP8X":
        return _number(content[4:7]) + 1, _number(content[7:10]) + 1
    if kind == b"VP8L" and content[0] == 0x2F:
        bits = _number(content[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        # The two highest bits say how it is to be enlarged.
        return _number(content[6:8]) & 0x3FFF, _number(content[8:10]) & 0x3FFF
    return None


def _number(little_endian: bytes) -> int:
    return int.from_bytes(little_endian, "little")
