"""Take a decoder's fault for one of the file that it reads, so that one odd file stops no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greenlight.errors import Explained, InputError
from greenlight.media.place import Place


@contextmanager
def decoding(place: Place, kind: str) -> Iterator[None]:
    """Raise an `InputError` for whatever a decoder raises; errors that are sentences already pass.

    Decoders of other people's files raise what they like: Pillow's for SPIDER an `AttributeError`. It is not
    `Unusable`, as the same content may be read another time, like when there is more memory.
    """
    try:
        yield
    except Explained:
        raise
    except Exception as error:
        raise InputError(
            f"cannot be read as a {kind} ({type(error).__name__})",
            "export it again",
            subject=place.shown,
        ) from error
