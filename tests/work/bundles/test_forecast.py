"""What a sweep would do and cost, out of the books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from greenlight.work.bundles.forecast import Forecast, foresee
from greenlight.work.reports import FilmState
from tests.ledger.values import PASSED, REFUSED
from tests.work.bundles.desk import Desk

CHECK_CNY = Decimal("0.004")
VIDEO_CNY = 2 * Decimal("0.08")
"""Of a sound of a second, with the one that is held back beside it."""


async def foreseen(desk: Desk, *needs: str, films: bool = True, **defaults: object) -> Forecast:
    return await foresee(str(desk.folder), desk.surveyor(*needs, **defaults), films=films)


@pytest.fixture
async def busy(desk: Desk) -> Desk:
    """One to be checked and filmed, one to be checked, one to be filmed, three settled."""
    desk.lay("anna.wav")
    desk.lay("bob.png", desk.lay("anna.png").read_bytes() + b"1")
    passed = desk.lay("cleo.png", desk.lay("anna.png").read_bytes() + b"2")
    desk.lay("cleo.wav", 2)
    await desk.book_verdict(PASSED, passed.name)
    refused = desk.lay("dora.png", desk.lay("anna.png").read_bytes() + b"3")
    await desk.book_verdict(REFUSED, refused.name)
    desk.lay("eve.png", b"no picture at all")
    filmed = desk.lay("finn.png", desk.lay("anna.png").read_bytes() + b"4")
    await desk.book_verdict(PASSED, filmed.name)
    await desk.book_job(PASSED, filmed.name, sound=str(desk.lay("finn.wav")))
    return desk


async def test_a_forecast_counts_what_is_to_be_paid(busy: Desk) -> None:
    forecast = await foreseen(busy)
    assert (forecast.checks, forecast.films, forecast.films_if_passed) == (2, 1, 1)
    assert forecast.checks_cny == 2 * CHECK_CNY
    assert forecast.films_cny == VIDEO_CNY + Decimal("0.08")
    assert forecast.films_if_passed_cny == VIDEO_CNY
    assert forecast.price_cny == 2 * CHECK_CNY + 2 * VIDEO_CNY + Decimal("0.08")
    assert forecast.settled == {FilmState.REJECTED: 1, FilmState.FAILED: 1, FilmState.FILMING: 1}
    assert forecast.as_json()["price_cny"] == float(forecast.price_cny)


async def test_without_films_only_checks_are_counted(busy: Desk) -> None:
    forecast = await foreseen(busy, films=False)
    assert forecast.price_cny == 2 * CHECK_CNY
    assert (forecast.films, forecast.films_if_passed) == (0, 0)
    assert forecast.settled[FilmState.PASSED] == 2


async def test_what_waits_for_a_json_is_not_filmed(busy: Desk) -> None:
    forecast = await foreseen(busy, "sound", "json")
    assert (forecast.films, forecast.films_if_passed) == (0, 0)
    assert forecast.price_cny == 2 * CHECK_CNY
    assert forecast.settled[FilmState.WAITING_FOR_JSON] == 1


async def test_the_dearest_model_that_may_be_asked_counts(desk: Desk) -> None:
    desk.lay("anna.wav")
    forecast = await foreseen(desk, models=("emo", "wan-s2v"))
    assert forecast.checks_cny == 2 * CHECK_CNY
    assert forecast.films_if_passed_cny == Decimal("1")


async def test_what_cannot_be_read_now_is_counted_as_failed(desk: Desk) -> None:
    desk.lay("anna.json", {"sound": "none.mp3"})
    forecast = await foreseen(desk)
    assert forecast.settled == {FilmState.FAILED: 1}
    assert forecast.price_cny == 0
