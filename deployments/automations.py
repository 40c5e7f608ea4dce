"""Make the automations that take up crashed runs again and tell people what they must know."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from deployments.definitions import HEARTBEAT_SECONDS
from greenlight.errors import SettingsError

RETRIED = ["on-upload", "screen-portraits", "portrait-to-video"]
"""The flows whose crashed runs start again; the next run of `collect-videos` does what the last did not."""
ALL = [*RETRIED, "collect-videos"]
CRASHED = "prefect.flow-run.Crashed"
ATTEMPTS = 3
"""How often a run may begin: one that kills its process every time would go on for ever."""
MOST_RESTARTS = 5
"""How often in a day a run may be started again that never comes to begin."""
QUIET_AFTER_CRASH = timedelta(seconds=10)
"""The least that Prefect takes. A run may be told crashed twice, by its process's parent and by the worker;
who reacted to the first would have its new attempt crashed by the second."""
SILENT_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)
NEVER_BEGUN_AFTER = timedelta(minutes=2)
"""A process begins within seconds, on a machine that is too busy within half a minute."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would be, or was, done to an automation."""

    name: str
    verb: str | None
    """`create` or `change`; nothing where it is already so."""

    @property
    def before(self) -> str:
        """Return the sentence of a dry run."""
        return f"Would {self.verb} {self._what}." if self.verb else self._already

    @property
    def after(self) -> str:
        """Return the sentence of what was done."""
        return f"{self.verb.capitalize()}d {self._what}." if self.verb else self._already

    @property
    def _what(self) -> str:
        return f"the automation {self.name!r}"

    @property
    def _already(self) -> str:
        return f"Already there: {self._what}."


def set_up(client: SyncPrefectClient, *, notify: str | None, apply: bool) -> list[Change]:
    """Create what is missing, and change what is there and different, or only say so.

    `notify` names a notification block as `prefect block ls` does, TYPE/NAME; without one, nobody is told
    of anything, and what tells somebody already stays as it is.
    """
    block = _find_block(client, notify) if notify else None
    return [_ensure(client, one, apply=apply) for one in wanted(block)]


def wanted(notify: uuid.UUID | None) -> list[AutomationCore]:
    """Return the automations; those that tell people need the id of a notification block."""
    return [*_restarts(), *_endings(), *(_notifications(notify) if notify else ())]


def _restarts() -> Iterator[AutomationCore]:
    """Yield what begins a run again that did not come to its end."""
    yield AutomationCore(
        name="greenlight: crashed runs start again",
        description=f"A run whose process ended before it begins again, {ATTEMPTS} times in all.",
        trigger=_silence(
            after={CRASHED},
            within=QUIET_AFTER_CRASH,
            flows=RETRIED,
            run_counts=[str(count) for count in range(1, ATTEMPTS)],
        ),
        actions=[_again("It crashed, and starts again.")],
    )
    yield AutomationCore(
        name="greenlight: runs that crashed before they began start again",
        description="Prefect counts no attempt that did not come to begin.",
        trigger=_silence(
            after={CRASHED}, within=NEVER_BEGUN_AFTER, flows=RETRIED, run_counts=["0"]
        ),
        actions=[_again("It could not begin, and is tried again.")],
    )
    yield AutomationCore(
        name="greenlight: runs that nobody begins start again",
        description="The worker that had taken the run up is gone.",
        trigger=_silence(
            after={"prefect.flow-run.Pending", "prefect.flow-run.Submitting"},
            within=NEVER_BEGUN_AFTER,
            flows=ALL,
        ),
        actions=[_again("Who had taken it up did not begin it.")],
    )


def _endings() -> Iterator[AutomationCore]:
    """Yield what ends a run that would stand still, or start again, for ever."""
    yield AutomationCore(
        name="greenlight: runs that start again and again are given up",
        description=f"What could not begin {MOST_RESTARTS} times in a day is wrong with more than the run.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.AwaitingRetry"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=_deployed(ALL),
            for_each={"prefect.resource.id"},
            threshold=MOST_RESTARTS,
            within=timedelta(days=1),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.FAILED,
                name="Given up",
                message="It started again too often and could not begin; look at its worker's log.",
            )
        ],
    )
    yield AutomationCore(
        name="greenlight: silent runs are crashed",
        description="A run whose machine or worker is gone says nothing any more.",
        trigger=_silence(after={"prefect.flow-run.heartbeat"}, within=SILENT_AFTER, flows=ALL),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, message="Nothing was heard of it for too long."
            )
        ],
    )
    yield AutomationCore(
        name="greenlight: runs that die as they begin are crashed",
        description="Of deployments tagged greenlight, whose runs say from the first moment that they live.",
        trigger=_silence(
            after={"prefect.flow-run.Running"}, within=SILENT_AFTER, flows=ALL, tag="greenlight"
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, message="It began, and was not heard of again."
            )
        ],
    )


def _again(message: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(state=StateType.SCHEDULED, name="AwaitingRetry", message=message)


def _notifications(block: uuid.UUID) -> Iterator[AutomationCore]:
    for name, (events, subject, body) in _MESSAGES.items():
        yield AutomationCore(
            name=f"greenlight: {name}",
            description="Told once a day of each, however often it is found.",
            trigger=EventTrigger(
                expect=events, for_each={"prefect.resource.id"}, within=timedelta(days=1)
            ),
            actions=[SendNotification(block_document_id=block, subject=subject, body=body)],
        )


_MESSAGES = {
    "many portraits are refused": (
        {"greenlight.refusals.many"},
        "Many portraits were refused",
        "{{ event.resource.name }}: {{ event.payload.reason }}.",
    ),
    "a budget is spent": (
        {"greenlight.budget.spent"},
        "A budget is spent",
        "{{ event.payload.reason }}; nothing more is begun until the budget is raised or the next day comes.",
    ),
    "a video is about to be lost": (
        {"greenlight.video.expiring", "greenlight.video.expired"},
        "A paid video is about to be lost, or is lost",
        "{{ event.event }}: {{ event.resource.name }}, {{ event.resource.id }}. Run `greenlight collect`.",
    ),
    "a video is in doubt": (
        {"greenlight.video.ambiguous"},
        "It is not known whether a video was begun",
        "{{ event.resource.name }}, {{ event.resource.id }}. Run `greenlight reconcile`.",
    ),
}
"""What people are told, by the rest of the automation's name: upon which events, subject, and text."""


def _silence(
    *,
    after: set[str],
    within: timedelta,
    flows: list[str],
    run_counts: list[str] | None = None,
    tag: str | None = None,
) -> EventTrigger:
    """Return the trigger of runs of deployments of which nothing is heard after an event.

    Runs without a deployment are left alone: no worker would take them up. With a `tag`, only runs that
    have it count.
    """
    counted = {"prefect.run-count": run_counts} if run_counts else {}
    tagged = [{"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"}]
    return EventTrigger(
        posture=Posture.Proactive,
        after=after,
        # Whatever happens to it: our runs end under names of their own, like Filmed.
        expect={"prefect.flow-run.*"},
        match={"prefect.resource.id": "prefect.flow-run.*", **counted},
        match_related=[*_deployed(flows), *(tagged if tag else ())],
        for_each={"prefect.resource.id"},
        within=within,
    )


def _deployed(flows: list[str]) -> list[dict[str, Any]]:
    """Return what the runs of these flows' deployments are related to."""
    return [
        {"prefect.resource.role": "flow", "prefect.resource.name": flows},
        {"prefect.resource.role": "deployment"},
    ]


def _ensure(client: SyncPrefectClient, wanted: AutomationCore, *, apply: bool) -> Change:
    there = client.read_automations_by_name(wanted.name)
    if not there:
        if apply:
            client.create_automation(wanted)
        return Change(wanted.name, "create")
    # Whoever has paused it had a reason.
    changed = _in_full(wanted, enabled=there[0].enabled)
    if changed == _in_full(there[0]):
        return Change(wanted.name, None)
    if apply:
        client.update_automation(there[0].id, changed)
    return Change(wanted.name, "change")


def _in_full(automation: AutomationCore, **fields: Any) -> AutomationCore:
    """Return it as the server takes it: with every default spelled out, and nobody's but its own."""
    said = automation.model_dump(exclude={"owner_resource"})
    return AutomationCore.model_validate(said | fields)


def _find_block(client: SyncPrefectClient, name: str) -> uuid.UUID:
    slug, slash, block = name.partition("/")
    if not slash:
        raise SettingsError(
            f"{name} is not a block",
            "write TYPE/NAME as `prefect block ls` shows it, like slack-webhook/ops",
        )
    try:
        return client.read_block_document_by_name(block, slug, include_secrets=False).id
    except ObjectNotFound:
        raise SettingsError(
            f"Prefect has no block {name}", "make one in its UI, under Blocks"
        ) from None
