"""Take keys and signed links out of text that people will read."""

from __future__ import annotations

import functools
import logging
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


class WithoutSecrets(logging.Filter):
    """Let every record pass, but say no secret: httpx logs each address that it calls, with its signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the message into the record as people may read it."""
        record.msg, record.args = without_secrets(record.getMessage()), None
        return True


@functools.cache
def keep_links_out_of_logs() -> None:
    """Let httpx log no signed link in this process; whoever opens a client calls this before."""
    logging.getLogger("httpx").addFilter(WithoutSecrets())
