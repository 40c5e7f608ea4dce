"""Every disaster by its name: what happens to the process that films a brief, or around it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.buckets import film_into_a_store_that_refuses
from tests.chaos.nursery import Child
from tests.chaos.scene import Scene
from tests.chaos.settling import settle
from tests.chaos.victim import LOST_CREATE, WAITING
from tests.chaos.world import LEASE_SECONDS, SETTLE_SECONDS, wait_for

Play = Callable[[Scene], None]
Strike = dict[str, Any]

_BEGIN = "greenlight.ledger.payments:Payments.begin"
_STORE_TASK = "greenlight.ledger.sending:Sending.store_task"
_LINE = "greenlight.modelstudio.transport:_Line.trace"
_HEAD = "http11.send_request_headers.started"
_BODY = "http11.send_request_body.started"

POINTS: dict[str, tuple[Strike, bool]] = {
    "before the check is booked": (
        {"at": "greenlight.screening.screener:deliver_for_check", "moment": "after"},
        False,
    ),
    "between booking and check": ({"at": _BEGIN, "moment": "after", "of": "NewCheck"}, True),
    "between connection and check": ({"at": _LINE, "moment": "before", "of": _HEAD}, True),
    "within the check's request": ({"at": _LINE, "moment": "before", "of": _BODY}, True),
    "between check and verdict": (
        {"at": "greenlight.ledger.checks:PaidChecks.answered", "moment": "before"},
        True,
    ),
    "before the job is booked": (
        {"at": "greenlight.filming.orders:VideoOrder.request", "moment": "after"},
        False,
    ),
    "between booking and request": ({"at": _BEGIN, "moment": "after", "of": "NewJob"}, False),
    "between connection and request": (
        {"at": _LINE, "moment": "before", "of": _HEAD, "skip": 1},
        False,
    ),
    "within the request": ({"at": _LINE, "moment": "before", "of": _BODY, "skip": 1}, False),
    "between answer and store": ({"at": _STORE_TASK, "moment": "before"}, False),
    "between store and poll": ({"at": _STORE_TASK, "moment": "after"}, False),
    "between poll and download": (
        {"at": "greenlight.filming.collecting:store", "moment": "before"},
        False,
    ),
    "between download and store": (
        {"at": "greenlight.videos.storing:_playing_seconds", "moment": "before"},
        False,
    ),
    "between store and close": (
        {"at": "greenlight.ledger.jobs:Jobs.close", "moment": "before"},
        False,
    ),
}
"""Where something can happen to a process, by what it has and has not done; and whether a check is then
under way, which may have to be paid again."""

FAULTS: dict[str, dict[str, Any]] = {
    "the answer to the check is dropped": {"fault": "drop", "on": "check", "when": "after"},
    "the create is dropped before it is accepted": {
        "fault": "drop",
        "on": "create",
        "when": "before",
    },
    "the answer to the create is dropped": {"fault": "drop", "on": "create", "when": "after"},
    "the answer to the create is too slow": {
        "fault": "slow",
        "on": "create",
        "when": "after",
        "seconds": 4,
    },
    "the create answers 500 and was accepted": {
        "fault": "error",
        "on": "create",
        "when": "after",
        "status": 500,
    },
    "the create answers 500 and was not": {
        "fault": "error",
        "on": "create",
        "when": "before",
        "status": 500,
    },
    "the create answers 429": {"fault": "throttle", "on": "create", "retry_after": "0"},
    "the create's answer is cut off": {"fault": "cut_json", "on": "create"},
    "the job fails": {"fault": "job_fails", "on": "create"},
    "a poll is dropped": {"fault": "drop", "on": "fetch"},
    "a poll answers an unknown status": {"fault": "unknown_status", "on": "fetch"},
    "the video is cut off": {"fault": "truncated_video", "on": "result"},
    "the download is dropped": {"fault": "drop", "on": "result", "when": "after"},
    "the link is dead for a while": {"fault": "dead_link", "on": "result", "times": 2},
}

CLOCK_FAULTS_SECONDS = (45, 300, 3600, 5 * 3600)
LONGER_THAN_THE_LEASE_SECONDS = LEASE_SECONDS + 1
BUSY_SECONDS = 1
"""How long a process waits for locked books here: a real one waits 30 s, which no round can."""
LOSSES = ("nothing", "request", "answer", "process")
GATEWAY_PAGES = (200, 403, 404, 429, 502)
"""The first is a page of a proxy that means well."""


def _killed(point: str) -> Play:
    strike, costs_a_check = POINTS[point]

    def play(scene: Scene) -> None:
        scene.outcome.kills += costs_a_check
        code = scene.run(strike | {"does": "die"})
        scene.expect(code == -signal.SIGKILL, f"it did not die: {scene.said}")

    return play


def _faulty(fault: dict[str, Any]) -> Play:
    def play(scene: Scene) -> None:
        scene.here.fault(**fault)
        scene.run()

    return play


def _lose_something(scene: Scene, among: Sequence[str] = LOSSES) -> list[Strike]:
    """Let the create's request or answer be lost, its process die, or nothing at all happen."""
    what = scene.chance.choice(among)
    scene.outcome.may_ask = what != "nothing"
    if what == "process":
        return [POINTS["between answer and store"][0] | {"does": "die"}]
    if what != "nothing":
        scene.here.fault("drop", "create", when="before" if what == "request" else "after")
    return []


def _wrong_by(scene: Scene) -> float:
    return scene.chance.choice((-1, 1)) * scene.chance.choice(CLOCK_FAULTS_SECONDS)


def _ledgers_clock_is_wrong(scene: Scene) -> None:
    scene.here.ahead_seconds = _wrong_by(scene)
    scene.run(*_lose_something(scene))


def _ledgers_clock_is_set_right(scene: Scene) -> None:
    """Let the clock be right again after the request was booked, and before it is answered."""
    turned = POINTS["between booking and request"][0] | {"does": "turn", "seconds": 0}
    scene.run(turned, *_lose_something(scene), ahead_seconds=_wrong_by(scene))


def _ledgers_clock_goes_wrong(scene: Scene) -> None:
    """Let the clock go wrong after the request was booked, and stay wrong for everybody."""
    wrong = _wrong_by(scene)
    turned = POINTS["between booking and request"][0] | {"does": "turn", "seconds": wrong}
    scene.run(turned, *_lose_something(scene))
    scene.here.ahead_seconds = wrong


def _vendors_clock_is_wrong(scene: Scene) -> None:
    scene.here.turn_vendors_clock(_wrong_by(scene))
    scene.run(*_lose_something(scene))


def _stands_still(how: str) -> Play:
    """Let a process stand still past its lease, while others go on with the same brief."""

    def play(scene: Scene) -> None:
        strike, costs_a_check = POINTS[scene.chance.choice(list(POINTS))]
        scene.outcome.kills += costs_a_check
        child = scene.begin(strike | {"does": how})
        try:
            wait_for(lambda: child.is_stopped)
            settle(scene)
        finally:
            child.signal(signal.SIGCONT)
            child.wait()

    return play


def _another_account(scene: Scene) -> None:
    with scene.colleague() as wait_for_the_colleague:
        scene.run(*_lose_something(scene, ("answer", "process")))
        # Whoever has the job's own key needs no person for what another one cannot see.
        scene.outcome.may_ask = False
        wait_for_the_colleague(seconds=LEASE_SECONDS + 2 * SETTLE_SECONDS)
        settle(scene)


def _slow_uploads(scene: Scene) -> None:
    """Let what is handed over take longer than a lease, while two processes want the same brief."""
    scene.here.fault(
        "slow", "upload", when="before", seconds=LONGER_THAN_THE_LEASE_SECONDS, times=2
    )
    first, second = scene.begin(), scene.begin()
    first.wait()
    second.wait()
    job = scene.job()
    was_sent = LOST_CREATE in scene.said or (job and job.place)
    scene.expect(was_sent, f"it was not sent by whom it was prepared: {scene.said}")


def _books_are_locked(scene: Scene) -> None:
    """Hold the books for longer than anybody waits for them, just when an answer has come."""
    child, go_on = _answered(scene)
    with scene.here.locked_books():
        go_on.touch()
        wait_for(scene.here.kept_outcomes)
        if scene.chance.random() < 0.5:
            child.signal(signal.SIGKILL)
            child.wait()
    child.wait()


def _postgresql_restarts(scene: Scene) -> None:
    """Stop the server when an answer has come, and start it again once the answer is kept elsewhere."""
    assert scene.here.postgres is not None
    child, go_on = _answered(scene)
    scene.here.postgres.stop()
    try:
        go_on.touch()
        wait_for(scene.here.kept_outcomes)
    finally:
        scene.here.postgres.start()
    child.wait()


def _answered(scene: Scene) -> tuple[Child, Path]:
    """Return a process that is about to book an answer, and the file that it waits for."""
    go_on = scene.folder / "go-on"
    strike = {
        "at": "greenlight.ledger.unbooked:UnbookedOutcomes.book",
        "moment": "before",
        "does": "wait",
        "until": str(go_on),
        "skip": scene.chance.randrange(2),
    }
    child = scene.begin(strike, busy_seconds=BUSY_SECONDS)
    wait_for(lambda: WAITING in child.said)
    return child, go_on


def _interrupted(number: signal.Signals) -> Play:
    """Interrupt a process while the vendor answers: it waits for the answer, and books it."""

    def play(scene: Scene) -> None:
        on = scene.chance.choice(("check", "create"))
        before = scene.here.count(on)
        scene.here.fault("slow", on, when="after", seconds=LEASE_SECONDS / 3)
        child = scene.begin()
        wait_for(lambda: scene.here.count(on) > before)
        child.signal(number)
        code = child.wait()
        scene.expect(code == 130, f"it was not interrupted: {scene.said}")
        job = scene.job()
        awaited = on == "check" or LOST_CREATE in scene.said or (job and job.task_id)
        scene.expect(awaited, "the answer to its create was not awaited")

    return play


def _gateway(scene: Scene) -> None:
    """Let a gateway answer with a page in the place of the vendor, whatever the vendor did."""
    on = scene.chance.choice(("check", "create", "create"))
    scene.here.fault(
        "html",
        on,
        when=scene.chance.choice(("before", "after")),
        status=scene.chance.choice(GATEWAY_PAGES),
        retry_after=scene.chance.choice((None, "0")),
    )
    scene.run()


def _killed_while_waiting(scene: Scene) -> None:
    """Kill the process when the studio has accepted its create and has not answered."""
    before = scene.here.count("create")
    scene.here.fault("slow", "create", when="after", seconds=1.5)
    child = scene.begin()
    wait_for(lambda: scene.here.count("create") > before)
    child.signal(signal.SIGKILL)
    child.wait()


def _list_lags(scene: Scene) -> None:
    """Let the task be missing from lists for a part of the time that a doubt is watched."""
    scene.here.fault("list_lag", "create", seconds=LEASE_SECONDS / 2)
    scene.here.fault("drop", "create", when="after")
    scene.run()


def _studio_goes_away(scene: Scene) -> None:
    """Stop the studio while a job runs, and start it again at the same address."""
    before = scene.here.count("create")
    child = scene.begin()
    wait_for(lambda: scene.here.count("create") > before)
    scene.here.studio.stop()
    scene.here.studio.start()
    child.wait()


def _disk_is_full(scene: Scene) -> None:
    scene.run(full_disk=True)


DISASTERS: dict[str, Play] = {
    **{f"killed {point}": _killed(point) for point in POINTS},
    **{name: _faulty(fault) for name, fault in FAULTS.items()},
    "killed between request and answer": _killed_while_waiting,
    "the task list lags": _list_lags,
    "the studio goes away": _studio_goes_away,
    "the disk is full": _disk_is_full,
    "the ledger's clock is wrong": _ledgers_clock_is_wrong,
    "the ledger's clock is set right meanwhile": _ledgers_clock_is_set_right,
    "the ledger's clock goes wrong meanwhile": _ledgers_clock_goes_wrong,
    "the vendor's clock is wrong": _vendors_clock_is_wrong,
    "the process stands still": _stands_still("stop"),
    "the machine is suspended": _stands_still("suspend"),
    "another account has the same ledger": _another_account,
    "uploads are slower than the lease": _slow_uploads,
    "the books are locked when an answer comes": _books_are_locked,
    "interrupted while the vendor answers": _interrupted(signal.SIGINT),
    "told to end while the vendor answers": _interrupted(signal.SIGTERM),
    "a gateway answers in the vendor's place": _gateway,
    "the videos go to a store that refuses": film_into_a_store_that_refuses,
}
ON_POSTGRESQL: dict[str, Play] = DISASTERS | {
    "PostgreSQL restarts when an answer comes": _postgresql_restarts
}
"""What can happen to books on a server too."""
