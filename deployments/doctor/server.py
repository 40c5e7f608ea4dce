"""Say whether the Prefect server answers, and whether its version suits this one."""

from __future__ import annotations

from typing import Final

import httpx
import prefect
from prefect.client.orchestration import SyncPrefectClient

from greenlight.doctor.findings import Finding, broken, ok, warning
from greenlight.media.place import without_query

SUBJECT: Final = "Prefect server"
START_ONE: Final = (
    "start one with `prefect server start`, and set PREFECT_API_URL=http://127.0.0.1:4200/api"
)


def examine_server(client: SyncPrefectClient, url: str) -> Finding:
    """Return how it is with the server at an address, which may hold a password."""
    shown = without_query(url)
    try:
        version = client.api_version()
    except httpx.HTTPStatusError as error:
        return _refused(shown, error.response.status_code)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        return broken(SUBJECT, f"no server answers at {shown} ({reason})", START_ONE)
    except ValueError:
        return _is_none(shown)
    if not isinstance(version, str) or not version[:1].isdigit():
        return _is_none(shown)
    return _compared(shown, version, prefect.__version__)


def _refused(shown: str, status: int) -> Finding:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return broken(
            SUBJECT,
            f"the server at {shown} requires a password (HTTP {status})",
            "set PREFECT_API_AUTH_STRING as on the server, or PREFECT_API_KEY for Prefect Cloud",
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return broken(
            SUBJECT,
            f"the server at {shown} has a fault of its own (HTTP {status})",
            "check its log",
        )
    return _is_none(shown)


def _is_none(shown: str) -> Finding:
    return broken(
        SUBJECT,
        f"what answers at {shown} is not a Prefect server",
        "correct PREFECT_API_URL; it ends with /api, like http://127.0.0.1:4200/api",
    )


def _compared(shown: str, theirs: str, ours: str) -> Finding:
    """Return what the versions are to each other; Prefect promises that the server may be the newer one."""
    theirs_first, ours_first = _first_two(theirs), _first_two(ours)
    says = f"the server at {shown} is Prefect {theirs}"
    if theirs_first[0] != ours_first[0]:
        return broken(
            SUBJECT,
            f"{says}, and Prefect {ours} here does not speak with it",
            f"install Prefect {ours_first[0]} on the server, or name another one in PREFECT_API_URL",
        )
    if theirs_first < ours_first:
        return warning(
            SUBJECT, f"{says}, older than {ours} here", f"install Prefect {ours} on the server"
        )
    return ok(SUBJECT, f"{says}, here is {ours}")


def _first_two(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
