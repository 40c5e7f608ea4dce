"""Show on a terminal that long work goes on; elsewhere show nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greenlight.wording import visible

Advance = Callable[[], None]
"""Say that one more piece of the work is done."""


Tell = Callable[[int, int | None], None]
"""Say how many of how many are done; the total may not be known yet."""


@contextmanager
def pace(what: str) -> Iterator[Tell]:
    """Show a line with what is done, the rate and the time left."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(visible(what), total=None, rate="")

        def tell(done: int, total: int | None) -> None:
            speed = shown.tasks[0].speed
            rate = f"{speed:.1f} a second" if speed else ""
            shown.update(task, completed=done, total=total, rate=rate)

        yield tell


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show a line with the time that has passed and, where the total is known, what is left."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    known = () if total is None else (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        *known,
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(visible(what), total=total)
        yield lambda: shown.advance(task)
