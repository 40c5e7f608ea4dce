"""Keep the jobs: one row from the accepted create to the end, read by tasks, runner and page."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from greenlight.studio.clock import Clock
from greenlight.studio.store import Store, Value

PENDING: Final = "PENDING"
SUCCEEDED: Final = "SUCCEEDED"
FAILED: Final = "FAILED"
CANCELED: Final = "CANCELED"
ENDED: Final = (SUCCEEDED, FAILED, CANCELED)
_IS_OPEN: Final = "status NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')"


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted create and what became of it; times in epoch milliseconds."""

    task_id: str
    request_id: str
    model: str
    """The id or the deployment's name, as it was asked for."""
    input: Mapping[str, Any]
    parameters: Mapping[str, Any]
    status: str
    submitted_ms: int
    scheduled_ms: int | None
    ended_ms: int | None
    planned_failure: tuple[str, str] | None
    code: str
    message: str
    video: str
    """The name of the result's file."""
    template_id: str
    usage: Mapping[str, Any]
    digests: Mapping[str, str]
    """The sha256 of each input that was fetched, by its field."""
    seconds: float
    cost_cny: Decimal

    @property
    def body(self) -> dict[str, Any]:
        """Return the create's body, as the families read it."""
        return {"model": self.model, "input": self.input, "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class Product:
    """What a job that succeeded has made, and what it costs."""

    usage: Mapping[str, Any]
    seconds: float
    cost_cny: Decimal
    video: str = ""
    template_id: str = ""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a list is asked for; empty texts filter nothing, times are inclusive."""

    from_ms: int
    until_ms: int
    listed_at_ms: int
    task_id: str = ""
    model: str = ""
    status: str = ""

    @property
    def where(self) -> tuple[str, list[Value]]:
        """Return the condition and its values."""
        conditions = ["submitted_ms BETWEEN ? AND ?", "listed_from_ms <= ?"]
        values: list[Value] = [self.from_ms, self.until_ms, self.listed_at_ms]
        for column in ("task_id", "model", "status"):
            if wanted := getattr(self, column):
                conditions.append(f"{column} = ?")
                values.append(wanted)
        return " AND ".join(conditions), values


class JobTable:
    """Write every step of a job down before anybody is told of it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(
        self,
        *,
        request_id: str,
        body: Mapping[str, Any],
        hidden_seconds: float = 0,
        planned_failure: tuple[str, str] | None = None,
    ) -> str:
        """Accept a job and return its task id; `hidden_seconds` keep it out of the lists for a while."""
        task_id, now = str(uuid4()), self._clock.now_ms()
        self._store.run(
            "INSERT INTO jobs (task_id, request_id, model, input, parameters, status, submitted_ms,"
            " listed_from_ms, planned_failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                task_id,
                request_id,
                body["model"],
                json.dumps(body["input"]),
                json.dumps(body.get("parameters") or {}),
                PENDING,
                now,
                now + round(hidden_seconds * 1000),
                json.dumps(planned_failure) if planned_failure else None,
            ),
        )
        return task_id

    def get(self, task_id: str) -> Job | None:
        """Return one job."""
        row = self._store.row("SELECT * FROM jobs WHERE task_id = ?", (task_id,))
        return None if row is None else _job(row)

    def newest(self, most: int | None = None) -> list[Job]:
        """Return the jobs, newest first."""
        return self._query("ORDER BY number DESC LIMIT ?", (-1 if most is None else most,))

    def page(self, wanted: JobFilter, *, page_no: int, page_size: int) -> tuple[int, list[Job]]:
        """Return how many jobs pass a filter, and one page of them, newest first."""
        where, values = wanted.where
        total: int = self._store.scalar(f"SELECT count(*) FROM jobs WHERE {where}", values)  # noqa: S608
        skip = (page_no - 1) * page_size
        rest = f"WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?"
        return total, self._query(rest, (*values, page_size, skip))

    def models_with_work(self) -> list[str]:
        """Return the models that have jobs which have not ended."""
        rows = self._store.rows(f"SELECT DISTINCT model FROM jobs WHERE {_IS_OPEN}")  # noqa: S608
        return [row["model"] for row in rows]

    def next(self, model: str) -> Job | None:
        """Return the job of a model that is to run now: one a restart broke off, else the oldest."""
        rest = f"WHERE model = ? AND {_IS_OPEN} ORDER BY status = 'PENDING', number LIMIT 1"
        found = self._query(rest, (model,))
        return found[0] if found else None

    def move(self, task_id: str, status: str) -> None:
        """Let a job go on to its next step."""
        self._store.run(
            "UPDATE jobs SET status = ?, scheduled_ms = coalesce(scheduled_ms, ?) WHERE task_id = ?",
            (status, self._clock.now_ms(), task_id),
        )

    def note_digest(self, task_id: str, field: str, sha256: str) -> None:
        """Note what an input was, by the hash of its bytes."""
        self._store.run(
            "UPDATE jobs SET digests = json_set(digests, ?, ?) WHERE task_id = ?",
            (f"$.{field}", sha256, task_id),
        )

    def succeed(self, job: Job, product: Product) -> None:
        """End a job with what it has made."""
        self._end(
            job,
            SUCCEEDED,
            video=product.video,
            template_id=product.template_id,
            usage=json.dumps(product.usage),
            seconds=product.seconds,
            cost_cny=str(product.cost_cny),
        )

    def fail(self, job: Job, code: str, message: str) -> None:
        """End a job with an error; it costs nothing."""
        self._end(job, FAILED, code=code, message=message)

    def cancel(self, task_id: str) -> bool:
        """End a job that still waits; return whether it did."""
        job = self.get(task_id)
        if job is None or job.status != PENDING:
            return False
        self._end(job, CANCELED)
        return True

    def template_seconds(self, template_id: str) -> float | None:
        """Return the length of a template's motion, if there is such a template."""
        seconds: float | None = self._store.scalar(
            "SELECT seconds FROM jobs WHERE template_id = ?", (template_id,)
        )
        return seconds

    def videos_since(self, ended_ms: int) -> set[str]:
        """Return the result files of jobs that ended since a time."""
        rows = self._store.rows("SELECT video FROM jobs WHERE ended_ms >= ?", (ended_ms,))
        return {row["video"] for row in rows}

    def _end(self, job: Job, status: str, **columns: Value) -> None:
        # What was signed in the inputs' addresses is not needed any more.
        columns |= {
            "status": status,
            "ended_ms": self._clock.now_ms(),
            "input": json.dumps(without_queries(job.input)),
        }
        names = ", ".join(f"{name} = :{name}" for name in columns)
        statement = f"UPDATE jobs SET {names} WHERE task_id = :task_id"  # noqa: S608 - own names
        self._store.run(statement, {**columns, "task_id": job.task_id})

    def _query(self, rest: str, values: Sequence[Value]) -> list[Job]:
        return [_job(row) for row in self._store.rows(f"SELECT * FROM jobs {rest}", values)]  # noqa: S608


def new_template_id() -> str:
    """Return an id in the vendor's pattern, `AACT.xxx.xxx-xxx.xxx`."""
    first, second, third, fourth = (secrets.token_hex(4) for _ in range(4))
    return f"AACT.{first}.{second}-{third}.{fourth}"


def without_query(url: str) -> str:
    """Return an address without what may be signed in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_queries(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a create's input with its addresses fit to be shown."""
    return {
        name: without_query(value) if name.endswith("_url") and isinstance(value, str) else value
        for name, value in values.items()
    }


def _job(row: sqlite3.Row) -> Job:
    failure = row["planned_failure"]
    return Job(
        task_id=row["task_id"],
        request_id=row["request_id"],
        model=row["model"],
        input=json.loads(row["input"]),
        parameters=json.loads(row["parameters"]),
        status=row["status"],
        submitted_ms=row["submitted_ms"],
        scheduled_ms=row["scheduled_ms"],
        ended_ms=row["ended_ms"],
        planned_failure=tuple(json.loads(failure)) if failure else None,
        code=row["code"],
        message=row["message"],
        video=row["video"],
        template_id=row["template_id"],
        usage=json.loads(row["usage"]),
        digests=json.loads(row["digests"]),
        seconds=row["seconds"],
        cost_cny=Decimal(row["cost_cny"]),
    )
