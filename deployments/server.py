"""Reach the Prefect server, or say in one sentence why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx
from prefect.settings import PREFECT_API_URL

from greenlight.errors import SettingsError

START_ONE = (
    "start one with `prefect server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
)


def require_api_url() -> None:
    """Raise a `SettingsError` that says how to come to a server, if none is named."""
    if not PREFECT_API_URL.value():
        raise SettingsError(
            "is not set, so there is no Prefect server", START_ONE, subject="PREFECT_API_URL"
        )


class ServerNotReady(SettingsError):  # noqa: N818 - as people say it
    """The server answers that it cannot serve anybody now, as one does that starts or has too much to do."""


@contextmanager
def answers_in_words() -> Iterator[None]:
    """Raise what the server's refusal or silence means as a `SettingsError`, without its address.

    The address may hold a password.
    """
    try:
        yield
    except httpx.TransportError:
        raise SettingsError(
            "the Prefect server that PREFECT_API_URL names does not answer", START_ONE
        ) from None
    except httpx.HTTPStatusError as error:
        is_busy = error.response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        kind = ServerNotReady if is_busy else SettingsError
        raise kind(*_refusal(error.response)) from None


def _refusal(response: httpx.Response) -> tuple[str, str]:
    """Return what the server answered, and what to do."""
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"the Prefect server requires its password (HTTP {response.status_code})",
            "set PREFECT_API_AUTH_STRING as on the server",
        )
    words = " ".join(response.text.split())[:300]
    answer = f"{response.status_code} ({words})" if words else str(response.status_code)
    return f"the Prefect server answered {answer}", "check its log, and PREFECT_API_URL"
