"""Many things are worked on side by side, and what was begun is finished."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
from prefect.exceptions import TerminationSignal

from greenlight.concurrency import all_of, each, in_order, side_by_side


class Bench:
    """Work that ends when it is told to, and what was begun and finished of it."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.finished: list[int] = []
        self.most_at_once = 0
        self.may_end = asyncio.Event()

    async def work(self, item: int) -> int:
        self.begun.append(item)
        self.most_at_once = max(self.most_at_once, len(self.begun) - len(self.finished))
        await self.may_end.wait()
        self.finished.append(item)
        return item * 10


async def items(count: int, fails_at: int | None = None) -> AsyncIterator[int]:
    for number in range(count):
        if number == fails_at:
            raise OSError("the listing ended")
        yield number


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0)


async def collect(results: AsyncIterator[int]) -> list[int]:
    return [one async for one in results]


async def test_everything_is_worked_on_a_few_at_a_time() -> None:
    bench = Bench()
    running = asyncio.create_task(collect(side_by_side(items(50), bench.work, at_once=4)))
    await until(lambda: len(bench.begun) == 4)
    bench.may_end.set()
    assert sorted(await running) == [number * 10 for number in range(50)]
    assert bench.most_at_once == 4


async def test_items_are_asked_for_only_when_there_is_room() -> None:
    bench = Bench()
    asked = []

    async def listing() -> AsyncIterator[int]:
        for number in range(1_000):
            asked.append(number)
            yield number

    running = asyncio.create_task(collect(side_by_side(listing(), bench.work, at_once=3)))
    await until(lambda: len(bench.begun) == 3)
    assert len(asked) == 3
    bench.may_end.set()
    assert len(await running) == 1_000


async def test_after_an_error_nothing_is_begun_and_what_was_begun_is_finished() -> None:
    bench = Bench()

    async def work(item: int) -> int:
        if item == 2:
            raise ValueError("401")
        return await bench.work(item)

    results: list[int] = []

    async def run() -> None:
        async for result in side_by_side(items(50), work, at_once=4):
            results.append(result)

    running = asyncio.create_task(run())
    await until(lambda: len(bench.begun) == 3)
    bench.may_end.set()
    with pytest.raises(ValueError, match="401"):
        await running
    assert sorted(results) == [0, 10, 30]
    assert bench.finished == bench.begun == [0, 1, 3]


async def test_a_listing_that_breaks_off_lets_what_was_begun_be_finished() -> None:
    bench = Bench()
    results: list[int] = []

    async def run() -> None:
        async for result in side_by_side(items(50, fails_at=3), bench.work, at_once=8):
            results.append(result)

    running = asyncio.create_task(run())
    await until(lambda: len(bench.begun) == 3)
    bench.may_end.set()
    with pytest.raises(OSError, match="the listing ended"):
        await running
    assert sorted(results) == [0, 10, 20]


async def test_who_is_cancelled_leaves_nothing_running() -> None:
    bench = Bench()
    ended = []

    async def work(item: int) -> int:
        try:
            return await bench.work(item)
        finally:
            ended.append(item)

    running = asyncio.create_task(collect(side_by_side(items(50), work, at_once=4)))
    await until(lambda: len(bench.begun) == 4)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(ended) == [0, 1, 2, 3]


async def test_a_signal_that_lands_in_one_cancels_the_others_and_waits_for_them() -> None:
    bench = Bench()
    ended = []

    async def work(item: int) -> int:
        if item == 2:
            raise TerminationSignal(signal.SIGTERM)
        try:
            return await bench.work(item)
        finally:
            await asyncio.sleep(0)
            ended.append(item)

    running = asyncio.create_task(collect(side_by_side(items(50), work, at_once=4)))
    with pytest.raises(TerminationSignal):
        await asyncio.wait_for(running, 20)
    assert sorted(ended) == bench.begun == [0, 1, 3]


async def test_nothing_to_do_is_nothing_done() -> None:
    assert await collect(side_by_side(items(0), Bench().work, at_once=4)) == []


async def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    may_end = [asyncio.Event() for _ in range(6)]

    async def work(item: int) -> int:
        await may_end[item].wait()
        if item:
            may_end[item - 1].set()
        return item * 10

    running = asyncio.create_task(all_of(range(6), work, at_once=6))
    # The last is done first, and lets the one before it be done.
    may_end[5].set()
    assert await asyncio.wait_for(running, 20) == [0, 10, 20, 30, 40, 50]


async def test_the_first_result_is_there_while_later_ones_are_not() -> None:
    bench = Bench()

    async def work(item: int) -> int:
        return item if item == 0 else await bench.work(item)

    async with aclosing(in_order(items(50), work, at_once=4)) as results:
        assert await asyncio.wait_for(anext(results), 20) == 0
    assert bench.finished == []


async def test_all_are_worked_on_a_few_at_a_time_in_order_too() -> None:
    bench = Bench()
    running = asyncio.create_task(all_of(range(50), bench.work, at_once=4))
    await until(lambda: len(bench.begun) == 4)
    bench.may_end.set()
    assert await running == [number * 10 for number in range(50)]
    assert bench.most_at_once == 4


async def test_of_several_errors_the_first_is_raised_alone_and_nothing_more_is_begun() -> None:
    bench = Bench()

    async def work(item: int) -> int:
        if item == 1:
            raise ValueError("401")
        if item == 2:
            return item
        await bench.work(item)
        raise ValueError("a later one")

    async def run() -> None:
        async for result in side_by_side(each(range(50)), work, at_once=3):
            assert result == 2
            # The first error is known by now, since it came together with this.
            bench.may_end.set()

    with pytest.raises(ValueError, match="401"):
        await asyncio.wait_for(run(), 20)
    assert bench.finished == bench.begun == [0]


async def test_an_error_reaches_who_waits_for_all_and_nothing_more_is_begun() -> None:
    bench = Bench()
    bench.may_end.set()

    async def work(item: int) -> int:
        if item == 1:
            raise ValueError("401")
        return await bench.work(item)

    with pytest.raises(ValueError, match="401"):
        await all_of(range(50), work, at_once=2)
    assert max(bench.begun) < 4


@pytest.mark.parametrize("way", ["cancelled", "closed"])
async def test_who_breaks_off_ends_all_that_is_under_way(way: str) -> None:
    bench = Bench()
    ended = []

    async def work(item: int) -> int:
        try:
            return 0 if item == 0 else await bench.work(item)
        finally:
            await asyncio.sleep(0)
            ended.append(item)

    async def take_one() -> None:
        async with aclosing(in_order(each(range(50)), work, at_once=4)) as results:
            async for _ in results:
                await until(lambda: len(bench.begun) == 3)
                if way == "closed":
                    return

    running = asyncio.create_task(take_one())
    await until(lambda: len(bench.begun) >= 3)
    if way == "cancelled":
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        await asyncio.wait_for(running, 20)
    assert sorted(ended) == [0, *sorted(bench.begun)]
