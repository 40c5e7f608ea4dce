"""Batches: when they are due, what they hold, what they are known by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenlight.uploads.batching import Batch, Batcher
from greenlight.uploads.events import Arrival, read_message
from tests.uploads.messages import NOON, arrival, direct, record


@dataclass(frozen=True)
class Brought:
    arrivals: tuple[Arrival, ...]


def bring(*keys: str) -> Brought:
    return Brought(tuple(arrival(key) for key in keys))


def keys_of(taken: list[Brought]) -> list[str]:
    return [one.key for brought in taken for one in brought.arrivals]


def is_due(batcher: Batcher[Brought], now: float) -> bool:
    due_at = batcher.due_at()
    return due_at is not None and due_at <= now


def test_nothing_is_due_while_nothing_waits() -> None:
    assert Batcher[Brought]().due_at() is None


def test_the_first_is_due_at_once_and_what_follows_when_the_second_is_over() -> None:
    batcher = Batcher[Brought]()
    batcher.add(bring("a"))
    assert is_due(batcher, now=50)
    assert keys_of(batcher.take(now=50)) == ["a"]
    batcher.add(bring("b"))
    batcher.add(bring("c"))
    assert not is_due(batcher, now=50.9)
    assert is_due(batcher, now=51)
    assert keys_of(batcher.take(now=51)) == ["b", "c"]


def test_after_a_quiet_second_the_next_is_due_at_once_again() -> None:
    batcher = Batcher[Brought]()
    batcher.add(bring("a"))
    batcher.take(now=50)
    batcher.add(bring("b"))
    assert is_due(batcher, now=51.5)


def test_a_full_batch_waits_for_nothing_and_leaves_the_rest() -> None:
    batcher = Batcher[Brought](max_objects=3)
    batcher.add(bring("a"))
    batcher.take(now=50)
    for key in "bcdef":
        batcher.add(bring(key))
    assert batcher.is_full
    assert is_due(batcher, now=50.1)
    assert keys_of(batcher.take(now=50.1)) == ["b", "c", "d"]
    assert not batcher.is_full
    assert keys_of(batcher.take(now=51.1)) == ["e", "f"]


def test_a_message_is_never_split() -> None:
    batcher = Batcher[Brought](max_objects=3)
    for brought in (bring("a", "b"), bring("c", "d"), bring(*"efghi")):
        batcher.add(brought)
    batches = [keys_of(batcher.take(now=number)) for number in range(3)]
    assert batches == [["a", "b"], ["c", "d"], list("efghi")]
    assert (batcher.due_at(), batcher.is_full) == (None, False)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 120), max_size=20))
def test_nothing_is_lost_doubled_or_reordered(sizes: list[int]) -> None:
    batcher = Batcher[Brought]()
    brought = [bring(*(f"{at}-{n}" for n in range(size))) for at, size in enumerate(sizes)]
    for one in brought:
        batcher.add(one)
    taken = []
    while batcher.due_at() is not None:
        batch = batcher.take(now=0)
        assert len(keys_of(batch)) <= 100 or len(batch) == 1
        taken += batch
    assert taken == brought


OBJECTS = st.lists(
    st.builds(
        lambda key, version, etag: arrival(key, version_id=version, etag=etag),
        st.sampled_from(["a", "b", "c,d", '["a"']),
        st.none() | st.sampled_from(["v1", "v2"]),
        st.sampled_from(["e1", "e2"]),
    ),
    max_size=6,
)


@settings(derandomize=True, deadline=None)
@given(OBJECTS, st.randoms(use_true_random=False))
def test_a_batch_is_known_by_its_objects_in_whatever_order(
    objects: list[Arrival], random: object
) -> None:
    shuffled = objects.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    batch, same = Batch(tuple(objects)), Batch(tuple(shuffled))
    assert batch.idempotency_key == same.idempotency_key


@settings(derandomize=True, deadline=None)
@given(OBJECTS, OBJECTS)
def test_other_objects_are_another_batch(some: list[Arrival], others: list[Arrival]) -> None:
    are_same = {one.identity for one in some} == {one.identity for one in others}
    one, other = Batch(tuple(some)), Batch(tuple(others))
    assert (one.idempotency_key == other.idempotency_key) == are_same


@pytest.mark.parametrize("sequencer", ["0055AED6DCD90281E5", None])
@pytest.mark.parametrize("change", [{"size_bytes": 2}, {"event_time": NOON}])
def test_the_same_upload_told_of_twice_is_the_same_batch(
    change: dict[str, Any], sequencer: str | None
) -> None:
    first = arrival(sequencer=sequencer, event_time=NOON + timedelta(seconds=1))
    again = arrival(sequencer=sequencer, **change)
    assert Batch((first,)).idempotency_key == Batch((again,)).idempotency_key


def test_an_upload_told_of_under_two_event_names_is_the_same_batch() -> None:
    names = ("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload")
    put, completed = (read_message(direct(record(eventName=name))) for name in names)
    assert Batch(put).idempotency_key == Batch(completed).idempotency_key


@pytest.mark.parametrize("version", [None, "096fKKXTRTtl3on89fVO.nfljtsv6qko"])
def test_the_same_content_uploaded_again_is_another_batch(version: str | None) -> None:
    first, again = (arrival(version_id=version, sequencer=one) for one in ("0A", "0B"))
    assert Batch((first,)).idempotency_key != Batch((again,)).idempotency_key


def test_of_one_object_in_a_batch_the_newest_counts() -> None:
    old, new = (arrival(etag=etag, sequencer=at) for etag, at in (("old", "01"), ("new", "02")))
    batch = Batch.of([Brought((new,)), bring("b"), Brought((old,))])
    assert [one.etag for one in batch.arrivals if one.key == old.key] == ["new"]
    assert len(batch.arrivals) == 2
