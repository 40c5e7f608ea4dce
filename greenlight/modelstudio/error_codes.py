"""Pick the error of an answer: by its code first, the code's prefix second, the status last.

The table is that of the vendor's page on error codes, with the codes of the four families' pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from greenlight.modelstudio import errors
from greenlight.modelstudio.errors import ApiError
from greenlight.modelstudio.refusal_codes import is_refusal, normalized
from greenlight.modelstudio.retry_after import read_retry_after

_BY_CODE: Final[Mapping[str, type[ApiError]]] = {
    "invalidapikey": errors.AuthenticationError,
    "invalid_api_key": errors.AuthenticationError,
    "not authorized": errors.AuthenticationError,
    "endpoint.accessdenied": errors.ModelUnavailable,
    "accessdenied.unpurchased": errors.AccountError,
    "model.accessdenied": errors.AccessDenied,
    "workspace.accessdenied": errors.AccessDenied,
    "workspacenotfound": errors.ModelUnavailable,
    "arrearage": errors.AccountError,
    "commoditynotpurchased": errors.AccountError,
    "prepaidbilloverdue": errors.AccountError,
    "postpaidbilloverdue": errors.AccountError,
    "modelnotfound": errors.ModelUnavailable,
    "model_not_found": errors.ModelUnavailable,
    "model_not_supported": errors.ModelUnavailable,
    "model.notexist": errors.ModelUnavailable,
    "notfound": errors.ModelUnavailable,
    "invalidfile.downloadfailed": errors.InputUnreachable,
    "badrequest.inputdownloadfailed": errors.InputUnreachable,
    "invalidparameter.inputdownloadfailed": errors.InputUnreachable,
    "invalidparameter.unsupportedfileformat": errors.InputRefused,
    "badrequest.unsupportedfileformat": errors.InputRefused,
    "badrequest.toolarge": errors.InputRefused,
    "datainspectionfailed": errors.ContentRefused,
    "data_inspection_failed": errors.ContentRefused,
    "ipinfringementsuspect": errors.ContentRefused,
    "limitrequests": errors.Throttled,
    "systemerror": errors.ServerFault,
    "modelservicefailed": errors.ServerFault,
    "modelservingerror": errors.ServerFault,
    "modelunavailable": errors.ServerFault,
    "serviceunavailable": errors.ServerFault,
    "gatewaytimeout": errors.ServerFault,
    "requesttimeout": errors.ServerFault,
    "responsetimeout": errors.ServerFault,
    "invalidinputlength": errors.InvalidRequest,
    "invalid_parameter_error": errors.InvalidRequest,
    "unsupportedoperation": errors.InvalidRequest,
    "customroleblocked": errors.InvalidRequest,
    "conflict": errors.InvalidRequest,
}
_BY_PREFIX: Final[tuple[tuple[str, type[ApiError]], ...]] = (
    ("throttling", errors.Throttled),
    ("allocationquota", errors.AccountError),
    ("accessdenied", errors.AccessDenied),
    ("invalidurl", errors.InputUnreachable),
    ("invalidparameter", errors.InvalidRequest),
    ("badrequest", errors.InvalidRequest),
    ("internalerror", errors.ServerFault),
)
_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: errors.AuthenticationError,
    402: errors.AccountError,
    403: errors.AccessDenied,
    404: errors.ModelUnavailable,
    408: errors.ServerFault,
    429: errors.Throttled,
}
# One code, several meanings: the vendor tells them apart by the message alone.
_BY_MESSAGE: Final[tuple[tuple[str, str, type[ApiError]], ...]] = (
    ("invalidparameter", "model not exist", errors.ModelUnavailable),
    ("invalidparameter.datainspection", "download", errors.InputUnreachable),
    ("invalidurl", "longer than", errors.InputRefused),
    ("invalidurl", "larger than", errors.InputRefused),
    ("invalidurl", "not supported", errors.InputRefused),
)
_WORTH_FETCHING_AGAIN: Final = (
    "downloadfailed",
    ".datainspection",
    ".connectionrefused",
    ".timeout",
)


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
    return value if isinstance(value, str) else str(value or "")


def class_for(code: str, message: str = "") -> type[ApiError] | None:
    """Return the error class of a code, or `None` for one that no table knows."""
    code, message = normalized(code), message.casefold()
    for one, words, kind in _BY_MESSAGE:
        if code == one and words in message:
            return kind
    if code in _BY_CODE:
        return _BY_CODE[code]
    if is_refusal(code):
        return errors.InputRefused
    return next((kind for prefix, kind in _BY_PREFIX if code.startswith(prefix)), None)


def error_for(
    status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> ApiError:
    """Return the error of an answer, ready to be raised.

    An error that came with a status of success may have been charged; others are not, by the
    vendor's word that failed requests are free.
    """
    fault = read_fault(payload)
    kind = class_for(fault.code, fault.message) or _class_for_status(status)
    retryable = None
    if kind is errors.InputUnreachable:
        retryable = normalized(fault.code).endswith(_WORTH_FETCHING_AGAIN)
    return kind(
        fault.message,
        code=fault.code,
        request_id=fault.request_id,
        status=status,
        retry_after_seconds=read_retry_after(headers or {}),
        retryable=retryable,
        may_have_cost=status < 300,
    )


def _class_for_status(status: int) -> type[ApiError]:
    if status >= 500:
        return errors.ServerFault
    return _BY_STATUS.get(status, errors.InvalidRequest if status >= 400 else ApiError)


def _text(place: Mapping[str, Any], key: str) -> str:
    value = place.get(key)
    return value if isinstance(value, str) else ""
