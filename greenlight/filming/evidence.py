"""Gather what the vendor's task list says about jobs in doubt, and how far it can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from greenlight.filming.clocks import CLOCKS_AGREE
from greenlight.filming.listing import TaskList, list_tasks
from greenlight.ledger import Job, Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.catalog import TASK_LIFETIME
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.tasks import ListedTask, TaskStatus

CLOCK_DIFFERENCE = timedelta(seconds=60)
"""How much earlier than a request was sent its task may seem to have begun."""
LONGEST_CLOCK_FAULT = timedelta(hours=6)
"""By how much a clock may have been wrong when a request was sent; the list still reaches back to it."""
NOT_PAID = frozenset({TaskStatus.FAILED, TaskStatus.CANCELED})
"""What failed or was canceled cost nothing: without another candidate the job is free again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reading of the list, and what the books knew when it was over."""

    account: str
    listed: TaskList
    read_at: datetime
    """When the reading began, by the ledger's clock: a task may have come since."""
    clock_difference: timedelta | None
    """How far the vendor's clock is from the ledger's; `None` where the vendor does not tell its own."""
    known: Set[str]
    """The tasks that the vendor has accepted from this account by this ledger, and must still list."""
    owned: Set[str]
    unanswered: Sequence[Job]

    def why_absence_proves_nothing(self, job: Job) -> str:
        """Return why a task may exist that is not listed, or "" if it would be seen."""
        if reason := self.why_it_may_be_anothers(job):
            return reason
        if not self.listed.is_whole:
            return "the vendor's list could not be read whole"
        if self.known and not self.known & self.listed.tasks.keys():
            return "the vendor's list shows none of the tasks that this ledger knows"
        sent_at = job.sent_at or job.reserved_at
        if not timedelta(0) <= self.read_at - sent_at < TASK_LIFETIME - LONGEST_CLOCK_FAULT:
            return (
                "the vendor's list no longer reaches back to it, so only the vendor's bill can tell"
            )
        return ""

    def why_it_may_be_anothers(self, job: Job) -> str:
        """Return why nothing here can be compared with a job, or "" if it can."""
        if job.account != self.account:
            return "it was sent with another key, and only that one sees its task"
        if self.clock_difference is None:
            return "the vendor's answer does not tell its time"
        if abs(self.clock_difference) > CLOCKS_AGREE:
            seconds = self.clock_difference.total_seconds()
            return f"the ledger's clock and the vendor's differ by {seconds:.0f} s, so set the clock right"
        return ""

    def candidates(self, job: Job, window: tuple[datetime, datetime]) -> list[ListedTask]:
        """Return the tasks that began when the job's can have; one without a time may be anybody's."""
        first, last = window
        return [
            task
            for task in self.possible(job)
            if task.submit_time is None or first <= task.submit_time <= last
        ]

    def possible(self, job: Job) -> list[ListedTask]:
        """Return the tasks that may be the job's whenever they began: of its model, and nobody's."""
        return [
            task
            for task in self.listed.tasks.values()
            if task.status not in NOT_PAID
            and task.task_id not in self.owned
            and self.is_of_model(task, job)
        ]

    @staticmethod
    def is_of_model(task: ListedTask, job: Job) -> bool:
        """Whether a task may be one of a job's model.

        What the list calls a deployment of one's own is not documented, so any may be one of it.
        """
        is_own = job.model not in catalog.models()
        return is_own or task.model_name in {"", job.model}


async def gather(client: ModelStudio, ledger: Ledger) -> Evidence:
    """Read the list, and what the books know of it, in the order that loses nothing."""
    read_at = await asyncio.to_thread(ledger.now)
    listed = await list_tasks(client, ledger)
    ended_at = await asyncio.to_thread(ledger.now)
    # In this order: an answer that arrives in between makes its task an owned one.
    unanswered = await asyncio.to_thread(ledger.jobs.unanswered, client.service)
    owned = await asyncio.to_thread(ledger.jobs.owned_task_ids, listed.tasks)
    within = TASK_LIFETIME - LONGEST_CLOCK_FAULT
    known = await asyncio.to_thread(
        ledger.jobs.accepted_lately, client.account, client.service, within=within
    )
    return Evidence(
        account=client.account,
        listed=listed,
        read_at=read_at,
        clock_difference=listed.answered_at - ended_at if listed.answered_at else None,
        known=known,
        owned=owned,
        unanswered=unanswered,
    )
