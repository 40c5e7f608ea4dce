"""Pick the error of an answer: by its code first, the code's prefix second, the status last.

Where one code has several meanings, its message decides before. The table is that of the vendor's page on
error codes, with the codes of the four families' pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from greenlight.modelstudio import errors
from greenlight.modelstudio.error_messages import meaning_by_message
from greenlight.modelstudio.errors import ApiError
from greenlight.modelstudio.meanings import ENDPOINT_DENIED, MODEL_DENIED, SPENT, Meaning
from greenlight.modelstudio.refusal_codes import is_not_fetched, is_refusal, normalized
from greenlight.modelstudio.retry_after import read_retry_after

_CODES: Final[tuple[tuple[Meaning, tuple[str, ...]], ...]] = (
    (Meaning(errors.AuthenticationError), ("invalidapikey", "invalid_api_key")),
    (
        Meaning(errors.WorkspaceDenied),
        ("not authorized", "workspacenotfound", "workspace.accessdenied"),
    ),
    (ENDPOINT_DENIED, ("endpoint.accessdenied",)),
    (MODEL_DENIED, ("model.accessdenied",)),
    (
        Meaning(errors.ModelUnavailable),
        ("modelnotfound", "model_not_found", "model_not_supported", "model.notexist", "notfound"),
    ),
    (
        Meaning(errors.AccountError),
        (
            *("accessdenied.unpurchased", "arrearage", "commoditynotpurchased"),
            *("prepaidbilloverdue", "postpaidbilloverdue", "insufficient_quota"),
        ),
    ),
    (
        Meaning(errors.InputRefused),
        (
            *("invalidparameter.unsupportedfileformat", "badrequest.unsupportedfileformat"),
            *("badrequest.toolarge", "invalidinputlength"),
        ),
    ),
    (
        Meaning(errors.ContentRefused),
        (
            *("datainspectionfailed", "data_inspection_failed", "ipinfringementsuspect"),
            "customroleblocked",
        ),
    ),
    (Meaning(errors.Throttled), ("limitrequests", "limit_requests", "limit_burst_rate")),
    (
        Meaning(errors.ServerFault),
        (
            *("systemerror", "modelservicefailed", "modelservingerror", "modelunavailable"),
            *("serviceunavailable", "gatewaytimeout", "requesttimeout", "responsetimeout"),
            "internal_error",
        ),
    ),
    (
        Meaning(errors.InvalidRequest),
        ("invalid_parameter_error", "unsupportedoperation", "conflict"),
    ),
)
_BY_CODE: Final = {code: meaning for meaning, codes in _CODES for code in codes}
_BY_PREFIX: Final[tuple[tuple[str, Meaning], ...]] = (
    ("throttling", Meaning(errors.Throttled)),
    ("allocationquota", SPENT),
    ("accessdenied", Meaning(errors.AccessDenied)),
    ("access_denied", Meaning(errors.AccessDenied)),
    ("invalidparameter", Meaning(errors.InvalidRequest)),
    ("badrequest", Meaning(errors.InvalidRequest)),
    ("invalidvideo.", Meaning(errors.InputRefused)),
    ("audio.", Meaning(errors.InputRefused)),
    ("internalerror", Meaning(errors.ServerFault)),
)
_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: errors.AuthenticationError,
    402: errors.AccountError,
    403: errors.AccessDenied,
    404: errors.ModelUnavailable,
    408: errors.ServerFault,
    429: errors.Throttled,
}
_LONGEST_CODE: Final = 128
"""Characters that the ledger has room for."""
_WRAPPING: Final = "internalerror.algo."
"""What stands before a code that the model itself gave."""
_WORTH_FETCHING_AGAIN: Final = ("downloadfailed", ".connectionrefused", ".timeout")


@dataclass(frozen=True, slots=True)
class Fault:
    """What an answer says of its error, wherever in the body it says it."""

    code: str = ""
    message: str = ""
    request_id: str = ""


def read_fault(payload: Mapping[str, Any]) -> Fault:
    """Return the fault of a body: at its top, under `error` (as OpenAI) or nested in `output`."""
    top = read_top_fault(payload)
    nested = payload.get("output")
    if top.code or not isinstance(nested, Mapping):
        return top
    message = _text(nested, "message") or top.message
    return Fault(read_code(nested), message, top.request_id)


def read_top_fault(payload: Mapping[str, Any]) -> Fault:
    """Return the fault that makes an answer an error whatever its status; no code means none."""
    request_id = _text(payload, "request_id")
    wrapped = payload.get("error")
    place = wrapped if isinstance(wrapped, Mapping) and not read_code(payload) else payload
    return Fault(read_code(place), _text(place, "message"), request_id)


def read_code(place: Mapping[str, Any]) -> str:
    """Return the code that stands there, "" for none; a number is a code too."""
    value = place.get("code")
    return (value if isinstance(value, str) else str(value or ""))[:_LONGEST_CODE]


def class_for(code: str, message: str = "") -> type[ApiError] | None:
    """Return the error class of a code, or `None` for one that no table knows."""
    meaning = meaning_of(code, message)
    return meaning.kind if meaning else None


def meaning_of(code: str, message: str = "") -> Meaning | None:
    """Return what a code means, with its message where that tells more, or `None` for an unknown one."""
    code = normalized(code)
    inner = code.removeprefix(_WRAPPING)
    told = meaning_by_message(inner, message) or _BY_CODE.get(inner)
    if told:
        return told
    if is_not_fetched(inner):
        return Meaning(errors.InputUnreachable, retryable=inner.endswith(_WORTH_FETCHING_AGAIN))
    if is_refusal(inner):
        return Meaning(errors.InputRefused)
    return _meaning_by_prefix(inner) or _meaning_by_prefix(code)


def error_for(
    status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> ApiError:
    """Return the error of an answer, ready to be raised.

    An error that came with a status of success may have been charged; others are not, by the
    vendor's word that failed requests are free.
    """
    fault = read_fault(payload)
    meaning = _meaning_in_answer(fault, status)
    return meaning.kind(
        fault.message,
        code=fault.code,
        request_id=fault.request_id,
        status=status,
        retry_after_seconds=read_retry_after(headers or {}),
        retryable=meaning.retryable,
        may_have_cost=status < 300,
        advice=meaning.advice,
    )


def _meaning_in_answer(fault: Fault, status: int) -> Meaning:
    meaning = meaning_of(fault.code, fault.message)
    # With a 4xx the vendor says no, whatever part of it speaks: nothing was begun.
    if meaning and meaning.kind is errors.ServerFault and 400 <= status < 500:
        meaning = meaning_by_message("invalidparameter", fault.message)
    return meaning or Meaning(_class_for_status(status))


def _meaning_by_prefix(code: str) -> Meaning | None:
    return next((meaning for prefix, meaning in _BY_PREFIX if code.startswith(prefix)), None)


def _class_for_status(status: int) -> type[ApiError]:
    if status >= 500:
        return errors.ServerFault
    return _BY_STATUS.get(status, errors.InvalidRequest if status >= 400 else ApiError)


def _text(place: Mapping[str, Any], key: str) -> str:
    value = place.get(key)
    return value if isinstance(value, str) else ""
