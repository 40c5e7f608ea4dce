"""Take keys and signed links out of text that people will read."""

from __future__ import annotations

import functools
import logging
import re
import traceback
from typing import Any, Final

_QUERY: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_BARE_QUERY: Final = re.compile(r"\?[^\s?=&\"'<>]+=[^\s\"'<>]*")
_USER: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@?#]*@", re.IGNORECASE)
_KEY: Final = re.compile(r"\bsk-[A-Za-z0-9_-]{4,}")
_CALLED: Final = (
    r"[\w-]{0,30}(?:authorization|cookie|token|secret|secret[-_]?(?:access[-_]?)?key|signature|credential"
    r"|password|policy|OSSAccessKeyId)"
)
"""What headers, queries, forms and answers call a secret."""
_NAMED: Final = re.compile(
    # Its name; what stands between in a header, a query, JSON, XML or a list of pairs; and its value.
    rf"(\b{_CALLED}(?:['\"]?\s*[:=]|['\"]\s*,|>)\s*)"
    r"(?:b?'[^']*|b?\"[^\"]*|(?:(?:Bearer|Basic|AWS4-HMAC-SHA256)\s+)?[^\s,;&<>'\"]+)",
    re.IGNORECASE,
)
_MAX_CHARACTERS: Final = 1000
_MAX_CHARACTERS_READ: Final = 4 * _MAX_CHARACTERS
_CHATTY: Final = ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer")
"""The loggers, with all below them, that write requests and answers down as they went over the line."""


def without_secrets(text: str) -> str:
    """Return the text with keys, credentials in addresses and queries of links left out.

    A signed link is a password for as long as it lives, and the vendor quotes links in its
    messages. What cannot be printed becomes a space, and texts are cut after 1000 characters.
    """
    text = _USER.sub(r"\1", text[:_MAX_CHARACTERS_READ])
    text = _BARE_QUERY.sub("", _QUERY.sub(r"\1", text))
    text = _KEY.sub("sk-***", text)[:_MAX_CHARACTERS]
    return "".join(character if character.isprintable() else " " for character in text)


@functools.cache
def keep_links_out_of_logs() -> None:
    """Let the libraries below log no secret in this process, at any level; whoever opens a client calls this.

    Their loggers are many, some are made late, and the filter of a logger sees nothing of those below it; so
    it is done where every record is made.
    """
    make = logging.getLogRecordFactory()

    def make_without_secrets(*args: Any, **more: Any) -> logging.LogRecord:
        record = make(*args, **more)
        if record.name.partition(".")[0] in _CHATTY:
            _clean(record)
        return record

    logging.setLogRecordFactory(make_without_secrets)


def _clean(record: logging.LogRecord) -> None:
    """Put message and traceback into a record as people may read them."""
    try:
        said = record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A handler would only complain of it; nothing may fail here, in the midst of a request.
        said = str(record.msg)
    record.msg, record.args = _said(said), None
    if record.exc_info:
        # Whoever formats the record takes this text, and would write the error's own words otherwise.
        record.exc_text = "\n".join(map(_said, traceback.format_exception(*record.exc_info)))
        record.exc_info = None


def _said(text: str) -> str:
    return without_secrets(_NAMED.sub(r"\1***", text[:_MAX_CHARACTERS_READ]))
