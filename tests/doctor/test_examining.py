"""Making examinations at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from greenlight.doctor.examining import Examination, examine
from greenlight.doctor.findings import Finding, State, broken, ok
from greenlight.errors import SettingsError


def test_findings_come_in_the_order_of_the_examinations_whichever_is_first() -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        assert second_is_done.wait(10)
        yield ok("first", "is there")

    def second() -> Iterator[Finding]:
        yield ok("second", "is there")
        second_is_done.set()

    found = examine([Examination("first", first), Examination("second", second)], seconds=10)
    assert [one.subject for one in found] == ["first", "second"]


def test_what_hangs_is_named_and_keeps_nothing_back() -> None:
    go_on = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("queue", "is there")
        go_on.wait(60)

    examinations = [Examination("queue", hangs), Examination("judge", lambda: [ok("judge", "is")])]
    found = examine(examinations, seconds=0.2)
    go_on.set()
    assert [(one.subject, one.state) for one in found] == [
        ("queue", State.OK),
        ("queue", State.BROKEN),
        ("judge", State.OK),
    ]
    assert found[1].sentence == "there was no answer within 0.2 s"


def test_an_error_of_ours_is_a_finding_in_its_own_words() -> None:
    def fails() -> Iterator[Finding]:
        raise SettingsError("AWS cannot be used: no region", "set AWS_DEFAULT_REGION")
        yield

    (found,) = examine([Examination("bucket", fails)])
    assert found == broken("bucket", "AWS cannot be used: no region", "set AWS_DEFAULT_REGION")


def test_a_fault_of_the_program_is_a_finding_too() -> None:
    def falls_over() -> Iterator[Finding]:
        yield ok("bucket", str(1 // 0))

    (found,) = examine([Examination("bucket", falls_over)])
    assert found.state is State.BROKEN
    assert "ZeroDivisionError" in found.sentence


def test_no_finding_says_a_secret() -> None:
    link = "https://store.example/anna.png?Signature=c2lnbmVk"
    found = broken("link", f"{link} is refused with sk-secret-4711", f"open {link}.")
    assert "c2lnbmVk" not in str(found)
    assert "4711" not in str(found)
    assert found.advice == "open https://store.example/anna.png"
