"""Listening to a real queue over HTTP: what is handed over, and what becomes of the messages."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest

from greenlight.errors import GreenlightError
from greenlight.uploads import listening as listening_module
from greenlight.uploads.batching import Batch, Batcher
from greenlight.uploads.errors import BatchRefused, MessagesRefused, QueueRefused
from greenlight.uploads.listening import Handler, Listener, Ready, Received, always_ready
from greenlight.uploads.queue import Message, UploadQueue, region_of
from tests.bucket import Bucket
from tests.uploads.conftest import VISIBILITY_SECONDS, Queue
from tests.uploads.messages import KEYS, TEST_EVENT, by_eventbridge, by_sns, direct, record


class PrefectIsGoneError(GreenlightError):
    """Says why in its own words."""


class Heard:
    """A handler that remembers, and that can be told to fail or to hesitate."""

    def __init__(self, *failures: Exception) -> None:
        self.tried: list[list[str]] = []
        self.batches: list[list[str]] = []
        self.failures = list(failures)
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, batch: Batch) -> None:
        keys = [arrival.key for arrival in batch.arrivals]
        self.tried.append(keys)
        await self.may_go_on.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(keys)

    @property
    def keys(self) -> list[str]:
        return [key for keys in self.batches for key in keys]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(
    queue: Queue,
    handler: Handler,
    *,
    batcher: Batcher[Received] | None = None,
    visibility_seconds: int = VISIBILITY_SECONDS,
    ready: Ready = always_ready,
) -> AsyncIterator[asyncio.Event]:
    """Listen during a `with` block, and drain at its end."""
    stop = asyncio.Event()
    listener = Listener(
        UploadQueue(queue.url, poll_seconds=1, visibility_seconds=visibility_seconds),
        handler,
        ready=ready,
        batcher=batcher or Batcher(window_seconds=0.05),
        first_pause_seconds=0.01,
    )
    task = asyncio.create_task(listener.run(stop))
    try:
        yield stop
    except BaseException:
        # What has failed may have left the handler waiting for good.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    stop.set()
    # Ends the poll under way at once.
    await asyncio.to_thread(queue.send, TEST_EVENT)
    await task


async def test_every_upload_is_handed_over_under_its_own_key_and_leaves_no_message(
    bucket: Bucket, queue: Queue
) -> None:
    for key in [*KEYS, "elsewhere/anna.png"]:
        bucket.put(key, b"png")
    heard = Heard()
    async with listening(queue, heard):
        await until(queue.is_empty)
    assert sorted(heard.keys) == sorted(KEYS)
    assert (queue.hidden(), queue.left()) == (0, 0)


async def test_all_shapes_are_heard(queue: Queue) -> None:
    queue.send(direct(record("a.png")))
    queue.send(by_sns(direct(record("b.png"))))
    queue.send(by_eventbridge("c.png"))
    heard = Heard()
    async with listening(queue, heard):
        await until(lambda: sorted(heard.keys) == ["a.png", "b.png", "c.png"])


async def test_what_asks_for_no_work_is_deleted_and_handed_to_nobody(queue: Queue) -> None:
    for body in (TEST_EVENT, direct(), direct(record(eventName="ObjectRemoved:Delete"))):
        queue.send(body)
    heard = Heard()
    async with listening(queue, heard):
        await until(queue.is_empty)
    assert (heard.tried, queue.dead()) == ([], 0)


async def test_messages_are_deleted_only_after_the_handler_has_returned(queue: Queue) -> None:
    queue.clear()
    queue.send(direct(record("a.png")))
    heard = Heard()
    heard.may_go_on.clear()
    async with listening(queue, heard, visibility_seconds=60):
        await until(lambda: bool(heard.tried))
        assert queue.hidden() == 1
        heard.may_go_on.set()
        await until(queue.is_empty)
    assert heard.batches == [["a.png"]]


async def test_what_is_held_is_kept_out_of_others_sight(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    extended = 0
    change_visibility = UploadQueue.change_visibility

    async def counted(self: UploadQueue, receipts: Iterable[str], seconds: int) -> None:
        nonlocal extended
        await change_visibility(self, receipts, seconds)
        extended += 1

    monkeypatch.setattr(UploadQueue, "change_visibility", counted)
    queue.send(direct(record("a.png")))
    heard = Heard()
    heard.may_go_on.clear()
    async with listening(queue, heard):
        # By then the time for which it was received at first is over.
        await until(lambda: extended * VISIBILITY_SECONDS / 3 > VISIBILITY_SECONDS)
        assert (queue.visible(), queue.hidden(), queue.dead()) == (0, 1, 0)
        heard.may_go_on.set()
        await until(queue.is_empty)
    assert heard.tried == [["a.png"]]


async def test_while_the_handler_fails_its_batch_is_held_and_tried_again(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send(direct(record("a.png")))
    heard = Heard(ConnectionError("Prefect is down"), ConnectionError("still down"))
    async with listening(queue, heard):
        await until(queue.is_empty)
    assert heard.tried == [["a.png"]] * 3
    assert (heard.batches, queue.dead()) == ([["a.png"]], 0)
    assert "1 object cannot be handed over yet: ConnectionError: still down" in caplog.text


async def test_while_a_batch_is_held_in_vain_nothing_else_is_received(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    receive = UploadQueue.receive

    async def counted(self: UploadQueue) -> list[Message]:
        nonlocal looks
        looks += 1
        try:
            return await receive(self)
        finally:
            looks -= 1

    monkeypatch.setattr(UploadQueue, "receive", counted)
    queue.send(direct(record("a.png")))
    heard = Heard(*[ConnectionError("Prefect is down")] * 1000)
    async with listening(queue, heard):
        await until(lambda: len(heard.tried) >= 2)
        # Ends the look that was under way when it failed the first time.
        await asyncio.to_thread(queue.send, TEST_EVENT)
        await until(lambda: looks == 0)
        queue.send(direct(record("b.png")))
        tries, waiting = len(heard.tried), queue.visible()
        await until(lambda: len(heard.tried) > tries)
        assert (looks, queue.visible(), queue.hidden()) == (0, waiting, 1)
        heard.failures.clear()
        await until(lambda: heard.keys == ["a.png", "b.png"])
    assert (queue.left(), queue.dead()) == (0, 0)


async def test_restarts_while_nobody_takes_anything_use_up_no_try_of_a_message(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send(direct(record("a.png")))
    heard, waiting = Heard(), queue.visible()
    asked = 0

    async def not_ready() -> None:
        nonlocal asked
        asked += 1
        raise PrefectIsGoneError("Prefect is down")

    for restarts in range(1, 7):
        stop, enough = asyncio.Event(), restarts * 3
        ours = UploadQueue(queue.url)
        listener = Listener(ours, heard, ready=not_ready, first_pause_seconds=0.01)
        task = asyncio.create_task(listener.run(stop))
        await until(lambda enough=enough: asked >= enough)  # type: ignore[misc]
        stop.set()
        await task
    assert (queue.visible(), queue.hidden(), queue.dead(), heard.tried) == (waiting, 0, 0, [])
    assert caplog.text.count("uploads wait in the queue until this is over: Prefect is down") == 6
    answer = queue.client.receive_message(
        QueueUrl=queue.url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    counts = [one["Attributes"]["ApproximateReceiveCount"] for one in answer["Messages"]]
    assert counts == ["1"] * waiting


async def test_as_soon_as_somebody_takes_batches_messages_are_received(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send(direct(record("a.png")))
    failures, heard = [ConnectionError("down"), ConnectionError("still down")], Heard()

    async def ready() -> None:
        if failures:
            raise failures.pop(0)

    caplog.set_level(logging.INFO)
    async with listening(queue, heard, ready=ready):
        await until(queue.is_empty)
    assert heard.keys == ["a.png"]
    said = [one.getMessage() for one in caplog.records if one.name == listening_module.__name__]
    assert said == [
        "uploads wait in the queue until this is over: ConnectionError: down",
        "it is over: uploads are received",
    ]


async def test_what_cannot_be_kept_out_of_sight_any_longer_is_said_once(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send(direct(record("a.png")))
    heard = Heard()
    heard.may_go_on.clear()
    async with listening(queue, heard):
        await until(lambda: bool(heard.tried))
        queue.client.purge_queue(QueueUrl=queue.url)
        await until(lambda: "did not hide 1 message (ReceiptHandleIsInvalid)" in caplog.text)
        heard.may_go_on.set()
        await until(lambda: "did not delete 1 message (ReceiptHandleIsInvalid)" in caplog.text)
    assert caplog.text.count("what is held may arrive twice") == 1
    assert caplog.text.count("arrives again and is recognised") == 1


async def test_of_many_messages_those_that_the_queue_did_not_delete_are_named(
    queue: Queue,
) -> None:
    for number in range(12):
        queue.send(direct(record(f"{number}.png")))
    ours = UploadQueue(queue.url, poll_seconds=1)
    messages = [*await ours.receive(), *await ours.receive()]
    receipts = [one.receipt for one in messages]
    with pytest.raises(MessagesRefused, match="did not delete 2 messages") as caught:
        await ours.delete(["nobody's", *receipts, "nobody's either"])
    assert {*caught.value.receipts} == {"nobody's", "nobody's either"}
    assert queue.is_empty()


async def test_poison_goes_to_the_dead_letter_queue_and_holds_nobody_up(
    bucket: Bucket, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.send("{poison")
    bucket.put("uploads/anna.png", b"png")
    heard = Heard()
    async with listening(queue, heard):
        await until(lambda: heard.keys == ["uploads/anna.png"])
        await until(lambda: queue.dead() == 1)
    assert "is left to the redrive policy: it is not JSON" in caplog.text
    assert (queue.hidden(), queue.left()) == (0, 1)


async def test_of_a_refused_batch_only_the_one_at_fault_is_left(queue: Queue) -> None:
    keys = ["a.png", "b.png", "wrong.png", "d.png", "e.png"]
    for key in keys:
        queue.send(direct(record(key)))
    heard: list[str] = []

    async def refuse_one(batch: Batch) -> None:
        names = [arrival.key for arrival in batch.arrivals]
        if "wrong.png" in names:
            raise BatchRefused("it is wrong")
        heard.extend(names)

    async with listening(queue, refuse_one):
        await until(lambda: queue.dead() == 1)
    assert sorted(heard) == ["a.png", "b.png", "d.png", "e.png"]
    assert (queue.hidden(), queue.left()) == (0, 1)


async def test_a_burst_is_handed_over_in_batches_that_are_never_too_large(queue: Queue) -> None:
    keys = [f"{number}.png" for number in range(23)]
    for key in keys:
        queue.send(direct(record(key)))
    heard = Heard()
    async with listening(queue, heard, batcher=Batcher(window_seconds=0.05, max_objects=4)):
        await until(queue.is_empty)
    assert sorted(heard.keys) == sorted(keys)
    assert max(len(keys) for keys in heard.batches) == 4


async def test_a_stop_hands_over_what_was_received(queue: Queue) -> None:
    queue.send(direct(record("a.png")))
    heard = Heard()
    async with listening(queue, heard, batcher=Batcher(window_seconds=3600)):
        await until(lambda: heard.keys == ["a.png"])
        queue.send(direct(record("b.png")))
        await until(lambda: queue.hidden() == 1)
    assert heard.keys == ["a.png", "b.png"]
    assert (queue.hidden(), queue.left()) == (0, 0)


async def test_at_a_stop_what_nobody_takes_is_given_back_at_once(queue: Queue) -> None:
    queue.send(direct(record("a.png")))
    heard = Heard(*[ConnectionError("Prefect is down")] * 1000)
    async with listening(queue, heard, visibility_seconds=600):
        await until(lambda: bool(heard.tried))
    assert (queue.hidden(), queue.left()) == (0, 1)
    assert heard.batches == []


async def test_an_unreachable_queue_is_waited_for(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from moto.server import ThreadedMotoServer

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    queue.send(direct(record("a.png")))
    heard = Heard()
    caplog.set_level(logging.WARNING)
    async with listening(queue, heard):
        await until(lambda: "(no connection)" in caplog.text)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
        await asyncio.to_thread(server.start)
        await until(lambda: heard.keys == ["a.png"])
    server.stop()
    assert "nothing is lost" in caplog.text


async def test_a_queue_that_was_never_there_ends_the_listener_with_a_sentence(queue: Queue) -> None:
    listener = Listener(UploadQueue(f"{queue.url}-nowhere"), Heard())
    with pytest.raises(QueueRefused, match="does not exist"):
        await listener.run(asyncio.Event())


async def test_nobodys_credentials_end_the_listener_with_a_sentence(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(QueueRefused, match="Unable to locate credentials"):
        await Listener(UploadQueue(queue.url), Heard()).run(asyncio.Event())


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/123456789012/uploads", "eu-central-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/uploads", "cn-north-1"),
        ("https://us-east-2.queue.amazonaws.com/123456789012/uploads", "us-east-2"),
        ("http://127.0.0.1:5000/123456789012/uploads", None),
    ],
)
def test_the_region_stands_in_the_address(url: str, region: str | None) -> None:
    assert region_of(url) == region
