"""Listen to a queue: take uploads in, hand them over in batches, and delete their messages afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from greenlight.errors import Explained, sentence
from greenlight.uploads.batching import Batch, Batcher
from greenlight.uploads.errors import (
    BatchRefused,
    MalformedMessage,
    MessagesRefused,
    QueueError,
    QueueRefused,
)
from greenlight.uploads.events import Arrival, read_message
from greenlight.uploads.queue import Message, UploadQueue

logger = logging.getLogger(__name__)

Handler = Callable[[Batch], Awaitable[None]]
"""Takes a batch over for good. `BatchRefused` means never; any other error means later."""
Ready = Callable[[], Awaitable[None]]
"""Returns when the handler would take a batch now; an error says why it would not."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """A message with the uploads that it tells of."""

    message: Message
    arrivals: tuple[Arrival, ...]


async def always_ready() -> None:
    """Say of a handler that it would take a batch at any time."""


MAY_ARRIVE_TWICE = "what is held may arrive twice"


class Listener:
    """Hands the uploads that a queue tells of to a handler, at least once each.

    A message is deleted only after the handler has returned. While the handler fails, its batch is held and
    tried again: messages that were given back would be received again and again, and the redrive policy
    would take them for poison. For the same reason nothing is received while a batch is held in vain, and
    nothing at first until the handler would take a batch. What is held is kept out of others' sight. Poison
    is left alone, until the redrive policy moves it to the dead-letter queue, and the others go on.
    """

    def __init__(
        self,
        queue: UploadQueue,
        handler: Handler,
        *,
        ready: Ready = always_ready,
        batcher: Batcher[Received] | None = None,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._ready = ready
        self._batcher = batcher if batcher is not None else Batcher[Received]()
        self._first_pause_seconds = first_pause_seconds
        self._held: dict[str, Received] = {}
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._is_held_up = False

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set; then hand over what was received, and return.

        What cannot be handed over at the end is given back to the queue. `QueueRefused` is raised only when
        the queue has never let us in: later it may be a passing fault of an administrator.
        """
        receiving = asyncio.create_task(self._receive(stop))
        keeping = asyncio.create_task(self._extend_visibility())
        try:
            await self._hand_over_all(receiving, stop)
            await receiving
        finally:
            for task in (receiving, keeping):
                task.cancel()
            await asyncio.gather(receiving, keeping, return_exceptions=True)
            await self._give_back()

    async def _receive(self, stop: asyncio.Event) -> None:
        failures, was_let_in = 0, False
        try:
            await self._wait_until_ready(stop)
            while not stop.is_set():
                if self._batcher.is_full or self._is_held_up:
                    # The rest is safe in the queue, where another listener may take it, and does not age.
                    await self._wait_until_taken()
                    continue
                try:
                    messages = await self._queue.receive()
                except QueueError as error:
                    if isinstance(error, QueueRefused) and not was_let_in:
                        raise
                    failures += 1
                    await self._pause(failures, stop, _logged(error, "nothing is lost"))
                else:
                    failures, was_let_in = 0, True
                    await self._take_in(messages)
        finally:
            self._arrived.set()

    async def _wait_until_ready(self, stop: asyncio.Event) -> None:
        """Return when the handler would take a batch, or at a stop; say when the wait begins and ends."""
        failures = 0
        while not stop.is_set():
            try:
                await self._ready()
            except Exception as error:  # noqa: BLE001 - whatever it is, the messages are better off in the queue
                failures += 1
                if failures == 1:
                    logger.warning("uploads wait in the queue until this is over: %s", _said(error))
                await _wait(self._pause_seconds(failures), stop)
            else:
                if failures:
                    logger.info("it is over: uploads are received")
                return

    async def _wait_until_taken(self) -> None:
        self._taken.clear()
        await self._taken.wait()

    async def _take_in(self, messages: list[Message]) -> None:
        """Let uploads wait for their batch, and delete the messages that ask for no work."""
        without_work: list[str] = []
        for message in messages:
            try:
                arrivals = read_message(message.body)
            except MalformedMessage as error:
                self._leave(message, error)
                continue
            if not arrivals:
                without_work.append(message.receipt)
                continue
            received = Received(message, arrivals)
            self._held[message.receipt] = received
            self._batcher.add(received)
            self._arrived.set()
        await self._delete(without_work)

    async def _hand_over_all(self, receiving: asyncio.Task[None], stop: asyncio.Event) -> None:
        """Hand over batch after batch when it is due, until the last one after the stop."""
        while True:
            self._arrived.clear()
            due_at = self._batcher.due_at()
            if due_at is None:
                if receiving.done():
                    return
                await self._arrived.wait()
            elif due_at > time.monotonic() and not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), due_at - time.monotonic())
            else:
                received = self._batcher.take(time.monotonic())
                self._taken.set()
                await self._hand_over(received, stop)
                self._is_held_up = False
                self._taken.set()

    async def _hand_over(self, received: list[Received], stop: asyncio.Event) -> None:
        """Hand over one batch, however long it takes; at a stop it is tried once more and then given back."""
        batch = Batch.of(received)
        failures = 0
        while True:
            is_last = stop.is_set()
            try:
                await self._handler(batch)
            except BatchRefused as error:
                await self._divide(received, error, stop)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the messages must not be lost
                if is_last:
                    logger.warning("the queue gets %s back: %s", _counted(batch), _said(error))
                    return
                failures += 1
                self._is_held_up = True
                what = f"{_counted(batch)} cannot be handed over yet: {_said(error)}"
                await self._pause(failures, stop, what)
            else:
                await self._delete([one.message.receipt for one in received])
                return

    async def _divide(
        self, received: list[Received], error: BatchRefused, stop: asyncio.Event
    ) -> None:
        """Hand over the halves of a refused batch, so that the one at fault keeps nobody else."""
        if len(received) == 1:
            (message,) = (one.message for one in received)
            self._leave(message, error)
            self._held.pop(message.receipt, None)
            return
        middle = len(received) // 2
        await self._hand_over(received[:middle], stop)
        await self._hand_over(received[middle:], stop)

    @staticmethod
    def _leave(message: Message, error: Explained) -> None:
        why = _logged(error)
        logger.warning("message %s is left to the redrive policy: %s", message.id, why)

    async def _delete(self, receipts: list[str]) -> None:
        for receipt in receipts:
            self._held.pop(receipt, None)
        try:
            await self._queue.delete(receipts)
        except QueueError as error:
            logger.warning(
                "%s", _logged(error, "what was handed over arrives again and is recognised")
            )

    async def _extend_visibility(self) -> None:
        """Extend what is held, long before it would be received again."""
        while True:
            await asyncio.sleep(self._queue.visibility_seconds / 3)
            try:
                await self._queue.change_visibility(
                    list(self._held), self._queue.visibility_seconds
                )
            except MessagesRefused as error:
                # SQS hides for 12 h at the most. Those that were deleted meanwhile are none of these.
                if [one for one in error.receipts if self._held.pop(one, None)]:
                    logger.warning("%s", _logged(error, MAY_ARRIVE_TWICE))
            except QueueError as error:
                logger.warning("%s", _logged(error, MAY_ARRIVE_TWICE))

    async def _give_back(self) -> None:
        """Let others have what could not be handed over, without waiting for its time to end."""
        try:
            await self._queue.change_visibility(list(self._held), 0)
        except QueueError as error:
            after = f"others get it after {self._queue.visibility_seconds} s"
            logger.warning("%s", _logged(error, after))

    async def _pause(self, failures: int, stop: asyncio.Event, what: str) -> None:
        """Say what is wrong and wait, longer each time; a stop ends the wait."""
        seconds = self._pause_seconds(failures)
        logger.warning("%s; tried again in %.0f s", what, seconds)
        await _wait(seconds, stop)

    def _pause_seconds(self, failures: int) -> float:
        growing = self._first_pause_seconds * 2.0 ** min(failures - 1, 16)
        return min(growing, LONGEST_PAUSE_SECONDS)


async def _wait(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _counted(batch: Batch) -> str:
    count = len(batch.arrivals)
    return "1 object" if count == 1 else f"{count} objects"


def _logged(error: Explained, *more: str) -> str:
    """Return an error's sentence and what else is to be said, without a full stop."""
    return sentence((*error.parts(), *more))


def _said(error: Exception) -> str:
    """Return an error's own words where they are for people, else its type too."""
    if isinstance(error, Explained):
        return _logged(error)
    return f"{type(error).__name__}: {error}".rstrip(": ")
