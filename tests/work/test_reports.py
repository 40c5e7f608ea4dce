"""What people and machines are told of a brief."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from greenlight.errors import OverBudget
from greenlight.ledger import Job, JobState
from greenlight.modelstudio import catalog
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.modelstudio.family import Verdict
from greenlight.screening.screener import FREE
from greenlight.work.planning import Plan
from greenlight.work.reports import (
    STATE_OF_JOB,
    FilmReport,
    FilmState,
    report_job,
    report_over_budget,
    report_plan,
    report_rejection,
    report_template,
    report_waiting,
)
from tests.production import Production

PASSED: list[Verdict] = [LivePortraitVerdict(passed=True)]
FIELDS = {
    *("state", "message", "verdict", "verdicts", "job", "task_id", "video", "sha256", "seconds"),
    *("cost_cny", "cached", "request", "price_cny", "error", "note"),
}


@pytest.fixture
async def job(production: Production) -> Job:
    return await production.submitted()


def test_every_state_of_a_job_has_its_state_of_a_film() -> None:
    assert set(STATE_OF_JOB) == set(JobState)


def test_good_ends_are_told_from_bad_ones() -> None:
    bad = {FilmState.AMBIGUOUS, FilmState.FAILED, FilmState.CANCELED, FilmState.EXPIRED}
    assert {state for state in FilmState if not state.is_good} == bad | {FilmState.OVER_BUDGET}


def test_a_state_is_named_as_prefect_shows_it() -> None:
    assert FilmState.WAITING_FOR_SOUND.label == "Waiting for sound"
    assert FilmState.FILMED.label == "Filmed"


async def test_a_filmed_brief_says_where_its_video_lies(
    production: Production, tmp_path: Path
) -> None:
    done = await production.collect(await production.submitted(), tmp_path)
    report = report_job(done, PASSED, cached=False, notes=("a half body",))
    assert (report.state, report.error) == (FilmState.FILMED, None)
    assert (report.video, report.sha256, report.seconds) == (done.place, done.sha256, done.seconds)
    assert (
        report.message
        == f"{done.seconds:.2f} s for {done.cost_cny} CNY, stored as {done.place}; a half body"
    )


async def test_a_report_for_machines_has_the_fields_that_were_promised(job: Job) -> None:
    told = json.loads(report_job(job, PASSED, cached=True).model_dump_json())
    assert set(told) == FIELDS
    assert (told["state"], told["cached"], told["job"]) == ("filming", True, job.key)
    assert isinstance(told["cost_cny"], float)


def test_a_verdict_keeps_its_familys_own_fields_in_a_report() -> None:
    boxes = {"face_bbox": (1, 2, 3, 4), "ext_bbox": (0, 0, 5, 5)}
    verdict = EmoVerdict(passed=True, **boxes)
    told = json.loads(report_waiting(catalog.family("emo"), [verdict]).model_dump_json())
    assert told["verdict"]["face_bbox"] == told["verdicts"][0]["face_bbox"] == [1, 2, 3, 4]


async def test_a_job_under_way_says_how_to_come_back_to_it(job: Job) -> None:
    report = report_job(job, PASSED, cached=False)
    assert report.state is FilmState.FILMING
    assert str(job.task_id) in report.message
    assert "within 24 hours" in report.message


@pytest.mark.parametrize(
    ("change", "spent", "words"),
    [
        ({"state": JobState.AMBIGUOUS, "message": "no answer in time"}, True, "no answer in time"),
        (
            {"state": JobState.EXPIRED, "message": "forgotten"},
            True,
            "paid for and is lost: forgotten (task ",
        ),
        (
            {"state": JobState.FAILED, "code": "A.B", "message": "No lips"},
            False,
            "failed (A.B: No lips); it was not",
        ),
        (
            {"state": JobState.FAILED},
            False,
            "it was not charged, and running it again tries anew",
        ),
        (
            {"state": JobState.FAILED, "code": "InvalidFile.FaceNotMatch"},
            False,
            "running it again would be refused again; use another picture",
        ),
        (
            {"state": JobState.FAILED, "code": "DataInspectionFailed", "attempts": 3},
            False,
            "running it again would be refused again; use another picture",
        ),
        (
            {"state": JobState.FAILED, "code": "InvalidURL.Timeout"},
            False,
            "running it again tries anew; the link must be reachable",
        ),
        (
            {"state": JobState.FAILED, "attempts": 3},
            False,
            "a higher take makes, and pays for, a new video",
        ),
        ({"state": JobState.CANCELED}, False, "as canceled (no reason given); it was not charged"),
    ],
)
async def test_a_bad_end_says_why_and_whether_money_was_spent(
    change: dict[str, object], *, spent: bool, words: str, job: Job
) -> None:
    report = report_job(replace(job, **change), PASSED, cached=False)  # type: ignore[arg-type]
    assert not report.state.is_good
    assert report.error is not None
    assert report.error.spent is spent
    assert words in report.message == report.error.message
    assert "\n" not in report.message


async def test_a_lost_answer_is_told_once_and_not_twice(job: Job) -> None:
    """What the books say is part of the sentence, so it has to be short itself."""
    lost = replace(job, state=JobState.AMBIGUOUS, message="no answer in time, HTTP 502")
    message = report_job(lost, PASSED, cached=False).message
    assert message.count("no answer") == 1
    assert "(no answer in time, HTTP 502), at most 0.04 CNY; it is not sent again" in message


async def test_a_template_under_way_is_called_one(job: Job) -> None:
    assert report_template(job, PASSED).message.startswith("the motion's template: task ")


def test_a_rejection_names_every_models_reason() -> None:
    verdicts: list[Verdict] = [
        EmoVerdict(passed=False, code="InvalidFile.NoHuman", reason="nobody is there"),
        EmoVerdict(passed=False, code="InvalidFile.NoHuman"),
        LivePortraitVerdict(passed=False),
    ]
    report = report_rejection(verdicts)
    assert (report.state, report.verdict) == (FilmState.REJECTED, verdicts[-1])
    assert report.message == (
        "emo: nobody is there; emo: InvalidFile.NoHuman; liveportrait: no reason given"
    )


@pytest.mark.parametrize(("model", "missing"), [("emo", "a sound"), ("animate-anyone", "a motion")])
def test_a_portrait_that_waits_says_for_what(model: str, missing: str) -> None:
    report = report_waiting(catalog.family(model), PASSED)
    assert report.state is FilmState.WAITING_FOR_SOUND
    assert missing in report.message


def test_a_budget_that_does_not_do_is_told_with_the_price_of_the_brief() -> None:
    plan = Plan(checks_cny=Decimal("0.004"), video_cny=Decimal("0.08"))
    error = OverBudget("this brief may cost 0.084")
    report = report_over_budget(error, plan)
    assert (report.state, report.price_cny) == (FilmState.OVER_BUDGET, Decimal("0.084"))
    assert "this brief may cost 0.084; nothing was sent" in report.message
    assert report.error is not None
    assert not report.error.spent


def test_a_plan_of_nothing_says_so() -> None:
    report = report_plan(Plan(verdicts=list(PASSED)))
    assert (report.state, report.price_cny) == (FilmState.PLANNED, FREE)
    assert "nothing more would be sent" in report.message


def test_a_report_survives_being_written_and_read() -> None:
    report = report_rejection([EmoVerdict(passed=False, reason="nobody")])
    again = FilmReport.model_validate_json(report.model_dump_json(exclude={"verdict", "verdicts"}))
    assert (again.state, again.message) == (report.state, report.message)
