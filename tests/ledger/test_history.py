"""Looking back over the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from greenlight.ledger import Job, JobState, Ledger
from greenlight.ledger.history import VerdictCount
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from tests.ledger.conftest import Clock
from tests.ledger.values import (
    CHECK,
    LEASE,
    PASSED,
    REFUSED,
    another,
    begin_check,
    book,
    lose_answer,
    send,
    submit,
)

DAY = date(2026, 11, 20)
WAN, SILENT = "wan2.2-s2v-detect", WanS2vVerdict(passed=False)


def test_the_newest_checks_come_first_page_by_page(ledger: Ledger) -> None:
    for number in range(7):
        book(ledger, PASSED, portrait=f"sha256-{number}")
    pages, before = [], None
    while page := ledger.history.checks(before=before, limit=3):
        pages.append([check.portrait for check in page])
        before = page[-1].number
    assert pages == [
        ["sha256-6", "sha256-5", "sha256-4"],
        ["sha256-3", "sha256-2", "sha256-1"],
        ["sha256-0"],
    ]


def test_a_check_has_its_verdict_and_its_place(timed: Ledger, clock: Clock) -> None:
    book(timed, PASSED)
    (check,) = timed.history.checks()
    assert check.verdict == PASSED
    assert (check.service, check.model) == ("studio:80", "emo-detect-v1")
    assert (check.place, check.cost_cny, check.paid_at) == ("a.png", Decimal("0.004"), clock.at)


def test_a_check_that_was_paid_again_counts_once_by_its_newest_verdict(ledger: Ledger) -> None:
    book(ledger, PASSED)
    book(ledger, SILENT, portrait="sha256-cd", model=WAN)
    book(ledger, REFUSED)
    ledger.checks.uncertain(begin_check(ledger))
    assert [check.verdict for check in ledger.history.checks()] == [REFUSED, SILENT]
    assert ledger.history.subjects() == 2
    assert sum(one.count for one in ledger.history.verdicts()) == 2


def test_checks_without_an_answer_are_not_among_them(ledger: Ledger) -> None:
    begin_check(ledger)
    ledger.checks.uncertain(begin_check(ledger, replace(CHECK, portrait="sha256-cd")))
    assert ledger.history.checks() == []
    assert ledger.history.verdicts() == []
    assert ledger.history.subjects() == 0


def test_all_checks_of_some_portraits_are_found(ledger: Ledger) -> None:
    for number in range(4):
        book(ledger, PASSED, portrait=f"sha256-{number}")
        book(ledger, SILENT, portrait=f"sha256-{number}", model=WAN)
    found = ledger.history.checks_of({"sha256-1", "sha256-2", "sha256-9"})
    assert [(check.portrait, check.verdict) for check in found] == [
        ("sha256-2", SILENT),
        ("sha256-2", PASSED),
        ("sha256-1", SILENT),
        ("sha256-1", PASSED),
    ]
    assert ledger.history.checks_of([]) == []


def test_answers_are_counted_the_most_frequent_first(ledger: Ledger) -> None:
    told = EmoVerdict(passed=False, code="A.B", reason="the \"face\" is {too} small\n'quote' 安娜")
    for number in range(3):
        book(ledger, told, portrait=f"sha256-{number}", place=f"{number}.png")
    for number in range(2):
        book(ledger, SILENT, portrait=f"sha256-{number}", model=WAN)
    book(ledger, PASSED, portrait="sha256-9")
    assert ledger.history.verdicts() == [
        VerdictCount(family="emo", passed=False, code="A.B", reason=told.reason, count=3),
        VerdictCount(family="wan-s2v", passed=False, code="", reason="", count=2),
        VerdictCount(family="emo", passed=True, code="", reason="", count=1),
    ]


def test_history_begins_with_a_day_of_utc_plus_8(timed: Ledger, clock: Clock) -> None:
    clock.at = datetime(2026, 11, 19, 15, 59, 59, 999_999, tzinfo=UTC)
    book(timed, PASSED, portrait="sha256-before")
    timed.jobs.close(submit(timed, "t-1", another(1)), JobState.FAILED)
    clock.at = datetime(2026, 11, 19, 16, tzinfo=UTC)
    book(timed, REFUSED, portrait="sha256-after")
    timed.jobs.close(submit(timed, "t-2", another(2)), JobState.FAILED)
    history = timed.history
    assert [check.portrait for check in history.checks(since=DAY)] == ["sha256-after"]
    both = ("sha256-before", "sha256-after")
    assert [check.portrait for check in history.checks_of(both, since=DAY)] == ["sha256-after"]
    assert [one.passed for one in history.verdicts(since=DAY)] == [False]
    assert (history.subjects(since=DAY), history.subjects()) == (1, 2)
    assert [job.task_id for job in history.ended(since=DAY)] == ["t-2"]
    assert [job.task_id for job in history.ended()] == ["t-2", "t-1"]
    assert [job.task_id for job in history.ended(limit=1)] == ["t-2"]


def test_what_was_filmed_without_a_check_counts_once_beside_what_was_checked(
    timed: Ledger, clock: Clock
) -> None:
    clock.at = datetime(2026, 11, 19, 15, 59, tzinfo=UTC)
    book(timed, PASSED, portrait="sha256-0")
    for number in range(3):
        submit(timed, f"t-{number}", another(number, family="lips", portrait="sha256-0"))
    clock.at = datetime(2026, 11, 19, 16, tzinfo=UTC)
    submit(timed, "t-3", another(3, family="lips", portrait="sha256-3"))
    submit(timed, "t-4", another(4, family="emo", portrait="sha256-4"))
    submit(timed, "t-5", another(5, family="lips", kind="template"))
    refused, token = send(timed, another(6, family="lips", portrait="sha256-6"))
    timed.jobs.not_accepted(refused, token, code="InvalidParameter")
    history, lips = timed.history, ["lips"]
    assert (history.subjects(), history.subjects(unchecked=lips)) == (1, 2)
    assert history.subjects(unchecked=lips, since=DAY) == 1
    tasks = [job.task_id for job in history.filmed_by(lips)]
    assert tasks == ["t-3", "t-2", "t-1", "t-0"]
    assert [job.task_id for job in history.filmed_by(lips, since=DAY)] == ["t-3"]
    assert [job.task_id for job in history.filmed_by(lips, limit=2)] == ["t-3", "t-2"]


def test_jobs_are_open_in_doubt_or_ended_and_refused_requests_are_none_of_it(
    timed: Ledger, clock: Clock
) -> None:
    news = [another(number) for number in range(8)]
    refused, token = send(timed, news[0])
    timed.jobs.not_accepted(refused, token, code="InvalidParameter")
    send(timed, news[1])
    clock.turn(LEASE)
    lose_answer(timed, news[2])
    submit(timed, "t-3", news[3])
    send(timed, news[4])
    timed.jobs.close(submit(timed, "t-5", news[5]), JobState.SUCCEEDED, place="a.mp4")
    timed.jobs.close(submit(timed, "t-6", news[6]), JobState.CANCELED)
    timed.jobs.expire(submit(timed, "t-7", news[7]), message="too late")

    def numbers(jobs: list[Job]) -> list[int]:
        return [int(job.hash, 16) for job in jobs]

    assert numbers(timed.history.in_doubt()) == [1, 2]
    assert numbers(timed.history.under_way()) == [3, 4]
    assert numbers(timed.history.ended()) == [7, 6, 5]
    assert numbers(timed.history.in_doubt(limit=1)) == [1]


def test_empty_books_have_no_history(ledger: Ledger) -> None:
    history = ledger.history
    found = (history.checks(), history.verdicts(), history.ended(), history.under_way())
    assert found == ([], [], [], [])
    assert history.in_doubt() == []
    assert history.subjects() == 0
