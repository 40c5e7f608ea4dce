"""What becomes of open jobs, and of those in doubt."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from greenlight.filming.listing import TaskList
from greenlight.ledger import JobState, Ledger
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.cli import books
from tests.cli.books import ambiguous, in_books, new_job, open_task, submitted
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says, expect_snapshot, name_of, shown, steady
from tests.cli.sentences.test_processes import ended, running
from tests.cli.test_collect import UNKNOWN_TASK, _begin
from tests.cli.test_reconcile import SETTLED, _doubt
from tests.conftest import SAMPLES
from tests.doubts import (
    RunningClock,
    begin_elsewhere,
    lose_answer,
    wait_until_listed,
    with_sound_of,
)
from tests.ledger.values import LEASE, send
from tests.production import produce
from tests.steering import add_fault

JOB = "01" + "ab" * 5
pytestmark = pytest.mark.usefixtures("settings")


def begin(studio: StudioServer, settings: Settings, *, until: str = "SUCCEEDED") -> None:
    """Order a video, and look away until its task has ended."""
    asyncio.run(_begin(studio, settings, Path("anna.png"), Path("hello.wav")))
    asyncio.run(_await_end(studio, until))


async def _await_end(studio: StudioServer, until: str) -> None:
    async with ModelStudio("sk-local", base_url=studio.base_url) as client:
        await wait_until_listed(client, 1, until)


def test_nothing_is_open(says: Says) -> None:
    says("greenlight collect", "greenlight collect --json", "greenlight reconcile")


def test_collected(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    ambiguous(settings)
    says("greenlight collect", "greenlight collect", "greenlight jobs")


def test_failed(says: Says, studio: StudioServer, settings: Settings) -> None:
    add_fault(studio, "job_fails", "create", code="InternalError", message="The model failed.")
    begin(studio, settings, until="FAILED")
    says("greenlight collect")


def test_not_to_be_found(says: Says, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK)
    says("greenlight collect")


def test_about_to_be_lost(says: Says, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK, hours_ago=21)
    says("greenlight collect")


def test_lost(says: Says, settings: Settings) -> None:
    submitted(settings, UNKNOWN_TASK, hours_ago=25)
    says("greenlight collect", "greenlight collect")


@pytest.mark.parametrize("fault", ["truncated_video", "dead_link", "drop", "html"])
def test_no_video_behind_the_link(
    says: Says, studio: StudioServer, settings: Settings, fault: str
) -> None:
    add_fault(studio, fault, "result", times=None)
    begin(studio, settings)
    says("greenlight collect")


def test_an_end_without_a_link(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    add_fault(studio, "no_url", "fetch")
    says("greenlight collect")


def test_no_place_for_the_video(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    says("greenlight collect --out anna.png/videos")


def test_a_place_that_another_video_has(
    says: Says, studio: StudioServer, settings: Settings, bucket: Bucket, desk: Path
) -> None:
    begin(studio, settings)
    shutil.copyfile(SAMPLES / "wave.mp4", desk / "other.mp4")
    other = bucket.put("videos/other.mp4", b"another video")
    says(f"greenlight collect --out {other}", "greenlight collect --out other.mp4")


def test_another_object_beside_the_video(
    studio: StudioServer,
    settings: Settings,
    bucket: Bucket,
    desk: Path,
    request: pytest.FixtureRequest,
) -> None:
    begin(studio, settings)
    bucket.put("videos/anna.json", b"{}")
    command = f"greenlight collect --out s3://{bucket.name}/videos/anna.mp4"
    # A log of warnings is printed by a process of its own only: here pytest has it.
    with running(command) as process:
        expect_snapshot(name_of(request), steady(shown(command, ended(process)), desk))


def test_refused(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    says(
        "DASHSCOPE_API_KEY=sk-wrong greenlight collect",
        "DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:1 greenlight collect",
        "DASHSCOPE_API_KEY=sk-wrong greenlight reconcile",
    )


def test_in_doubt(says: Says, settings: Settings) -> None:
    ambiguous(settings)
    says(
        "greenlight reconcile",
        f"greenlight reconcile --release {JOB}",
        f"greenlight reconcile --release {JOB}",
        "greenlight reconcile",
    )


def test_in_doubt_for_too_long(says: Says, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=25 * 3600)
    says("greenlight reconcile", f"greenlight reconcile --release {JOB}")


def test_in_doubt_with_another_key(says: Says, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=SETTLED)
    in_books(settings, "UPDATE jobs SET account = 'another'")
    says("greenlight reconcile")


def test_in_doubt_by_a_clock_that_is_wrong(
    says: Says, settings: Settings, studio: StudioServer
) -> None:
    ambiguous(settings, seconds_ago=SETTLED)
    studio.turn_clock(3600)
    says("greenlight reconcile")


@pytest.mark.parametrize(
    "listed",
    [
        TaskList({}, is_whole=False, answered_at=datetime.now(UTC)),
        TaskList({}, is_whole=True, answered_at=None),
        TaskList({}, is_whole=True, answered_at=datetime.now(UTC) + timedelta(minutes=1)),
    ],
    ids=["cut off", "without a time", "of another account"],
)
def test_a_list_that_proves_nothing(
    says: Says, settings: Settings, monkeypatch: pytest.MonkeyPatch, listed: TaskList
) -> None:
    async def list_tasks(*_: object) -> TaskList:
        return listed

    ambiguous(settings, seconds_ago=SETTLED)
    submitted(settings, UNKNOWN_TASK)
    monkeypatch.setattr("greenlight.filming.evidence.list_tasks", list_tasks)
    monkeypatch.setattr("greenlight.filming.evidence.CLOCKS_AGREE", timedelta(hours=1))
    says("greenlight reconcile")


def test_a_task_of_another_time(says: Says, studio: StudioServer, settings: Settings) -> None:
    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=1))
    in_books(settings, "UPDATE jobs SET sent_at = datetime(sent_at, '-2 hours')")
    in_books(settings, "UPDATE jobs SET doubted_at = datetime(doubted_at, '-2 hours')")
    task_id = listed_task(studio)
    says(
        "greenlight reconcile",
        f"greenlight reconcile --adopt 427bed54 {task_id}",
        f"greenlight reconcile --adopt 427bed54 {task_id} --any-time",
    )


def test_one_task_fits_by_clocks_that_differ(
    says: Says, studio: StudioServer, settings: Settings
) -> None:
    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=1))
    in_books(settings, "UPDATE jobs SET account = 'another'")
    says("GREENLIGHT_EXCLUSIVE_ACCOUNT=on greenlight reconcile")


def listed_task(studio: StudioServer) -> str:
    """Return the one task that the vendor lists."""
    key = {"Authorization": "Bearer sk-local"}
    (task,) = httpx.get(f"{studio.base_url}/tasks", headers=key).json()["data"]
    return str(task["task_id"])


def test_a_task_that_is_not_listed(
    says: Says, studio: StudioServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_listed(*_: object) -> None:
        """Say that it is not there (yet)."""

    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=1))
    monkeypatch.setattr("greenlight.filming.reconciling.find_listed", find_listed)
    says(f"greenlight reconcile --adopt 427bed54 {listed_task(studio)}")


def test_a_template_that_the_vendor_forgot(says: Says, settings: Settings) -> None:
    made = {"template_id": "AACT.1", "seconds": 3.0, "cost_cny": Decimal("0.24")}
    books.ended(settings, 9, JobState.SUCCEEDED, **made)
    in_books(settings, "UPDATE jobs SET kind = 'template'")
    submitted(settings, "task-2")
    says(
        "greenlight reconcile --forget 09abab",
        "greenlight jobs --state expired",
        "greenlight jobs --state expired --json",
        "greenlight reconcile --forget 02abab",
    )


def test_never_accepted(says: Says, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=SETTLED)
    says("greenlight reconcile", "greenlight reconcile")


def test_adopted(
    says: Says, studio: StudioServer, settings: Settings, greenlight: Greenlight
) -> None:
    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=1))
    (candidate,) = greenlight("reconcile", "--json").line["candidates"]
    job = greenlight("jobs", "--json").line["job"].rpartition(",")[2]
    says(
        "greenlight reconcile",
        f"greenlight reconcile --adopt {job[:8]} {candidate['task_id']}",
        f"greenlight reconcile --adopt {job[:8]} {candidate['task_id']}",
        "greenlight collect --wait 20",
    )


def test_adopted_by_itself(says: Says, studio: StudioServer, settings: Settings) -> None:
    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=1))
    says("GREENLIGHT_EXCLUSIVE_ACCOUNT=on greenlight reconcile")


def test_several_candidates(says: Says, studio: StudioServer, settings: Settings) -> None:
    asyncio.run(_doubt(studio, settings, Path("anna.png"), Path("hello.wav"), candidates=2))
    says("greenlight reconcile", "greenlight reconcile --json")


def test_a_task_of_another_length(
    says: Says, studio: StudioServer, settings: Settings, desk: Path
) -> None:
    task_id = asyncio.run(_doubt_with_a_longer_task(studio, settings, desk))
    says(f"greenlight reconcile --adopt 427bed54 {task_id}")


async def _doubt_with_a_longer_task(studio: StudioServer, settings: Settings, desk: Path) -> str:
    """Leave a job in doubt whose request never arrived, and a task of three seconds; return that."""
    with Ledger(settings.ledger_url) as ledger:
        async with ModelStudio("sk-local", base_url=studio.base_url) as client:
            production = await produce(client, ledger, desk / "anna.png", desk / "hello.wav")
            await lose_answer(studio, production, accepted=False)
            longer = await with_sound_of(3, production, desk)
            task_id = await begin_elsewhere(longer)
            await wait_until_listed(client, 1, "SUCCEEDED")
    return task_id


def test_a_task_that_is_not_its(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    task_id = open_task(settings)
    ambiguous(settings)
    says(f"greenlight reconcile --adopt {JOB} {task_id}")


def test_a_task_of_another_job(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    task_id = open_task(settings)
    ambiguous(settings)
    in_books(settings, "UPDATE jobs SET model = 'liveportrait'")
    add_fault(studio, "unknown_status", "fetch")
    says(
        f"greenlight reconcile --adopt {JOB} {task_id}",
        f"greenlight reconcile --adopt {JOB} {task_id}",
        f"greenlight reconcile --adopt {JOB} ''",
    )


def test_the_sender_is_dead(says: Says, settings: Settings) -> None:
    with Ledger(settings.ledger_url, clock=RunningClock(timedelta(seconds=-LEASE))) as ledger:
        send(ledger, new_job(settings))
    says("greenlight jobs", "greenlight reconcile", "greenlight jobs")


def test_settled_by_another_process(says: Says, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=SETTLED)
    # Between a look at the books and one at the vendor's list comes the list's turn at the pace.
    in_books(
        settings,
        "CREATE TRIGGER another_process AFTER INSERT ON pace BEGIN "
        "UPDATE jobs SET state = 'submitted', task_id = 'task-9' WHERE state = 'ambiguous'; END",
    )
    says("greenlight reconcile")


def test_a_name_of_two_jobs(says: Says, settings: Settings) -> None:
    for number in (0x10, 0x10AB):
        books.ended(settings, number, JobState.FAILED)
    says("greenlight reconcile --release 10ab")


def test_nothing_that_can_be_settled(says: Says, settings: Settings) -> None:
    ambiguous(settings)
    says(
        "greenlight reconcile --release feedfeed",
        "greenlight reconcile --release 0",
        f"greenlight reconcile --adopt nonsense {UNKNOWN_TASK}",
        f"greenlight reconcile --adopt {JOB} {UNKNOWN_TASK}",
    )
