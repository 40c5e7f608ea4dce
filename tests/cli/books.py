"""Write jobs into the books that the command line reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from greenlight.ledger import Job, JobState, Ledger, NewJob
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import Settings
from tests.doubts import RunningClock
from tests.ledger.values import job, lose_answer, send, submit

PRICE = Decimal("0.08")
ACCOUNT = ModelStudio("sk-local").account


def new_job(settings: Settings, number: int = 1, portrait: str = "/photos/anna.png") -> NewJob:
    return NewJob(
        key=f"{settings.service},{number:02x}{'ab' * 31}",
        kind="video",
        service=settings.service,
        model="emo-v1",
        family="emo",
        brief={"portrait": portrait, "drive_seconds": 1.0, "out": "/videos", "take": 1},
        price_cny=PRICE,
        account=ACCOUNT,
    )


def ambiguous(settings: Settings, *, seconds_ago: float = 0.0) -> Job:
    """Write a job whose answer was lost so long ago, and whose doubt was looked at then."""
    clock = RunningClock(timedelta(seconds=-seconds_ago))
    with Ledger(settings.ledger_url, clock=clock) as ledger:
        new = new_job(settings)
        ledger.jobs.watch(lose_answer(ledger, new))
        return job(ledger, new)


def submitted(settings: Settings, task_id: str, *, hours_ago: float = 0.0) -> Job:
    clock = RunningClock(timedelta(hours=-hours_ago))
    with Ledger(settings.ledger_url, clock=clock) as ledger:
        new = new_job(settings, 2)
        submit(ledger, task_id, new)
        return job(ledger, new)


def reserved(settings: Settings, portrait: str) -> Job:
    with Ledger(settings.ledger_url) as ledger:
        new = replace(new_job(settings, 3, portrait), model="animate-anyone-template-gen2")
        send(ledger, new)
        return job(ledger, new)


def booked(settings: Settings, wanted: Job) -> Job:
    """Return a job as the books have it now."""
    with Ledger(settings.ledger_url) as ledger:
        found = ledger.jobs.find(wanted.key)
    assert found is not None
    return found


def open_task(settings: Settings) -> str:
    """Return the task of the only open job."""
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.open_jobs()
    assert job.task_id is not None
    return job.task_id


def in_books(settings: Settings, *statements: str) -> None:
    """Run statements in the SQLite file of the books, which is made if there is none yet."""
    Ledger(settings.ledger_url).close()
    with closing(sqlite3.connect(settings.home / "ledger.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def no_room(occasion: str) -> tuple[str, ...]:
    """Return the statements that let SQLite have no room for a row on an occasion."""
    return (
        "CREATE TABLE full (number INTEGER PRIMARY KEY AUTOINCREMENT)",
        "INSERT INTO full VALUES (9223372036854775807)",
        f"CREATE TRIGGER no_room {occasion} BEGIN INSERT INTO full (number) VALUES (NULL); END",
    )


def ended(settings: Settings, number: int, state: JobState, **facts: Any) -> Job:
    """Write a job that the vendor took as `task-NUMBER` and that has ended."""
    with Ledger(settings.ledger_url) as ledger:
        new = new_job(settings, number)
        job_id = submit(ledger, f"task-{number}", new)
        return ledger.jobs.close(job_id, state, **facts)
