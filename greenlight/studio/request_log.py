"""Count what was asked of the studio, and keep the checks that it answered."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from greenlight.studio.faults import Endpoint
from greenlight.studio.store import Store

ARRIVALS_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One answered check; those with status 200 were paid for."""

    number: int
    request_id: str
    model: str
    at_ms: int
    image_url: str
    """Without its query."""
    sha256: str
    parameters: Mapping[str, Any]
    size_px: tuple[int, int]
    status: int
    output: Mapping[str, Any]
    seen: tuple[str, ...]
    """What the judge found to be wrong, in words, whether or not this model minds."""
    cost_cny: Decimal

    @property
    def passed(self) -> bool:
        """Return whether the portrait passed."""
        return bool(self.output.get("check_pass", self.output.get("pass", False)))


class RequestLog:
    """Keep the counters, the checks and their thumbnails."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def received(self, endpoint: Endpoint) -> None:
        """Count a request, whatever its answer."""
        self._store.run(
            "INSERT INTO requests VALUES (?, 1, 0)"
            " ON CONFLICT (endpoint) DO UPDATE SET received = received + 1",
            (endpoint,),
        )

    def throttled(self, endpoint: Endpoint) -> None:
        """Count a request that was received as answered with 429."""
        self._store.run(
            "UPDATE requests SET throttled = throttled + 1 WHERE endpoint = ?", (endpoint,)
        )

    def arrived(self, model: str, *, accepted: bool) -> None:
        """Note the time of a start; the last 20 000 are kept."""
        self._store.run(
            "INSERT INTO arrivals (model, at_seconds, accepted) VALUES (?, ?, ?)",
            (model, time.time(), accepted),
        )
        self._store.run(
            "DELETE FROM arrivals WHERE number <= (SELECT max(number) FROM arrivals) - ?",
            (ARRIVALS_KEPT,),
        )

    def add_check(
        self,
        *,
        request_id: str,
        model: str,
        image_url: str,
        sha256: str,
        parameters: Mapping[str, Any],
        size_px: tuple[int, int],
        status: int,
        output: Mapping[str, Any],
        seen: Sequence[str],
        cost_cny: Decimal,
    ) -> None:
        """Note an answered check."""
        self._store.run(
            "INSERT INTO checks (request_id, model, at_ms, image_url, sha256, parameters, width_px,"
            " height_px, status, output, seen, cost_cny) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request_id,
                model,
                round(time.time() * 1000),
                image_url,
                sha256,
                json.dumps(parameters),
                *size_px,
                status,
                json.dumps(output),
                json.dumps(seen),
                str(cost_cny),
            ),
        )

    def add_thumbnail(self, sha256: str, jpeg: bytes) -> None:
        """Keep a small picture of a portrait, once."""
        self._store.run("INSERT OR IGNORE INTO thumbnails VALUES (?, ?)", (sha256, jpeg))

    def thumbnail(self, sha256: str) -> bytes | None:
        """Return the small picture of a portrait, if it was ever fetched."""
        jpeg: bytes | None = self._store.scalar(
            "SELECT jpeg FROM thumbnails WHERE sha256 = ?", (sha256,)
        )
        return jpeg

    def newest_checks(self, most: int | None = None) -> list[CheckRecord]:
        """Return the answered checks, newest first."""
        rows = self._store.rows(
            "SELECT * FROM checks ORDER BY number DESC LIMIT ?", (-1 if most is None else most,)
        )
        return [
            CheckRecord(
                number=row["number"],
                request_id=row["request_id"],
                model=row["model"],
                at_ms=row["at_ms"],
                image_url=row["image_url"],
                sha256=row["sha256"],
                parameters=json.loads(row["parameters"]),
                size_px=(row["width_px"], row["height_px"]),
                status=row["status"],
                output=json.loads(row["output"]),
                seen=tuple(json.loads(row["seen"])),
                cost_cny=Decimal(row["cost_cny"]),
            )
            for row in rows
        ]

    def requests(self) -> dict[str, tuple[int, int]]:
        """Return by endpoint how many requests came and how many got a 429."""
        rows = self._store.rows("SELECT * FROM requests ORDER BY endpoint")
        return {row["endpoint"]: (row["received"], row["throttled"]) for row in rows}

    def arrivals(self, *, accepted: bool) -> dict[str, list[float]]:
        """Return by model the times of starts, in epoch seconds."""
        found: dict[str, list[float]] = defaultdict(list)
        query = "SELECT model, at_seconds FROM arrivals WHERE accepted = ? ORDER BY number"
        for row in self._store.rows(query, (accepted,)):
            found[row["model"]].append(row["at_seconds"])
        return dict(found)
