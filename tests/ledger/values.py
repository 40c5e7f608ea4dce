"""What the tests write into the books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from greenlight.ledger import Job, Ledger, NewCheck, NewJob
from greenlight.modelstudio.emo import EmoVerdict
from greenlight.modelstudio.family import Verdict

LEASE = 60.0
HASH = "ab" * 32
PASSED = EmoVerdict(
    passed=True, face_bbox=(302, 286, 610, 593), ext_bbox=(71, 9, 840, 778), request_id="r-1"
)
REFUSED = EmoVerdict(passed=False, code="InvalidFile.NoHuman", request_id="r-2")
PRICE = Decimal("0.004")

NEW = NewJob(
    key=f"studio%3A80,{HASH}",
    kind="video",
    service="studio:80",
    model="emo-v1",
    family="emo",
    brief={"portrait": "anna.png", "take": 1},
)
CHECK = NewCheck(
    service="studio:80",
    model="emo-detect-v1",
    family="emo",
    ratio="1:1",
    portrait="sha256-ab",
    place="a.png",
    price_cny=PRICE,
)


def book(ledger: Ledger, verdict: Verdict, **fields: Any) -> str:
    """Book a check that is answered at once; return its key."""
    new = replace(CHECK, family=verdict.model, **fields)
    ledger.checks.answered(ledger.checks.begin(new), verdict, cost_cny=new.price_cny)
    return new.key


def another(number: int, **fields: Any) -> NewJob:
    """Return a job of another brief."""
    return replace(NEW, key=f"studio%3A80,{number:064x}", **fields)


def reserve(ledger: Ledger, new: NewJob = NEW, lease_seconds: float = LEASE) -> tuple[int, str]:
    job, token = ledger.jobs.reserve(new, lease_seconds=lease_seconds)
    assert token is not None
    return job.id, token


def send(ledger: Ledger, new: NewJob = NEW) -> tuple[int, str]:
    job_id, token = reserve(ledger, new)
    assert ledger.jobs.mark_sent(job_id, token, lease_seconds=LEASE)
    return job_id, token


def submit(ledger: Ledger, task_id: str = "task-1", new: NewJob = NEW) -> int:
    job_id, token = send(ledger, new)
    ledger.jobs.store_task(job_id, token, task_id=task_id, request_id="r-1")
    return job_id


def lose_answer(ledger: Ledger, new: NewJob = NEW) -> int:
    job_id, token = send(ledger, new)
    ledger.jobs.mark_ambiguous(job_id, token, "the connection was closed")
    return job_id


def job(ledger: Ledger, new: NewJob = NEW) -> Job:
    found = ledger.jobs.find(new.key)
    assert found is not None
    return found
