"""`greenlight jobs`."""

from __future__ import annotations

from datetime import datetime

import pytest

from greenlight.settings import Settings
from tests.cli.books import ambiguous, reserved, submitted
from tests.cli.conftest import Greenlight

FIELDS = {
    *("job", "kind", "service", "model", "state", "task_id", "brief", "video", "sha256"),
    *("template_id", "seconds", "reserved_cny", "cost_cny", "attempts", "code", "message"),
    *("reserved_at", "sent_at", "submitted_at", "finished_at"),
}


@pytest.mark.usefixtures("settings")
def test_empty_books_are_told_and_are_no_lines(greenlight: Greenlight) -> None:
    ran = greenlight("jobs")
    assert (ran.code, ran.out) == (0, "There are no jobs in the books.\n")
    assert greenlight("jobs", "--json").lines == []


def test_every_job_is_one_object_the_newest_first(
    greenlight: Greenlight, settings: Settings
) -> None:
    in_doubt = ambiguous(settings, seconds_ago=60)
    waits = submitted(settings, "task-1")
    ran = greenlight("jobs", "--json")
    assert [line["job"] for line in ran.lines] == [waits.key, in_doubt.key]
    assert {frozenset(line) for line in ran.lines} == {frozenset(FIELDS)}
    newest, oldest = ran.lines
    assert (newest["state"], newest["task_id"]) == ("submitted", "task-1")
    assert datetime.fromisoformat(newest["submitted_at"]) == waits.submitted_at
    assert (oldest["state"], oldest["task_id"], oldest["cost_cny"]) == ("ambiguous", None, None)
    assert oldest["reserved_cny"] == pytest.approx(0.08)
    assert oldest["message"] == "the connection was closed"


def test_states_and_a_limit_choose(greenlight: Greenlight, settings: Settings) -> None:
    ambiguous(settings, seconds_ago=60)
    submitted(settings, "task-1")
    states = ("--state", "ambiguous", "--state", "failed")
    assert [line["state"] for line in greenlight("jobs", *states, "--json").lines] == ["ambiguous"]
    assert len(greenlight("jobs", "--json").lines) == 2
    assert greenlight("jobs", "--limit", 1, "--json").line["state"] == "submitted"
    assert greenlight("jobs", "--state", "expired").code == 0


def test_people_read_a_line_a_job(greenlight: Greenlight, settings: Settings) -> None:
    waits = submitted(settings, "task-1")
    reserved(settings, "/photos/anna.png")
    ran = greenlight("jobs")
    assert ran.code == 0
    unsent, sent = ran.out.splitlines()
    assert " reserved · animate-anyone-template-gen2 · anna.png" in unsent
    assert sent.startswith(f"{waits.hash[:12]} submitted · emo-v1 · anna.png")
    assert "at most 0.080 CNY" in sent


def test_a_place_with_brackets_is_shown_as_it_is(
    greenlight: Greenlight, settings: Settings
) -> None:
    reserved(settings, "/photos/[bold]:smile: [[x].png")
    ran = greenlight("jobs")
    assert ran.code == 0, ran.err
    assert "[bold]:smile: [[x].png" in ran.out


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--state", "lost"), "lost is not a state"),
        (("--limit", "0"), "greater than or equal to 1"),
        (("--state",), "requires an argument"),
        (("--nonsense",), "No such option"),
    ],
)
def test_wrong_usage_ends_with_2(
    options: tuple[str, ...], words: str, greenlight: Greenlight
) -> None:
    ran = greenlight("jobs", *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
