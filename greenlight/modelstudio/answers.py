"""Read what came back over HTTP: a JSON object, or the error that it stands for.

Whatever lies between here and the vendor may answer in its place, perhaps after the vendor has begun. So of
a request that costs money only the vendor's own error, JSON with one of its codes, says that it cost nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from greenlight.modelstudio.error_codes import error_for, read_fault, read_top_fault
from greenlight.modelstudio.errors import ApiError, ModelStudioError, ProtocolError, ServerFault

_CLEAR_WITHOUT_BODY: Final = frozenset({401, 403, 408, 429})
"""Statuses that say enough even in a page of a gateway's, where the request costs nothing."""
_BY_SOMEBODY_ELSE: Final = (
    "something on the way there may have answered in its place: check DASHSCOPE_HTTP_BASE_URL and "
    "HTTPS_PROXY"
)
_LONGEST: Final = {"request_id": 128, "task_id": 128, "template_id": 255}
"""Characters that the ledger has room for."""
_IDS: Final = ("task_id", "template_id")
"""What is asked for again, so that nothing else will do."""
_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL and halves of characters, which JSON can name and no database takes."""
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    may_cost: bool = True
    """Whether the vendor charges for such a request at all."""

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def answered_at(self) -> datetime | None:
        """When it was answered, by the clock of whoever answered."""
        try:
            told = parsedate_to_datetime(self.headers["date"])
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        except (KeyError, ValueError):
            return None


def read_payload(answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object of an answer of any status; an unreadable one is an error.

    Its texts are such that they can be written into any database.
    """
    try:
        payload = _writable(json.loads(answer.content))
    except (ValueError, RecursionError):
        raise _unreadable(answer, "is not JSON") from None
    if not isinstance(payload, dict):
        raise _unreadable(answer, "is not a JSON object")
    return payload


def error_of(answer: Answer, payload: Mapping[str, Any]) -> ModelStudioError:
    """Return the error that an answer stands for."""
    is_the_vendors = _has_code_of_the_vendors(payload)
    if answer.may_cost and not is_the_vendors and answer.status < 500:
        error: ModelStudioError = unfit(answer, "it is an error without a code", payload)
        error.advice = _BY_SOMEBODY_ELSE
        return error
    error = error_for(answer.status, payload, answer.headers)
    error.may_have_cost = answer.may_cost and (answer.is_success or not is_the_vendors)
    return error


def read_success(answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object of a good answer; an error at its top is raised, whatever the status."""
    payload = read_payload(answer)
    if answer.status >= 400 or read_top_fault(payload).code:
        error = error_of(answer, payload)
        if answer.is_success and isinstance(error, ApiError):
            # Unlike a check, a task is not charged for its answer, and the vendor says that it began none.
            error.may_have_cost = answer.may_cost and isinstance(error, ServerFault)
        raise error
    expect_success(answer)
    return payload


def expect_success(answer: Answer) -> None:
    """Raise `ProtocolError` for a status that is neither success nor error, such as a redirect."""
    if not answer.is_success:
        raise ProtocolError(
            "it sends elsewhere", status=answer.status, may_have_cost=answer.may_cost
        )


def read_output(answer: Answer, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `output` of a good answer; an id in it that cannot be written down is an error."""
    output = payload.get("output")
    if not isinstance(output, dict):
        raise unfit(answer, "it has no output", payload)
    for name in _IDS:
        told = read_text(output, name)
        if _REPLACED in told or len(told) > _LONGEST[name]:
            raise unfit(answer, f"its {name} cannot be written down", payload)
    return output


def unfit(
    answer: Answer, what: str, payload: Mapping[str, Any], *, task_id: str = ""
) -> ProtocolError:
    """Return the error of an answer that is JSON but says nothing that is known."""
    return ProtocolError(
        what,
        request_id=read_text(payload, "request_id"),
        status=answer.status,
        task_id=task_id,
        may_have_cost=answer.may_cost,
    )


def read_text(place: Mapping[str, Any], key: str) -> str:
    """Return a text field, "" where it is missing or no text."""
    value = place.get(key)
    return value if isinstance(value, str) else ""


def _writable(value: Any, name: str = "") -> Any:
    """Return what was read of a JSON, with its texts as a database takes them."""
    match value:
        case str(text):
            longest = None if name in _IDS else _LONGEST.get(name)
            return _UNWRITABLE.sub(_REPLACED, text)[:longest]
        case list(values):
            return [_writable(one) for one in values]
        case dict(fields):
            return {_writable(key): _writable(one, key) for key, one in fields.items()}
    return value


def _has_code_of_the_vendors(payload: Mapping[str, Any]) -> bool:
    """Return whether there is a code of the vendor's, all of which are words; gateways repeat the status."""
    code = read_fault(payload).code
    return bool(code) and not code.isdigit()


def _unreadable(answer: Answer, what: str) -> ModelStudioError:
    if answer.status >= 500 or answer.status in _CLEAR_WITHOUT_BODY:
        return error_of(answer, {})
    kind = answer.headers.get("content-type", "of no type")
    return ProtocolError(
        f"its body of {len(answer.content)} bytes ({kind}) {what}",
        status=answer.status,
        may_have_cost=answer.may_cost,
        advice=_BY_SOMEBODY_ELSE if answer.status >= 400 else None,
    )
