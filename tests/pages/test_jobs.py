"""What a person is told to do about open jobs, by their state and age."""

from __future__ import annotations

from datetime import timedelta

import pytest

from greenlight.ledger import Ledger
from greenlight.pages.jobs import describe_open, in_words
from tests.doubts import RunningClock
from tests.ledger.values import another, lose_answer, submit

BY_HAND = "only a person can settle this; once you know, adopt a task for job 000000000000, or release it."


@pytest.mark.parametrize(
    ("hours", "is_urgent", "advice"),
    [
        (0.5, False, "the vendor deletes its video in 23 h; collect the videos to fetch it."),
        (21, True, "the vendor deletes its video in 2 h; collect the videos to fetch it."),
        (25, True, "the vendor has deleted its video; collect the videos to close the job."),
    ],
)
def test_a_job_at_the_vendors_is_urgent_before_its_video_is_lost(
    ledger: Ledger, hours: float, is_urgent: object, advice: str
) -> None:
    submit(ledger, "t-1", another(1))
    (job,) = ledger.history.under_way()
    told = describe_open(job, at=ledger.now() + timedelta(hours=hours), doubtful=False)
    assert (told.urgent, told.advice) == (is_urgent, advice)


@pytest.mark.parametrize(
    ("hours", "advice"),
    [
        (1, "it is not sent again until the jobs in doubt are reconciled."),
        (25, BY_HAND),
    ],
)
def test_a_doubt_is_a_persons_after_a_day(ledger: Ledger, hours: float, advice: str) -> None:
    lose_answer(ledger, another(1))
    (job,) = ledger.history.in_doubt()
    told = describe_open(job, at=ledger.now() + timedelta(hours=hours), doubtful=True)
    assert (told.urgent, told.advice, told.state) == (True, advice, "in doubt")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=1, minutes=59), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_a_length_of_time_has_one_unit(time: timedelta, words: str) -> None:
    assert in_words(time) == words


def test_a_clock_that_runs_behind_gives_no_age_below_zero(tmp_path: object) -> None:
    clock = RunningClock(timedelta(hours=1))
    with Ledger(f"sqlite:///{tmp_path}/early.db", clock=clock) as early:
        submit(early, "t-1", another(1))
        (job,) = early.history.under_way()
    told = describe_open(job, at=clock() - timedelta(hours=1), doubtful=False)
    assert told.age == "0 s"
