"""Run a function in several processes at once, begun together."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Answer = TypeVar("Answer")

# The tests have no open ledger when they fork; a new interpreter each would cost most of the time.
_context = multiprocessing.get_context("fork")


def in_processes(count: int, work: Callable[..., Answer], *arguments: Any) -> list[Answer]:
    """Return what a function answers in so many processes, all of them begun at the same moment."""
    barrier = _context.Barrier(count)
    pipes = [_context.Pipe(duplex=False) for _ in range(count)]
    processes = [
        _context.Process(target=_answer, args=(sender, barrier, work, arguments))
        for _, sender in pipes
    ]
    for process in processes:
        process.start()
    answers = [receiver.recv() for receiver, _ in pipes if receiver.poll(60)]
    for process in processes:
        process.join(10)
    assert len(answers) == count
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def _answer(
    sender: Connection, barrier: Any, work: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    barrier.wait(30)
    try:
        sender.send(work(*arguments))
    except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
        sender.send(error)


@contextmanager
def holding_process(work: Callable[..., Any], *arguments: Any) -> Iterator[Callable[[], None]]:
    """Run a generator up to its first `yield` in a process that then stands still, until it is killed."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_hold, args=(sender, work, arguments))
    process.start()
    assert process.pid is not None
    pid = process.pid

    def kill() -> None:
        os.kill(pid, signal.SIGKILL)
        process.join(10)

    try:
        assert receiver.poll(30)
        receiver.recv()
        yield kill
    finally:
        if process.is_alive():
            kill()


def _hold(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    held = work(*arguments)
    next(held)
    sender.send("holds")
    signal.pause()
