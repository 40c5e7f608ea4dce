"""Tell Prefect's automations what happened: verdicts, videos, budgets, many refusals."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.events import emit_event

from greenlight.errors import OverBudget, sentence
from greenlight.ledger import Job
from greenlight.ledger.budgets import day_of
from greenlight.ledger.database import now
from greenlight.ledger.job import subject_place
from greenlight.media.portraits import Portrait
from greenlight.modelstudio.family import Verdict

PASSED = "greenlight.portrait.passed"
"""A model passes a portrait."""
REJECTED = "greenlight.portrait.rejected"
"""A model, or the rules that its header breaks, refuses a portrait."""
STORED = "greenlight.video.stored"
"""A video lies whole in its place."""
EXPIRING = "greenlight.video.expiring"
"""A job is open for 20 hours, and the vendor throws its video away after 24."""
EXPIRED = "greenlight.video.expired"
"""The vendor has thrown a video away before it was fetched; it was paid."""
AMBIGUOUS = "greenlight.video.ambiguous"
"""The answer to a paying request was lost; told once for every attempt."""
BUDGET_SPENT = "greenlight.budget.spent"
"""A paying request did not fit into a budget; told once a day."""
MANY_REFUSALS = "greenlight.refusals.many"
"""More of a sweep's portraits were refused than usual, or of a day's where they come by uploads."""

FEWEST_CHECKS = 20
"""Of fewer checks the share of refusals says nothing."""
USUAL_SHARE = 0.5
"""More refusals than this among them point at a camera, a crop or a model, not at a portrait."""


def tell_verdict(portrait: Portrait, verdict: Verdict, *, service: str, opinion: str = "") -> None:
    """Raise `greenlight.portrait.passed` or `.rejected`, with portrait, model and reason as labels.

    Where a refusal comes without a word, the judge's opinion stands for the reason, if there is one.
    """
    emit_event(
        event=PASSED if verdict.passed else REJECTED,
        resource={
            "prefect.resource.id": f"greenlight.portrait.{portrait.identity}",
            "prefect.resource.name": portrait.name,
            "greenlight.portrait": portrait.shown,
            "greenlight.model": verdict.model,
            "greenlight.reason": verdict.reason or opinion or verdict.code,
            "greenlight.service": service,
        },
        payload={"by": verdict.by, "code": verdict.code, "request_id": verdict.request_id},
    )


def tell_job(event: str, job: Job) -> None:
    """Raise an event about a job, with its portrait or clip, model and what the books say of it as labels."""
    emit_event(
        event=event,
        id=_once(event, job.key, str(job.attempts)),
        resource={
            "prefect.resource.id": f"greenlight.job.{job.hash}",
            "prefect.resource.name": job.subject,
            "greenlight.portrait": subject_place(job),
            "greenlight.model": job.family,
            "greenlight.reason": job.message,
            "greenlight.service": job.service,
        },
        payload={
            "task_id": job.task_id,
            "state": job.state.value,
            "video": job.place,
            "seconds": job.seconds,
            "cost_cny": None if job.cost_cny is None else float(job.cost_cny),
        },
    )


def tell_budget_spent(error: OverBudget, *, service: str) -> None:
    """Raise `greenlight.budget.spent`, once a day: a paying request was held back."""
    reason = sentence((error.happened, error.advice))
    emit_event(
        event=BUDGET_SPENT,
        id=_once(BUDGET_SPENT, service, day_of(now()).isoformat()),
        resource={
            "prefect.resource.id": f"greenlight.budget.{service}",
            "greenlight.service": service,
            "greenlight.reason": reason,
        },
        payload={"reason": reason},
    )


def _once(*parts: str) -> UUID:
    """Return the id of an event that automations act on once, however often it is raised.

    A doubt is found again every minute; a person is told of it once.
    """
    return uuid5(NAMESPACE_URL, " ".join(parts))


def tell_many_refusals(refused: int, checked: int, *, place: str) -> None:
    """Raise `greenlight.refusals.many` if more of some checks were refusals than is usual."""
    if checked < FEWEST_CHECKS or refused <= USUAL_SHARE * checked:
        return
    reason = f"{refused} of {checked} portraits were refused"
    emit_event(
        event=MANY_REFUSALS,
        resource={
            "prefect.resource.id": "greenlight.refusals",
            "prefect.resource.name": place,
            "greenlight.reason": reason,
        },
        payload={"reason": reason, "refused": refused, "checked": checked},
    )
