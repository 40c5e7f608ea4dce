"""Run all that stands between two buckets: the surroundings, deployments, workers and a listener."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from greenlight.ledger import Ledger
from tests.endtoend.prefect_api import ANSWER_SECONDS, PrefectApi
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
SERVE = ["cli", "serve", "--limit", "2"]
SERVES = "serving on-upload"
WORKER = ["prefect", "worker", "start", "--pool", POOL, "--type", "process"]


class Pipeline:
    """Everything that a deployment of Greenlight consists of, on this machine.

    Runs are begun by workers of a pool, or by one process that serves the deployments. The ledger and
    Prefect's own data lie in databases of one PostgreSQL. Nothing runs before `running`.
    """

    def __init__(
        self,
        home: Path,
        postgres: PostgresServer,
        *,
        models: str = "emo,liveportrait",
        workers: int = 2,
        is_served: bool = False,
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
        self._is_served = is_served
        self.workers = (
            [self.around.program("serve", SERVE)]
            if is_served
            else [
                self.around.program(f"worker-{number}", [*WORKER, "--name", f"worker-{number}"])
                for number in range(1, workers + 1)
            ]
        )
        self.listener: Program | None = None
        self.prefect = PrefectApi(self.around.api_url)
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
            if self._is_served:
                self._wait_for(lambda: SERVES in self.workers[0].log.read_text(), "the deployments")
            else:
                self._wait_for(lambda: self.prefect.has_pool(POOL), "the work pool")
                self._run(*DEPLOY)
            automations.result()
            self.around.wait_for_studio()
            yield

    def _wait_for(self, is_so: Callable[[], bool], what: str) -> None:
        wait_until(is_so, seconds=READY_SECONDS, what=what)

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
        return dict(
            httpx.get(f"{self.around.studio_url}/_studio/counters", timeout=ANSWER_SECONDS).json()
        )

    def programs(self) -> list[Program]:
        around = self.around
        listener = [self.listener] if self.listener else []
        return [around.store, around.studio, around.server, *listener, *self.workers]

    def last_words(self) -> str:
        """Return how the runs stand and the ends of all logs, for whoever must find out what went wrong."""
        try:
            runs = [
                f"{one['name']}: {one['state_name']}, {one['state']['message']}"
                for one in self.prefect.runs(*FLOWS)
            ]
        except httpx.HTTPError as error:
            runs = [f"the Prefect server does not tell of its runs: {error!r}"]
        return "\n".join([*runs, *(one.tail() for one in self.programs())])
