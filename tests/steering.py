"""Steer a studio from a test, and read what it counted."""

from __future__ import annotations

from typing import Any

import httpx

from greenlight.studio.server import StudioServer


def add_fault(studio: StudioServer, fault: str, on: str, **particulars: Any) -> None:
    """Let the next requests of a kind suffer a fault."""
    wanted = {"fault": fault, "on": on} | particulars
    httpx.post(f"{studio.url}/_studio/faults", json=wanted).raise_for_status()


def counters(studio: StudioServer) -> dict[str, Any]:
    answer = httpx.get(f"{studio.url}/_studio/counters").raise_for_status()
    return dict(answer.json())


def paid(studio: StudioServer) -> dict[str, int]:
    """Return the paid requests by model."""
    counted = counters(studio)
    return dict(counted["checks_paid"]) | dict(counted["creates_accepted"])


def received(studio: StudioServer, endpoint: str) -> int:
    """Return how many requests of a kind came, whatever became of them."""
    return int(counters(studio)["requests"].get(endpoint, 0))
