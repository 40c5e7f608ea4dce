"""Take keys and signed links out of text that people will read."""

from __future__ import annotations

import re
from typing import Final

_QUERY: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_BARE_QUERY: Final = re.compile(r"\?[^\s?=&\"'<>]+=[^\s\"'<>]*")
_USER: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@?#]*@", re.IGNORECASE)
_KEY: Final = re.compile(r"\bsk-[A-Za-z0-9_-]{4,}")
_MAX_CHARACTERS: Final = 1000
_MAX_CHARACTERS_READ: Final = 4 * _MAX_CHARACTERS


def without_secrets(text: str) -> str:
    """Return the text with keys, credentials in addresses and queries of links left out.

    A signed link is a password for as long as it lives, and the vendor quotes links in its
    messages. What cannot be printed becomes a space, and texts are cut after 1000 characters.
    """
    text = _USER.sub(r"\1", text[:_MAX_CHARACTERS_READ])
    text = _BARE_QUERY.sub("", _QUERY.sub(r"\1", text))
    text = _KEY.sub("sk-***", text)[:_MAX_CHARACTERS]
    return "".join(character if character.isprintable() else " " for character in text)
