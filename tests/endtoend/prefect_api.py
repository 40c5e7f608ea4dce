"""Ask a Prefect server how its runs stand, and begin some."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

ANSWER_SECONDS = 60.0


class PrefectApi:
    """A Prefect server at the address of its API; `httpx.HTTPError` when it does not answer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def has_pool(self, name: str) -> bool:
        return httpx.get(f"{self._url}/work_pools/{name}", timeout=ANSWER_SECONDS).is_success

    def start_run(self, deployment: str) -> str:
        """Create a run of `FLOW/NAME`, as its schedule would; return its id."""
        found = self._ask("GET", f"/deployments/name/{deployment}")
        asked = {"state": {"type": "SCHEDULED"}}
        run = self._ask("POST", f"/deployments/{found['id']}/create_flow_run", json=asked)
        return str(run["id"])

    def runs(self, *flows: str) -> list[dict[str, Any]]:
        """Return the runs of flows that were due until now, in the order in which they were created."""
        asked = {
            "flows": {"name": {"any_": list(flows)}},
            "flow_runs": {"expected_start_time": {"before_": datetime.now(UTC).isoformat()}},
        }
        found: list[dict[str, Any]] = []
        while page := self._ask("POST", "/flow_runs/filter", json=asked | {"offset": len(found)}):
            found += page
        return sorted(found, key=lambda run: str(run["created"]))

    def states(self, run: str) -> list[dict[str, Any]]:
        """Return the states that a run went through, the oldest first."""
        states = self._ask("GET", "/flow_run_states/", params={"flow_run_id": run})
        return sorted(states, key=lambda state: str(state["timestamp"]))

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = httpx.request(method, f"{self._url}{path}", timeout=ANSWER_SECONDS, **request)
        return answer.raise_for_status().json()
