"""What was paid for is booked, however long the ledger cannot be written when the answer arrives."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenlight.errors import LedgerError
from greenlight.ledger import JobState, Ledger
from greenlight.ledger.unbooked import Outcome
from greenlight.modelstudio.answers import Answer
from greenlight.paying import payer as module
from greenlight.studio.server import StudioServer
from tests.ledger.processes import in_processes
from tests.ledger.values import CHECK, PASSED, another, begin_check, job, let_go, send
from tests.paying.conftest import Absence, Paid, until
from tests.programs import ROOT
from tests.steering import add_fault, received

OPEN = """
import pathlib, sys
from greenlight.ledger import Ledger
Ledger(sys.argv[1], home=pathlib.Path(sys.argv[2])).close()
"""


def files(home: Path) -> list[Path]:
    return sorted((home / "unbooked").glob("*"))


def answer_while(absence: Absence, paid: Paid, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ledger go away at the moment when the vendor has answered."""
    pay = paid.client.pay

    async def answered(request: httpx.Request, **how: Any) -> Answer:
        try:
            return await pay(request, **how)
        finally:
            absence.go()

    monkeypatch.setattr(paid.client, "pay", answered)


@pytest.fixture(autouse=True)
def _again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOOK_AGAIN_SECONDS", 0.05)


async def test_an_answer_is_kept_at_once_and_booked_as_soon_as_the_ledger_is_back(
    absence: Absence,
    paid: Paid,
    home: Path,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_while(absence, paid, monkeypatch)
    under_way = asyncio.create_task(paid.pay())
    await until(lambda: [file for file in files(home) if file.suffix == ".json"])
    assert not under_way.done()
    await asyncio.to_thread(absence.come_back)
    await under_way
    assert paid.is_booked()
    assert files(home) == []
    assert received(studio, paid.endpoint) == 1


async def test_what_the_ledger_could_not_take_in_time_is_told_kept_and_booked_by_the_next_process(
    absence: Absence,
    paid: Paid,
    home: Path,
    ledger_url: str,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BOOKING_SECONDS", 0)
    answer_while(absence, paid, monkeypatch)
    with pytest.raises(LedgerError) as caught:
        await paid.pay()
    told = caught.value
    (kept,) = files(home)
    was_paid = {
        "check": "astronaut.png was paid (0.004 CNY) and cannot be booked: the ledger ",
        "create": "was begun for at most 0.04 CNY and cannot be booked: the ledger ",
    }
    assert was_paid[paid.endpoint] in told.text()
    assert (
        f"it is kept in {kept}, and is booked when the ledger is next used; money was spent"
        in told.text()
    )
    assert told.spent
    absence.come_back()
    assert not paid.is_booked()
    open_again = [sys.executable, "-c", OPEN, ledger_url, str(home)]
    await asyncio.to_thread(subprocess.run, open_again, check=True, cwd=ROOT, timeout=60)
    assert paid.is_booked()
    assert files(home) == []
    await paid.pay()
    assert received(studio, paid.endpoint) == 1


async def test_a_doubt_is_kept_too_and_told_with_what_it_can_have_cost(
    absence: Absence,
    paid: Paid,
    home: Path,
    ledger_url: str,
    studio: StudioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BOOKING_SECONDS", 0)
    answer_while(absence, paid, monkeypatch)
    add_fault(studio, "drop", paid.endpoint)
    with pytest.raises(LedgerError, match=r"may have (cost|been begun for at most) 0.*") as caught:
        await paid.pay()
    assert caught.value.spent
    absence.come_back()
    Ledger(ledger_url, home=home).close()
    assert files(home) == []
    assert not paid.is_booked()
    assert not paid.is_free()
    assert paid.rows == 1


async def test_what_cannot_even_be_kept_is_to_be_written_down(
    absence: Absence, paid: Paid, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BOOKING_SECONDS", 0)
    home.mkdir(exist_ok=True)
    (home / "unbooked").touch()
    answer_while(absence, paid, monkeypatch)
    with pytest.raises(LedgerError, match="; write it down") as caught:
        await paid.pay()
    assert caught.value.spent


def keep(ledger: Ledger, outcome: Outcome) -> Path:
    path = ledger.unbooked.keep(outcome)
    assert path is not None
    return path


def accepted(job_id: int, token: str, task_id: str = "task-1") -> Outcome:
    facts = {"job_id": job_id, "token": token, "task_id": task_id, "request_id": "r"}
    return Outcome("job accepted", facts)


DAMAGED: list[Any] = [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    {},
    {"ledger": "?"},
    {"booking": "nothing that is booked", "facts": {}, "told": ""},
    {"booking": "job accepted", "facts": {"job_id": 1}, "told": ""},
    {"booking": "job accepted", "facts": None, "told": ""},
    {"booking": "check answered", "facts": {"check_id": 1, "verdict": None, "cost_cny": "0"}},
    {
        "booking": "check answered",
        "facts": {"check_id": 1, "verdict": {"passed": True, "request_id": ""}, "cost_cny": "much"},
    },
]


@pytest.mark.parametrize("content", DAMAGED, ids=str)
def test_a_damaged_file_is_left_alone_and_the_others_are_booked(
    ledger: Ledger, ledger_url: str, home: Path, content: Any
) -> None:
    whole = keep(ledger, accepted(*send(ledger)))
    if isinstance(content, dict):
        content = json.dumps({"ledger": ledger._database.shown} | content)
    damaged = [whole.with_name("0.json"), whole.with_name("z.json")]
    for file in damaged:
        file.write_text(content)
    Ledger(ledger_url, home=home).close()
    assert job(ledger).task_id == "task-1"
    assert files(home) == damaged


def test_what_belongs_to_another_ledger_is_left_alone(
    ledger: Ledger, home: Path, tmp_path: Path
) -> None:
    """Two ledgers may share a home; their jobs have the same numbers."""
    job_id, token = send(ledger)
    mine = keep(ledger, accepted(job_id, token))
    with Ledger(f"sqlite:///{tmp_path / 'other.db'}", home=home) as other:
        send(other)
        other.unbooked.book_all()
        assert job(other).task_id is None
    assert files(home) == [mine]


def test_a_file_that_is_only_half_written_is_not_read(
    ledger: Ledger, ledger_url: str, home: Path
) -> None:
    whole = keep(ledger, accepted(*send(ledger)))
    part = whole.rename(whole.with_suffix(".part"))
    Ledger(ledger_url, home=home).close()
    assert job(ledger).task_id is None
    assert files(home) == [part]


def open_and_look(url: str, home: Path) -> int:
    with Ledger(url, home=home) as ledger:
        return len(ledger.jobs.open_jobs()) + (ledger.checks.find(CHECK.key) is not None)


def test_processes_that_book_what_was_kept_at_once_book_it_once(
    ledger_url: str, home: Path, tmp_path: Path
) -> None:
    home.mkdir(exist_ok=True)
    with Ledger(ledger_url, home=home) as ledger:
        for number in range(6):
            keep(ledger, accepted(*send(ledger, another(number)), task_id=f"task-{number}"))
        verdict = {"verdict": PASSED.model_dump(mode="json"), "cost_cny": "0.004"}
        keep(ledger, Outcome("check answered", {"check_id": begin_check(ledger)} | verdict))
        shutil.copytree(home / "unbooked", tmp_path / "kept")
    in_processes(4, open_and_look, ledger_url, home)
    assert files(home) == []
    # And once more, as after a process that died between the booking and the deletion.
    shutil.copytree(tmp_path / "kept", home / "unbooked", dirs_exist_ok=True)
    assert open_and_look(ledger_url, home) == 7
    with Ledger(ledger_url, home=home) as ledger:
        assert [one.task_id for one in ledger.jobs.open_jobs()] == [f"task-{n}" for n in range(6)]
        assert ledger.jobs.open_jobs(ambiguous=True) == []
        assert [cost.count for cost in ledger.costs.by_outcome()] == [1, 6]
    assert files(home) == []


@pytest.mark.parametrize("late", ["job in doubt", "job not accepted"])
def test_what_is_booked_late_changes_nothing_about_a_request_that_was_sent_since(
    ledger: Ledger, ledger_url: str, home: Path, late: str
) -> None:
    job_id, token = send(ledger)
    keep(ledger, Outcome(late, {"job_id": job_id, "token": token, "message": "late"}))
    ledger.jobs.not_accepted(job_id, token)
    let_go(ledger, token)
    send(ledger)
    Ledger(ledger_url, home=home).close()
    assert (job(ledger).state, job(ledger).message) == (JobState.RESERVED, "")
    assert files(home) == []


def test_a_task_that_comes_too_late_is_told_once_and_kept_as_a_job_of_its_own(
    ledger: Ledger, ledger_url: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, token = send(ledger)
    keep(ledger, accepted(job_id, token, "task-late"))
    ledger.jobs.not_accepted(job_id, token)
    let_go(ledger, token)
    again, second = send(ledger)
    ledger.jobs.store_task(again, second, task_id="task-2", request_id="r")
    Ledger(ledger_url, home=home).close()
    assert "task task-late was accepted too late" in caplog.text
    assert {one.task_id for one in ledger.jobs.open_jobs()} == {"task-2", "task-late"}
    assert files(home) == []


def test_a_late_task_that_was_kept_meanwhile_is_told_and_not_kept_any_more(
    absence: Absence, ledger: Ledger, home: Path
) -> None:
    """It was booked, as a job of its own, when the ledger came back."""
    job_id, token = send(ledger)
    ledger.jobs.not_accepted(job_id, token)
    let_go(ledger, token)
    again, second = send(ledger)
    ledger.jobs.store_task(again, second, task_id="task-2", request_id="r")
    kept = keep(ledger, accepted(job_id, token, "task-late"))
    tries = 0

    def keep_once(_: Outcome) -> Path:
        nonlocal tries
        tries += 1
        absence.come_back()
        return kept

    ledger.unbooked.keep = keep_once  # type: ignore[method-assign]
    payer = module.Payer(client=None, ledger=ledger, lease_seconds=60)  # type: ignore[arg-type]
    absence.go()
    with pytest.raises(LedgerError, match="accepted too late"):
        payer._book(accepted(job_id, token, "task-late"), threading.Event())
    assert (tries, files(home)) == (1, [])


@pytest.mark.parametrize("message", ["安娜", "\x00", "half of a pair: \ud83d"])
def test_whatever_the_vendor_has_answered_can_be_kept(ledger: Ledger, message: str) -> None:
    outcome = Outcome("job in doubt", {"message": message}, "paid")
    told = json.loads(keep(ledger, outcome).read_text("utf-8"))
    assert told == {"ledger": ledger._database.shown} | asdict(outcome)


def test_without_a_folder_nothing_is_kept(ledger: Ledger) -> None:
    ledger.unbooked._folder = None
    assert ledger.unbooked.keep(Outcome("job in doubt")) is None
    ledger.unbooked.book_all()
