"""Say whether an address is that of a Model Studio that can do the work."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any, Final

import httpx

from greenlight.doctor.findings import Finding, broken, ok, warning
from greenlight.doctor.regions import is_in_beijing, is_vendors
from greenlight.errors import Part
from greenlight.errors.advice import StartStudio
from greenlight.media.place import without_query
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.catalog import BEIJING_BASE_URL
from greenlight.modelstudio.reasons import reason_of

SUBJECT: Final = "address"
SET_IT: Final = (
    f"set DASHSCOPE_HTTP_BASE_URL to a studio's address, or unset it for {BEIJING_BASE_URL}"
)


def unreachable(base_url: str, error: httpx.HTTPError) -> Finding:
    """Return the finding of an address that gave no answer."""
    host = httpx.URL(base_url).host
    causes = _causes(error)
    if any(isinstance(one, socket.gaierror) for one in causes):
        return broken(SUBJECT, f"there is no host {host}, or no name service", _advice(base_url))
    if faults := [one for one in causes if isinstance(one, ssl.SSLError)]:
        return _insecure(host, faults[0])
    if isinstance(error, httpx.ProxyError):
        return broken(SUBJECT, f"the proxy refuses {host}", "check HTTPS_PROXY")
    return broken(
        SUBJECT,
        f"{without_query(base_url)} cannot be reached ({reason_of(error)})",
        _advice(base_url),
    )


def reached(base_url: str, answer: Answer, *, took_seconds: float) -> Finding:
    """Return the finding of an address that answered something."""
    shown = without_query(base_url)
    payload = _payload(answer)
    if payload is None:
        return broken(
            SUBJECT,
            f"{shown} answers, but not as Model Studio (HTTP {answer.status})",
            f"its address ends with /api/v1; {SET_IT}",
        )
    if answer.status == httpx.codes.NOT_FOUND and "workspace" not in str(payload).lower():
        return broken(
            SUBJECT, f"{shown} does not know any tasks", f"its address ends with /api/v1; {SET_IT}"
        )
    if is_vendors(base_url) and not is_in_beijing(base_url):
        return broken(
            SUBJECT,
            f"{shown} is in another region, and the portrait models are only in China (Beijing)",
            f"unset DASHSCOPE_HTTP_BASE_URL, which means {BEIJING_BASE_URL}",
        )
    if answer.status >= 500:
        return warning(
            SUBJECT, f"{shown} has a fault of its own (HTTP {answer.status})", "try again later"
        )
    what = "the vendor's" if is_vendors(base_url) else "not the vendor's, so it charges nothing"
    return ok(SUBJECT, f"{shown} answers after {took_seconds * 1000:.0f} ms; it is {what}")


def _insecure(host: str, fault: ssl.SSLError) -> Finding:
    """Return the finding of a host that is no trusted one, or does not speak TLS at all."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return broken(
            SUBJECT,
            f"{host} has no trusted certificate ({fault.verify_message})",
            "check the clock, a proxy in between, and SSL_CERT_FILE",
        )
    reason = (fault.reason or "no reason given").replace("_", " ").lower()
    return broken(
        SUBJECT,
        f"{host} answers without the encryption of https:// ({reason})",
        "check DASHSCOPE_HTTP_BASE_URL, which begins with http:// for a local studio, and HTTPS_PROXY",
    )


def _advice(base_url: str) -> Part:
    if is_vendors(base_url):
        return "check the network, its name service, the firewall and HTTPS_PROXY"
    return StartStudio(BEIJING_BASE_URL)


def _payload(answer: Answer) -> dict[str, Any] | None:
    """Return an answer of Model Studio's shape: every one of its own, good or bad, has a request id."""
    try:
        payload = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    is_its = isinstance(payload, dict) and bool(payload.keys() & {"request_id", "code"})
    return payload if is_its else None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
