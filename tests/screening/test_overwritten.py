"""A verdict counts for the portrait that was checked, whatever was put over it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from greenlight.errors import InputError, Overwritten
from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.screening.screener import Screener, Screening
from greenlight.studio.server import StudioServer
from tests.bucket import Asked, Bucket
from tests.conftest import SAMPLES
from tests.screening.conftest import screen
from tests.steering import add_fault, paid, received

EMO = catalog.family("emo")
ANIMATE = catalog.family("animate-anyone")


async def test_a_portrait_that_changed_meanwhile_is_not_paid_for(
    screener: Screener, astronaut: Path, tmp_path: Path, studio: StudioServer
) -> None:
    file = tmp_path / "anna.png"
    file.write_bytes(astronaut.read_bytes())
    portrait = await examine(str(file))
    file.write_bytes(astronaut.read_bytes() + b"\0")
    with pytest.raises(Overwritten, match="was changed"):
        await screener.screen(portrait, EMO)
    assert received(studio, "check") == 0


async def overwrite_during_check(
    studio: StudioServer,
    screening: Coroutine[Any, Any, Screening],
    overwrite: Callable[[], object],
    *,
    slow_seconds: float = 1,
) -> Screening:
    """Screen while the studio is slow, and do something when the check has arrived there."""
    add_fault(studio, "slow", "check", when="before", seconds=slow_seconds)
    under_way = asyncio.create_task(screening)
    while await asyncio.to_thread(received, studio, "check") == 0:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(overwrite)
    return await under_way


def outcomes(ledger: Ledger) -> dict[str, Decimal]:
    return {cost.outcome: cost.cost_cny for cost in ledger.costs.by_outcome()}


async def test_a_portrait_that_was_overwritten_during_its_check_is_paid_and_not_used(
    screener: Screener, ledger: Ledger, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    place = bucket.put("anna.png", (SAMPLES / "made_two.jpg").read_bytes())
    portrait = await examine(place)
    check = replace(screener, flow_run="run-1").screen(portrait, ANIMATE)
    with pytest.raises(Overwritten, match="changed during its check") as caught:
        await overwrite_during_check(
            studio, check, lambda: bucket.put("anna.png", astronaut.read_bytes())
        )
    told = caught.value
    assert "its verdict for 0.004 CNY is not used, so run it again" in told.text()
    assert told.spent
    assert outcomes(ledger) == {"stale": Decimal("0.004")}
    assert ledger.checks.cost_of_run_cny("run-1") == Decimal("0.004")
    # The newest picture is checked like any other, and the one before would be too.
    assert (await screen(screener, place, "animate-anyone")).verdict.passed
    bucket.put("anna.png", (SAMPLES / "made_two.jpg").read_bytes())
    again = await screen(screener, place, "animate-anyone")
    assert (again.verdict.passed, again.cached) == (False, False)
    assert paid(studio) == {"animate-anyone-detect-gen2": 3}


async def test_boxes_that_do_not_fit_because_of_another_portrait_are_told_as_that(
    screener: Screener, ledger: Ledger, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    def of_edge(pixels: int) -> bytes:
        stored = BytesIO()
        Image.open(astronaut).convert("RGB").resize((pixels, pixels)).save(stored, "JPEG")
        return stored.getvalue()

    portrait, larger = await examine(bucket.put("anna.jpg", of_edge(400))), of_edge(1600)
    with pytest.raises(Overwritten, match="changed during its check") as caught:
        await overwrite_during_check(
            studio,
            screener.screen(portrait, EMO),
            lambda: bucket.put("anna.jpg", larger),
            # The studio must look at the larger one, on a busy machine too.
            slow_seconds=4,
        )
    assert caught.value.spent
    assert outcomes(ledger) == {"uncertain": Decimal("0.004")}


async def test_a_portrait_is_asked_for_twice_before_its_check_and_once_after_it(
    screener: Screener, bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    place = bucket.put("anna.png", astronaut.read_bytes())
    requests.clear()
    await screen(screener, place)
    # The bucket is asked for its region before the first link into it is signed.
    asked = ["HeadObject", "GetObject", "HeadObject", "HeadBucket", "HeadObject"]
    assert [one.operation for one in requests] == asked
    requests.clear()
    await screen(screener, place, "animate-anyone")
    asked.remove("HeadBucket")
    assert [one.operation for one in requests] == asked


async def test_the_same_content_put_again_during_the_check_changes_nothing(
    screener: Screener, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    content = astronaut.read_bytes()
    portrait = await examine(bucket.put("anna.png", content))
    found = await overwrite_during_check(
        studio, screener.screen(portrait, EMO), lambda: bucket.put("anna.png", content)
    )
    assert found.verdict.passed


async def test_a_version_that_was_checked_counts_whatever_was_put_meanwhile(
    screener: Screener, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    bucket.keep_versions()
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))
    two = (SAMPLES / "made_two.jpg").read_bytes()
    found = await overwrite_during_check(
        studio, screener.screen(portrait, ANIMATE), lambda: bucket.put("anna.png", two)
    )
    assert found.verdict.passed
    assert (await screener.screen(portrait, ANIMATE)).cached


async def test_a_portrait_that_was_deleted_during_its_check_is_paid_and_not_used(
    screener: Screener, ledger: Ledger, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))
    add_fault(studio, "slow", "check", when="after", seconds=1)

    def delete() -> None:
        bucket.client.delete_object(Bucket=bucket.name, Key="anna.png")

    under_way = asyncio.create_task(screener.screen(portrait, EMO))
    while not await asyncio.to_thread(paid, studio):
        await asyncio.sleep(0.01)
    await asyncio.to_thread(delete)
    with pytest.raises(InputError, match="may have changed during its check") as caught:
        await under_way
    assert caught.value.spent
    assert outcomes(ledger) == {"stale": Decimal("0.004")}


async def test_an_overwritten_portrait_whose_check_cost_nothing_is_not_called_paid(
    screener: Screener, ledger: Ledger, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))
    add_fault(studio, "refusal", "check", shape=4, code="InvalidFile.NoHuman", message="None.")
    with pytest.raises(Overwritten, match="its verdict is not used") as caught:
        await overwrite_during_check(
            studio,
            screener.screen(portrait, EMO),
            lambda: bucket.put("anna.png", astronaut.read_bytes() + b"\0"),
        )
    assert not caught.value.spent
    assert outcomes(ledger) == {"stale": Decimal(0)}
