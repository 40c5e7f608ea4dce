"""A page of bundles is looked up in the books at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from greenlight.ledger import Ledger, NewCheck
from greenlight.ledger.media import KnownMedium
from greenlight.media.kinds import Kind
from greenlight.work.bundles.bundle import Bundle
from greenlight.work.bundles.steps import Settled, next_step
from greenlight.work.reports import FilmState
from tests.ledger.values import PASSED, REFUSED, answer, begin_check
from tests.postgresql import PostgresServer
from tests.work.bundles.desk import SERVICE, Desk
from tests.work.bundles.test_bundle import Lying

FACTS = {"format": "PNG", "width_px": 512, "height_px": 512, "size_bytes": 1000}


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count every call of a function, C's too, in this thread."""
    calls = [0]

    def note(*_: object) -> None:
        calls[0] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def page(ledger: Ledger, count: int) -> list[Bundle]:
    """Return bundles of portraits that the books know and refused, the one like the other."""
    bundles = []
    for number in range(count):
        bundle = Bundle(f"s3://box/{number:05}")
        bundle.add(Lying(f"{bundle.stem}.png", f"etag-{number:032x}-1000"))
        bundles.append(bundle)
    ledger.media.remember(
        [
            KnownMedium(
                seen=one.parts[Kind.PICTURE][0].key, identity=f"sha256-{number:064x}", facts=FACTS
            )
            for number, one in enumerate(bundles)
        ]
    )
    return bundles


def book_refusals(ledger: Ledger, count: int) -> None:
    new = NewCheck(
        service=SERVICE,
        model="emo-detect-v1",
        family="emo",
        ratio="1:1",
        portrait="",
        place="",
        price_cny=Decimal("0.004"),
    )
    for number in range(count):
        check_id = begin_check(ledger, replace(new, portrait=f"sha256-{number:064x}"))
        answer(ledger, check_id, REFUSED, new.price_cny)


@pytest.mark.parametrize("count", [1, 200])
async def test_a_page_costs_three_queries_however_many_it_has(desk: Desk, count: int) -> None:
    bundles = page(desk.ledger, count)
    book_refusals(desk.ledger, count)
    surveyor = desk.surveyor()
    with counted_queries() as asked:
        bundle_states = await surveyor.survey(bundles)
        steps = [next_step(bundle_state) for bundle_state in bundle_states]
    assert len([query for query in asked if "SELECT" in query]) == 3
    reports = [step.report for step in steps if isinstance(step, Settled)]
    assert [report.state for report in reports] == [FilmState.REJECTED] * count


async def test_a_long_page_takes_no_more_for_each_than_a_short_one(desk: Desk) -> None:
    """Calls are counted, because time says little on a busy machine."""
    surveyor = desk.surveyor()
    made: dict[int, int] = {}
    for count in (50, 400):
        bundles = page(desk.ledger, count)
        with counted_calls() as calls:
            for bundle_state in surveyor._survey(bundles):
                next_step(bundle_state)
        made[count] = sum(calls)
    assert made[400] < 8 * made[50] * 1.2


async def test_two_places_of_one_content_share_what_is_known(desk: Desk) -> None:
    desk.lay("eve/eve.png")
    await desk.book_verdict(PASSED)
    for name in ("anna.png", "eve/eve.png"):
        step = await desk.step(name=name)
        assert isinstance(step, Settled)
        assert step.report.state is FilmState.WAITING_FOR_SOUND


async def test_another_service_knows_nothing_of_it(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    surveyor = desk.surveyor()
    surveyor.service = "dashscope.aliyuncs.com:443"
    bundle_state = await desk.bundle_state(surveyor)
    await surveyor.read(bundle_state, next_step(bundle_state))  # type: ignore[arg-type]
    assert bundle_state.verdicts == {}


async def test_what_was_read_is_known_to_the_next_who_looks(desk: Desk, tmp_path: Path) -> None:
    await desk.book_verdict(PASSED)
    desk.lay("anna.json", {"models": ["emo"]})
    await desk.step()
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as again:
        bundle_state = await desk.bundle_state(Desk(desk.folder, again).surveyor())
        assert bundle_state.details == {"models": ["emo"]}
        assert isinstance(next_step(bundle_state), Settled)


async def test_books_that_machines_share_are_looked_up_alike(
    desk: Desk, postgres: PostgresServer
) -> None:
    with Ledger(postgres.make_database()) as shared:
        desk.ledger = shared
        book_refusals(shared, 50)
        surveyor = desk.surveyor()
        steps = [
            next_step(bundle_state) for bundle_state in await surveyor.survey(page(shared, 50))
        ]
        assert all(isinstance(step, Settled) for step in steps)
        desk.lay("anna.json", {"deployments": {"emo-v1": "陽" * 128}, "models": ["emo"]})
        await desk.book_verdict(PASSED)
        step = await desk.step()
        assert isinstance(step, Settled)
        assert step.report.state is FilmState.WAITING_FOR_SOUND
