"""Events name what automations act on, hold no secret, and are raised again only where that is meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prefect.events import Event

from greenlight.errors import OverBudget
from greenlight.ledger import Job, JobState
from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.settings import Settings
from tasks.events import (
    AMBIGUOUS,
    FEWEST_CHECKS,
    STORED,
    tell_budget_spent,
    tell_job,
    tell_many_refusals,
    tell_verdict,
)
from tests.cli.books import submitted

SERVICE = "dashscope.aliyuncs.com:443"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that are raised, as Prefect takes them."""
    events: list[Event] = []

    def take(**said: Any) -> None:
        events.append(Event.model_validate({"occurred": datetime.now(UTC), **said}))

    monkeypatch.setattr("tasks.events.emit_event", take)
    return events


@pytest.fixture
async def portrait(astronaut: Path) -> Portrait:
    found = await examine(str(astronaut))
    place = "https://example.com/安娜 🙂.png"
    return found.model_copy(
        update={"place": f"{place}?Signature=s3cret", "shown": place, "name": "安娜 🙂.png"}
    )


def test_a_verdict_names_portrait_model_and_reason(portrait: Portrait, told: list[Event]) -> None:
    tell_verdict(portrait, LivePortraitVerdict(passed=True, request_id="id-1"), service=SERVICE)
    refusal = EmoVerdict(passed=False, code="InvalidFile", reason="too dark")
    tell_verdict(portrait, refusal, service=SERVICE)
    passed, rejected = told
    assert (passed.event, rejected.event) == (
        "greenlight.portrait.passed",
        "greenlight.portrait.rejected",
    )
    assert rejected.resource.model_dump() == {
        "prefect.resource.id": f"greenlight.portrait.{portrait.identity}",
        "prefect.resource.name": "安娜 🙂.png",
        "greenlight.portrait": "https://example.com/安娜 🙂.png",
        "greenlight.model": "emo",
        "greenlight.reason": "too dark",
        "greenlight.service": SERVICE,
    }
    assert passed.payload == {"by": "vendor", "code": "", "request_id": "id-1"}


def test_no_event_of_a_verdict_holds_the_signature_of_a_link(
    portrait: Portrait, told: list[Event]
) -> None:
    tell_verdict(portrait, EmoVerdict(passed=False), service=SERVICE)
    assert "Signature" not in told[0].model_dump_json()


def test_a_refusal_with_nothing_but_a_code_has_that_for_a_reason(
    portrait: Portrait, told: list[Event]
) -> None:
    tell_verdict(portrait, EmoVerdict(passed=False, code="InvalidPerson"), service=SERVICE)
    assert told[0].resource["greenlight.reason"] == "InvalidPerson"


def test_each_verdict_is_an_event_of_its_own(portrait: Portrait, told: list[Event]) -> None:
    for _ in range(2):
        tell_verdict(portrait, EmoVerdict(passed=False), service=SERVICE)
    assert len({one.id for one in told}) == 2


@pytest.fixture
def job(settings: Settings) -> Job:
    return submitted(settings, "11111111-2222-3333-4444-555555555555")


def test_a_stored_video_names_its_place_length_and_cost(job: Job, told: list[Event]) -> None:
    done = replace(
        job,
        state=JobState.SUCCEEDED,
        place="s3://films/anna.mp4",
        seconds=3.7,
        cost_cny=Decimal("0.296"),
    )
    tell_job(STORED, done)
    (event,) = told
    assert event.event == "greenlight.video.stored"
    assert event.payload == {
        "task_id": job.task_id,
        "state": "succeeded",
        "video": "s3://films/anna.mp4",
        "seconds": 3.7,
        "cost_cny": 0.296,
    }
    labels = event.resource.model_dump()
    assert labels["prefect.resource.id"] == f"greenlight.job.{job.hash}"
    assert labels["prefect.resource.name"] == "anna.png"
    assert labels["greenlight.portrait"] == "/photos/anna.png"
    assert labels["greenlight.model"] == "emo"


def test_a_template_is_named_after_its_motion(job: Job, told: list[Event]) -> None:
    tell_job(STORED, replace(job, brief={"motion": "s3://in/wave.mp4"}, cost_cny=None))
    assert told[0].resource["prefect.resource.name"] == "wave.mp4"
    assert told[0].payload["cost_cny"] is None


def test_a_doubt_that_is_found_again_is_the_same_event_until_it_is_sent_again(
    job: Job, told: list[Event]
) -> None:
    tell_job(AMBIGUOUS, job)
    tell_job(AMBIGUOUS, job)
    tell_job(AMBIGUOUS, replace(job, attempts=job.attempts + 1))
    tell_job(STORED, job)
    first, again, another_attempt, another_event = (one.id for one in told)
    assert first == again
    assert len({first, another_attempt, another_event}) == 3


def test_a_spent_budget_is_one_event_a_day_and_service(told: list[Event]) -> None:
    for service in (SERVICE, SERVICE, "127.0.0.1:8479"):
        tell_budget_spent(OverBudget("the day's 5 CNY have no room"), service=service)
    first, again, elsewhere = told
    assert first.id == again.id != elsewhere.id
    assert first.event == "greenlight.budget.spent"
    assert first.resource["greenlight.reason"] == "the day's 5 CNY have no room"


@pytest.mark.parametrize(
    ("refused", "checked"),
    [
        (FEWEST_CHECKS - 1, FEWEST_CHECKS - 1),
        (FEWEST_CHECKS // 2, FEWEST_CHECKS),
        (0, 10_000),
        (0, 0),
    ],
)
def test_few_checks_or_a_usual_share_of_refusals_are_not_told(
    refused: int, checked: int, told: list[Event]
) -> None:
    tell_many_refusals(refused, checked, place="s3://portraits/in/")
    assert told == []


def test_more_refusals_than_usual_are_told_with_their_place(told: list[Event]) -> None:
    refused = FEWEST_CHECKS // 2 + 1
    tell_many_refusals(refused, FEWEST_CHECKS, place="s3://portraits/in/")
    (event,) = told
    assert event.event == "greenlight.refusals.many"
    assert event.resource["prefect.resource.name"] == "s3://portraits/in/"
    assert (event.payload["refused"], event.payload["checked"]) == (refused, FEWEST_CHECKS)
