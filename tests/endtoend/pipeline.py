"""Run all that stands between two buckets: the surroundings, deployments, workers and a listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from greenlight.ledger import Ledger
from tests.postgresql import PostgresServer
from tests.programs import Program, run, running, wait_until
from tests.surroundings import PYTHON, READY_SECONDS, Surroundings

UPLOADS = "portraits"
VIDEOS = "films"
PREFIX = "uploads/"
QUEUE = "uploads"
POOL = "greenlight"
FLOWS = ("on-upload", "portrait-to-video", "screen-portraits")
DEPLOY = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml"]
BUCKET_SETUP = ["cli", "setup", "bucket", UPLOADS, "--prefix", PREFIX, "--queue", QUEUE, "--apply"]
WORKER = ["prefect", "worker", "start", "--pool", POOL, "--type", "process"]


class Pipeline:
    """Everything that a deployment of Greenlight consists of, on this machine.

    The ledger and Prefect's own data lie in databases of one PostgreSQL. Nothing runs before `running`.
    """

    def __init__(
        self,
        home: Path,
        postgres: PostgresServer,
        *,
        models: str = "emo,liveportrait",
        workers: int = 2,
        via: str = "run",
        max_receives: int | None = None,
        **settings: str,
    ) -> None:
        database = postgres.make_database().replace("postgresql://", "postgresql+asyncpg://")
        ledger_url = postgres.make_database()
        Ledger(ledger_url).close()
        self.books_url = ledger_url.replace("postgresql://", "postgresql+psycopg://")
        self._via = via
        self._max_receives = max_receives
        self.around = Surroundings(
            home,
            database=database,
            GREENLIGHT_LEDGER_URL=ledger_url,
            GREENLIGHT_UPLOADS=f"s3://{UPLOADS}/{PREFIX}",
            GREENLIGHT_OUT=f"s3://{VIDEOS}/",
            GREENLIGHT_MODELS=models,
            GREENLIGHT_WORK_POOL=POOL,
            # Once a year: what uploads start is not to be done by the sweep of a night.
            GREENLIGHT_SWEEP_CRON="0 0 1 1 *",
            PREFECT_WORKER_QUERY_SECONDS="1",
            **settings,
        )
        self.workers = [
            self.around.program(f"worker-{number}", [*WORKER, "--name", f"worker-{number}"])
            for number in range(1, workers + 1)
        ]
        self.listener: Program | None = None
        self.s3 = self.around.client("s3")
        self.sqs = self.around.client("sqs")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything for the time of a `with` block."""
        with self.listening(), self.working():
            yield

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Run the surroundings, and a listener that may find no Prefect server yet."""
        around = self.around
        with running(around.store, around.studio, around.server):
            around.wait_for_store()
            self._make_buckets()
            self.listener = self._make_listener()
            with running(self.listener):
                yield

    @contextmanager
    def working(self) -> Iterator[None]:
        """Deploy, and run the workers; what does not need one another is done side by side."""
        self.around.wait_for_server()
        with running(*self.workers), ThreadPoolExecutor(1) as beside:
            automations = beside.submit(self._run, "cli", "setup", "automations", "--apply")
            wait_until(self._pool_is_there, seconds=READY_SECONDS, what="the work pool")
            self._run(*DEPLOY)
            automations.result()
            self.around.wait_for_studio()
            yield

    def _make_buckets(self) -> None:
        for name in (UPLOADS, VIDEOS):
            self.s3.create_bucket(Bucket=name)
        self._run(*BUCKET_SETUP, "--out", f"s3://{VIDEOS}/")
        if self._max_receives is not None:
            policy = json.loads(self._attribute(QUEUE, "RedrivePolicy"))
            policy["maxReceiveCount"] = self._max_receives
            self.sqs.set_queue_attributes(
                QueueUrl=self.queue_url(QUEUE), Attributes={"RedrivePolicy": json.dumps(policy)}
            )

    def _make_listener(self) -> Program:
        told = ["cli", "listen", "--queue", self.queue_url(QUEUE), "--via", self._via]
        return self.around.program("listener", told)

    def _run(self, *module: str) -> str:
        return run([*PYTHON, *module], self.around.environ)

    def _pool_is_there(self) -> bool:
        return httpx.get(f"{self.around.api_url}/work_pools/{POOL}").is_success

    def queue_url(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def messages(self, queue: str) -> int:
        """Return how many messages a queue holds, those under way too."""
        names = ("", "NotVisible", "Delayed")
        return sum(
            int(self._attribute(queue, f"ApproximateNumberOfMessages{one}")) for one in names
        )

    def _attribute(self, queue: str, name: str) -> str:
        answer = self.sqs.get_queue_attributes(
            QueueUrl=self.queue_url(queue), AttributeNames=[name]
        )
        return str(answer["Attributes"][name])

    def counters(self) -> dict[str, Any]:
        """Return what the studio was asked, and what was paid for it."""
        return dict(httpx.get(f"{self.around.studio_url}/_studio/counters", timeout=30).json())

    def start_run(self, deployment: str) -> str:
        """Create a run of `FLOW/NAME`, as its schedule would; return its id."""
        api = self.around.api_url
        found = httpx.get(f"{api}/deployments/name/{deployment}").raise_for_status().json()
        asked = {"state": {"type": "SCHEDULED"}}
        url = f"{api}/deployments/{found['id']}/create_flow_run"
        return str(httpx.post(url, json=asked, timeout=30).raise_for_status().json()["id"])

    def runs(self, *flows: str) -> list[dict[str, Any]]:
        """Return the runs of flows that were due until now, in the order in which they were created."""
        asked = {
            "flows": {"name": {"any_": list(flows)}},
            "flow_runs": {"expected_start_time": {"before_": datetime.now(UTC).isoformat()}},
        }
        found: list[dict[str, Any]] = []
        while page := self._page(asked | {"offset": len(found)}):
            found += page
        return sorted(found, key=lambda run: str(run["created"]))

    def _page(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        url = f"{self.around.api_url}/flow_runs/filter"
        return list(httpx.post(url, json=asked, timeout=30).raise_for_status().json())

    def states(self, run: str) -> list[dict[str, Any]]:
        """Return the states that a run went through, the oldest first."""
        url = f"{self.around.api_url}/flow_run_states/"
        states = httpx.get(url, params={"flow_run_id": run}).raise_for_status().json()
        return sorted(states, key=lambda state: str(state["timestamp"]))

    def programs(self) -> list[Program]:
        around = self.around
        listener = [self.listener] if self.listener else []
        return [around.store, around.studio, around.server, *listener, *self.workers]

    def last_words(self) -> str:
        """Return how the runs stand and the ends of all logs, for whoever must find out what went wrong."""
        runs = [
            f"{one['name']}: {one['state_name']}, {one['state']['message']}"
            for one in self.runs(*FLOWS)
        ]
        return "\n".join([*runs, *(one.tail() for one in self.programs())])
