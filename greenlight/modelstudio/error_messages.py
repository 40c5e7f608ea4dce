"""Tell apart what one code can mean: often the vendor says it by the message alone.

The words are those of the vendor's page on error codes, and of answers that people got.
"""

from __future__ import annotations

from typing import Final

from greenlight.modelstudio import errors
from greenlight.modelstudio.meanings import (
    FETCH_AGAIN,
    LINK_ENDED,
    MODEL_DENIED,
    NOT_RESOLVED,
    SPENT,
    UNREADABLE,
    WRONG_PATH,
    Meaning,
)

_REFUSED: Final = Meaning(errors.InputRefused)

_Words = tuple[tuple[str, Meaning], ...]
_OF_ANY: Final[_Words] = (
    ("user api does not support", WRONG_PATH),
    ("no connection adapters", NOT_RESOLVED),
)
_OF_ACCESS: Final[_Words] = (
    ("in good standing", Meaning(errors.AccountError)),
    ("model access denied", MODEL_DENIED),
)
_OF_QUOTAS: Final[_Words] = (
    ("free allocated quota", SPENT),
    ("free quota", SPENT),
    ("free tier", SPENT),
    ("quota has been exhausted", Meaning(errors.AccountError)),
    ("increase your quota limit", Meaning(errors.Throttled)),
)
_OF_PARAMETERS: Final[_Words] = (
    ("model not exist", Meaning(errors.ModelUnavailable)),
    ("url error, please check", WRONG_PATH),
    ("authorization to access the media", LINK_ENDED),
    ("find the requested media", LINK_ENDED),
    ("download", FETCH_AGAIN),
    ("failed to decode", UNREADABLE),
    ("media format is not supported", UNREADABLE),
    ("file type is not supported", UNREADABLE),
    ("corrupted file", UNREADABLE),
    ("read video error", UNREADABLE),
    ("size of input image", _REFUSED),
    ("image size is not supported", _REFUSED),
    ("green network verification", Meaning(errors.ContentRefused)),
)
_OF_LINKS: Final[_Words] = (
    ("longer than", _REFUSED),
    ("larger than", _REFUSED),
    ("not supported", UNREADABLE),
)
_PARAMETERS: Final = ("invalidparameter", "invalid_parameter_error")
_ACCESS: Final = ("accessdenied", "access_denied")
_QUOTAS: Final = ("throttling", "insufficient_quota")


def meaning_by_message(code: str, message: str) -> Meaning | None:
    """Return what a message says that its code, spelt as the tables do, leaves open."""
    message = message.casefold()
    words = (*_OF_ANY, *_words_of(code))
    return next((meaning for said, meaning in words if said in message), None)


def _words_of(code: str) -> _Words:
    # Longer codes of links say themselves what they mean.
    if code == "invalidurl":
        return _OF_LINKS
    families = ((_PARAMETERS, _OF_PARAMETERS), (_ACCESS, _OF_ACCESS), (_QUOTAS, _OF_QUOTAS))
    return next((words for codes, words in families if code.startswith(codes)), ())
