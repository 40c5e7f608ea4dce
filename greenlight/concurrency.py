"""Work on many things side by side, a few at a time: as they are done, or in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

_END = object()


async def side_by_side(
    items: AsyncIterator[Item], work: Callable[[Item], Awaitable[Result]], *, at_once: int
) -> AsyncGenerator[Result, None]:
    """Yield what comes of items, in the order in which they are done.

    After the first error, of an item's work or of the items themselves, nothing new is begun; what is under
    way is waited for, since it may have been paid, and then the error is raised. What ends the process, like
    SIGTERM, which Prefect raises wherever it lands, cancels it first. So does a caller who breaks off, who
    must close this (`aclosing`) so that it is waited for.
    """
    under_way: set[asyncio.Future[Result]] = set()
    failed: list[BaseException] = []
    try:
        while not failed and (item := await _next_of(items, failed)) is not _END:
            under_way.add(asyncio.ensure_future(work(cast("Item", item))))
            if len(under_way) >= at_once:
                for result in await _some_of(under_way, failed):
                    yield result
        while under_way:
            for result in await _some_of(under_way, failed):
                yield result
    finally:
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    if failed:
        raise failed[0]


async def in_order(
    items: AsyncIterator[Item], work: Callable[[Item], Awaitable[Result]], *, at_once: int
) -> AsyncGenerator[Result, None]:
    """Yield what comes of items in the items' order, else like `side_by_side`; close this too."""

    async def numbered() -> AsyncIterator[tuple[int, Item]]:
        number = 0
        async for item in items:
            yield number, item
            number += 1

    async def work_on(numbered_item: tuple[int, Item]) -> tuple[int, Result]:
        number, item = numbered_item
        return number, await work(item)

    early: dict[int, Result] = {}
    next_number = 0
    async with aclosing(side_by_side(numbered(), work_on, at_once=at_once)) as done:
        async for number, result in done:
            early[number] = result
            while next_number in early:
                yield early.pop(next_number)
                next_number += 1


async def all_of(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], *, at_once: int
) -> list[Result]:
    """Return what comes of all items, in their order; an error is raised like that of `side_by_side`."""
    return [result async for result in in_order(each(items), work, at_once=at_once)]


async def each(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield items that are at hand."""
    for item in items:
        yield item


async def _next_of(items: AsyncIterator[Item], failed: list[BaseException]) -> Item | object:
    try:
        return await anext(items, _END)
    except Exception as error:  # noqa: BLE001 - it is raised when nothing is under way any more
        failed.append(error)
        return _END


async def _some_of(
    under_way: set[asyncio.Future[Result]], failed: list[BaseException]
) -> list[Result]:
    """Wait until something is done; return the results, and keep the errors."""
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    under_way -= done
    errors = {one: one.exception() for one in done}
    for error in errors.values():
        if error is not None and not isinstance(error, Exception):
            raise error
    failed += [error for error in errors.values() if error is not None]
    return [one.result() for one, error in errors.items() if error is None]
