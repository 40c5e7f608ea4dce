"""What the tests write into the books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from greenlight.errors import LedgerError, OverBudget
from greenlight.ledger import Budget, Claim, Job, Ledger, NewCheck, NewJob, Terms
from greenlight.ledger.job import claim_name
from greenlight.modelstudio.families.emo import EmoVerdict
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


def terms(*budgets: Budget) -> Terms:
    """Return what a request is held to, at a pace that nobody has to wait for."""
    return Terms(pace="fast", starts_per_second=1e6, budgets=budgets)


def claim(ledger: Ledger, name: str, seconds: float = LEASE) -> Claim:
    held = ledger.leases.acquire(name, seconds)
    assert held is not None
    return held


def begin(ledger: Ledger, new: NewCheck | NewJob, *budgets: Budget, claim: Claim) -> int:
    """Book a request as sent; return its number."""
    _, number = ledger.payments.begin(new, claim, terms(*budgets))
    assert number is not None
    return number


def begin_check(ledger: Ledger, new: NewCheck = CHECK, *budgets: Budget) -> int:
    """Book a check as sent, by a holder that gives its name back; return its number."""
    held = claim(ledger, f"check {new.key}")
    try:
        return begin(ledger, new, *budgets, claim=held)
    finally:
        ledger.leases.release(held)


def answer(
    ledger: Ledger, number: int, verdict: Verdict, cost_cny: Decimal, *, usable: bool = True
) -> None:
    """Book the verdict of a check."""
    ledger.checks.answered(
        number,
        verdict=verdict.model_dump(mode="json"),
        cost_cny=str(cost_cny),
        usable=usable,
    )


def book(ledger: Ledger, verdict: Verdict, **fields: Any) -> str:
    """Book a check that is answered at once; return its key."""
    new = replace(CHECK, family=verdict.model, **fields)
    answer(ledger, begin_check(ledger, new), verdict, new.price_cny)
    return new.key


def another(number: int, **fields: Any) -> NewJob:
    """Return a job of another brief."""
    return replace(NEW, key=f"studio%3A80,{number:064x}", **fields)


def claim_job(ledger: Ledger, new: NewJob = NEW, seconds: float = LEASE) -> Claim:
    return claim(ledger, claim_name(new.key), seconds)


def send(ledger: Ledger, new: NewJob = NEW, *budgets: Budget) -> tuple[int, str]:
    """Book a job as sent, by a holder that keeps its claim; return its number and the claim's token."""
    held = claim_job(ledger, new)
    try:
        return begin(ledger, new, *budgets, claim=held), held.token
    except (LedgerError, OverBudget):
        ledger.leases.release(held)
        raise


def let_go(ledger: Ledger, token: str, new: NewJob = NEW) -> None:
    """Give a job's claim back."""
    ledger.leases.release(Claim(claim_name(new.key), token, LEASE))


def submit(ledger: Ledger, task_id: str = "task-1", new: NewJob = NEW) -> int:
    job_id, token = send(ledger, new)
    ledger.jobs.store_task(job_id, token, task_id=task_id, request_id="r-1")
    let_go(ledger, token, new)
    return job_id


def lose_answer(ledger: Ledger, new: NewJob = NEW) -> int:
    job_id, token = send(ledger, new)
    ledger.jobs.mark_ambiguous(job_id, token, "the connection was closed")
    let_go(ledger, token, new)
    return job_id


def job(ledger: Ledger, new: NewJob = NEW) -> Job:
    found = ledger.jobs.find(new.key)
    assert found is not None
    return found
