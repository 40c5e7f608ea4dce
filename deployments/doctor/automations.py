"""Say which of the automations are there, and which of them are switched off."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from prefect.client.orchestration import SyncPrefectClient

from deployments.automations import set_up, wanted
from greenlight.doctor.findings import Finding, ok, warning

SUBJECT: Final = "automations"
SET_UP: Final = "greenlight setup automations --apply"


def examine_automations(client: SyncPrefectClient) -> Iterator[Finding]:
    """Yield what is missing of those that take crashed runs up again, and whether anybody is told.

    Nothing stands still without them, so what is missing is no more than a warning.
    """
    recovery = set_up(client, notify=None, apply=False)
    enabled = {one.name: one.enabled for one in client.read_automations()}
    ours = [one.name for one in wanted(uuid.uuid4())]
    off = [name for name in ours if not enabled.get(name, True)]
    differing = [one.name for one in recovery if one.verb]
    if differing:
        yield warning(
            SUBJECT,
            f"missing, or other than they should be: {_shown(differing)}; a run whose process dies stays so",
            f"run: {SET_UP}",
        )
    if off:
        yield warning(
            SUBJECT,
            f"switched off: {_shown(off)}",
            "switch them on in Prefect's UI, under Automations",
        )
    if not differing and not off:
        yield _of_notifications(len(recovery), told=all(name in enabled for name in ours))


def _of_notifications(recovering: int, *, told: bool) -> Finding:
    if told:
        return ok(SUBJECT, "all are there, those that tell people too")
    return ok(
        SUBJECT,
        f"the {recovering} that take up crashed runs are there; nobody is told of budgets and lost videos",
        f"to be told: {SET_UP} --notify TYPE/NAME of a notification block",
    )


def _shown(names: list[str]) -> str:
    return ", ".join(name.removeprefix("greenlight: ") for name in names)
