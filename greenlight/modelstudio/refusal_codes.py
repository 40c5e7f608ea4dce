"""Tell the error codes that refuse a portrait from those of an input that was not fetched.

Codes are compared without case; the vendor's own misspelling `InvalidParamter` is put right first.
"""

from __future__ import annotations

from typing import Final

_REFUSAL_PREFIXES: Final = ("invalidfile.", "invalidimage.")
_OF_A_VIDEO: Final = "invalidvideo."
_REFUSALS: Final = frozenset({"invalidperson", "invalidimageresolution", "invalidimageformat"})


def normalized(code: str) -> str:
    """Return the code in the one spelling that the tables of this package use."""
    return code.strip().casefold().replace("invalidparamter", "invalidparameter")


def is_not_fetched(code: str) -> bool:
    """Return whether the code says that the vendor could not fetch an input."""
    code = normalized(code)
    return code.endswith("downloadfailed") or code.startswith("invalidurl")


def is_refusal_of_clip(code: str) -> bool:
    """Return whether the code of a failed task means "this clip is refused"."""
    return is_refusal(code) or normalized(code).startswith(_OF_A_VIDEO)


def is_refusal(code: str) -> bool:
    """Return whether the code, in the answer of a check, means "this portrait is refused"."""
    code = normalized(code)
    if is_not_fetched(code):
        return False
    return code in _REFUSALS or code.startswith(_REFUSAL_PREFIXES)
