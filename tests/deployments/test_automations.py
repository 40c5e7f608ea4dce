"""The automations, on a real server with a real worker."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.events import Event, Resource
from prefect.events.schemas.automations import AutomationCore
from prefect.states import AwaitingRetry, Completed, Crashed, Pending, Running

from deployments.automations import ATTEMPTS, MOST_RESTARTS, set_up, wanted
from greenlight.errors import SettingsError
from tests.deployments.mortal import mortal
from tests.deployments.servers import (
    GREENLIGHT,
    ROOT,
    PrefectServer,
    run,
    surroundings,
    wait_for,
)

POOL = "mortals"


def deploy(prefect: SyncPrefectClient, **fields: object) -> uuid.UUID:
    return prefect.create_deployment(
        flow_id=prefect.create_flow(mortal),
        name=f"mortal-{uuid.uuid4().hex}",
        entrypoint="tests.deployments.mortal.mortal",
        **fields,
    )


@pytest.fixture
def mortals(
    prefect: SyncPrefectClient, server: PrefectServer, tmp_path: Path
) -> Iterator[uuid.UUID]:
    """A deployment whose runs die, with a worker and the automations."""
    with server.worker(tmp_path, POOL):
        wait_for(lambda: [one for one in prefect.read_work_pools() if one.name == POOL] or None)
        set_up(prefect, notify=None, apply=True)
        yield deploy(
            prefect,
            work_pool_name=POOL,
            job_variables={"command": "python -m prefect.engine", "working_dir": str(ROOT)},
        )


def test_a_run_whose_process_is_killed_starts_again(
    prefect: SyncPrefectClient, mortals: uuid.UUID
) -> None:
    run = prefect.create_flow_run_from_deployment(mortals, parameters={"deaths": 1})
    wait_for(lambda: prefect.read_flow_run(run.id).state_name == "Completed" or None)
    assert prefect.read_flow_run(run.id).run_count == 2


def emit(prefect: SyncPrefectClient, event: str, resource: str, run: FlowRun | None = None) -> None:
    """Emit an event and return when the server has it; one of a run is related as Prefect relates it."""
    related = []
    if run:
        related = [
            {
                "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": "on-upload",
            },
            {
                "prefect.resource.id": f"prefect.deployment.{run.deployment_id}",
                "prefect.resource.role": "deployment",
            },
        ]
    labels = {"prefect.resource.id": resource, "prefect.resource.name": "anna.png"}
    made = Event(event=event, resource=Resource(labels), related=related)
    prefect.request("POST", "/events", json=[made.model_dump(mode="json")]).raise_for_status()


@contextmanager
def impatient(prefect: SyncPrefectClient, ours: AutomationCore) -> Iterator[None]:
    """Have an automation of ours a second time, as impatient as Prefect lets it be."""
    soon = ours.trigger.model_copy(update={"within": timedelta(seconds=10)})
    made = prefect.create_automation(
        AutomationCore(name=uuid.uuid4().hex, trigger=soon, actions=ours.actions)
    )
    try:
        yield
    finally:
        prefect.request("DELETE", f"/automations/{made}").raise_for_status()


def test_runs_that_nobody_hears_of_any_more_are_not_forgotten(prefect: SyncPrefectClient) -> None:
    set_up(prefect, notify=None, apply=True)
    deployment, tagged = deploy(prefect), deploy(prefect, tags=["greenlight"])

    def run_in(*states: State[None], of: uuid.UUID = deployment, lives: bool = True) -> FlowRun:
        run = prefect.create_flow_run_from_deployment(of)
        for state in states:
            prefect.set_flow_run_state(run.id, state, force=True)
            if state.is_running() and lives:
                emit(prefect, "prefect.flow-run.heartbeat", f"prefect.flow-run.{run.id}", run)
        return run

    def is_called(run: FlowRun, name: str) -> bool | None:
        return prefect.read_flow_run(run.id).state_name == name or None

    with ExitStack() as stack:
        for ours in wanted(None):
            stack.enter_context(impatient(prefect, ours))
        silent = run_in(Running())
        died_at_once = run_in(Running(), of=tagged, lives=False)
        says_never_anything = run_in(Running(), lives=False)
        filmed = run_in(Running(), Completed(name="Filmed"))
        never_begun = run_in(Pending())
        could_not_begin = run_in(Pending(), Crashed())
        dies_always = run_in(*[Pending(), Running(), Crashed()] * ATTEMPTS)
        dies_once = run_in(Running(), Crashed())
        never_begins = run_in(*[Pending(), AwaitingRetry()] * MOST_RESTARTS)
        for run in (never_begun, could_not_begin, dies_once):
            wait_for(lambda: is_called(run, "AwaitingRetry"), what="another attempt")  # noqa: B023
        for run in (silent, died_at_once):
            wait_for(lambda: is_called(run, "Crashed"), what="the silent run's crash")  # noqa: B023
        wait_for(lambda: is_called(never_begins, "Given up"), what="giving up")
    assert is_called(says_never_anything, "Running")
    assert is_called(filmed, "Filmed")
    assert is_called(dies_always, "Crashed")
    assert prefect.read_flow_run(dies_always.id).run_count == ATTEMPTS


class Told(ThreadingHTTPServer):
    """Receives what a notification block sends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.heard: Queue[str] = Queue()


class _Ear(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        assert isinstance(self.server, Told)
        self.server.heard.put(body["text"])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def told() -> Iterator[Told]:
    with Told() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_people_are_told_once_of_each(prefect: SyncPrefectClient, told: Told) -> None:
    name = f"ops-{uuid.uuid4().hex}"
    CustomWebhookNotificationBlock(
        name=name, url=f"http://127.0.0.1:{told.server_port}/", json_data={"text": "{{body}}"}
    ).save(name)
    set_up(prefect, notify=f"custom-webhook/{name}", apply=True)
    job = f"greenlight.job.{uuid.uuid4().hex}"
    for _ in range(3):
        emit(prefect, "greenlight.video.ambiguous", job)
    emit(prefect, "greenlight.video.expiring", job)
    doubt, loss = sorted(told.heard.get(timeout=20) for _ in range(2))
    assert doubt == f"anna.png, {job}. Run `greenlight reconcile`."
    assert loss == f"greenlight.video.expiring: anna.png, {job}. Run `greenlight collect`."
    assert told.heard.empty()


def test_they_are_made_once_and_changed_where_they_differ(prefect: SyncPrefectClient) -> None:
    set_up(prefect, notify=None, apply=True)
    names = [one.name for one in wanted(None)]
    first = prefect.read_automations_by_name(names[0])[0]
    other = AutomationCore(name=first.name, trigger=first.trigger, actions=[], enabled=False)
    prefect.update_automation(first.id, other)
    said = [one.before for one in set_up(prefect, notify=None, apply=False)]
    assert said[0] == f"Would change the automation {names[0]!r}."
    assert all(one.startswith("Already there: ") for one in said[1:])
    done = [one.after for one in set_up(prefect, notify=None, apply=True)]
    assert done[0] == f"Changed the automation {names[0]!r}."
    assert all(one.verb is None for one in set_up(prefect, notify=None, apply=True))
    (changed,) = prefect.read_automations_by_name(names[0])
    assert (changed.id, changed.actions) == (first.id, first.actions)
    assert not changed.enabled
    prefect.resume_automation(changed.id)


@pytest.mark.parametrize(
    ("block", "words"), [("ops", "write TYPE/NAME"), ("slack-webhook/ops", "Prefect has no block")]
)
def test_a_block_that_is_not_there_is_named(
    prefect: SyncPrefectClient, block: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        set_up(prefect, notify=block, apply=True)


def test_the_command_says_what_it_would_do_and_that_nobody_is_told(
    server: PrefectServer, tmp_path: Path
) -> None:
    *said, nobody, end = run(
        [*GREENLIGHT, "setup", "automations"], server.environ(tmp_path)
    ).splitlines()
    assert [one.split(" automation ")[1].rstrip(".") for one in said] == [
        repr(one.name) for one in wanted(None)
    ]
    assert nobody == "Nobody is told of anything: --notify names the block that does."
    assert end == "Nothing was changed; use --apply to apply this."


def test_a_server_that_is_away_is_said(tmp_path: Path) -> None:
    environ = surroundings(tmp_path, PREFECT_API_URL="http://127.0.0.1:9/api")
    said = run([*GREENLIGHT, "setup", "automations"], environ, code=1)
    assert "names does not answer" in said
