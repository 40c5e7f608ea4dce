"""Ask a service for a task that nobody has: free, and told apart by every answer that there can be."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from greenlight.modelstudio.answers import Answer

NO_TASK: Final = "00000000-0000-0000-0000-000000000000"
"""The vendor answers for an id that it does not know with HTTP 200 and the status UNKNOWN."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and by this machine's clock when it must have been given."""

    answer: Answer
    at: datetime
    took_seconds: float


def ask(base_url: str, key: str, *, workspace: str | None, seconds: float) -> Reply:
    """Return the answer of a service to one free request, which needs no key to be answered.

    Every failure is an `httpx.HTTPError`.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if workspace:
        headers["X-DashScope-WorkSpace"] = workspace
    began = time.monotonic()
    response = httpx.get(f"{base_url}/tasks/{NO_TASK}", headers=headers, timeout=seconds)
    took = time.monotonic() - began
    answer = Answer(response.status_code, response.headers, response.content, may_cost=False)
    return Reply(answer, datetime.now(UTC), took)


def who_takes(key: str, regions: Mapping[str, str], *, seconds: float) -> str | None:
    """Return the first of the regions, by name, that takes a key; all of them are asked at once."""

    def takes(base_url: str) -> bool:
        try:
            return ask(base_url, key, workspace=None, seconds=seconds).answer.is_success
        except httpx.HTTPError:
            return False

    if not regions:
        return None
    with ThreadPoolExecutor(len(regions)) as asked:
        answers = asked.map(takes, regions.values())
        return next((name for name, taken in zip(regions, answers, strict=True) if taken), None)
