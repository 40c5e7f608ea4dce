"""Which of several arrivals of one key counts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from greenlight.uploads.events import Arrival
from greenlight.uploads.newest import newest_of, newest_of_each
from tests.uploads.messages import NOON, arrival

SEQUENCERS = st.none() | st.text("0123456789ABCDEFabcdef", min_size=1, max_size=3)
ARRIVALS = st.builds(
    lambda sequencer, seconds, etag: arrival(
        sequencer=sequencer, event_time=NOON + timedelta(seconds=seconds), etag=etag
    ),
    SEQUENCERS,
    st.integers(-3, 3),
    st.sampled_from("abc"),
)


def at(seconds: float, sequencer: str | None = None, etag: str = "a") -> Arrival:
    return arrival(event_time=NOON + timedelta(seconds=seconds), sequencer=sequencer, etag=etag)


def test_a_sequencer_counts_more_than_the_clock() -> None:
    assert newest_of([at(0, "0A"), at(9, "09")]) == at(0, "0A")


def test_sequencers_of_different_lengths_leave_it_to_the_clock() -> None:
    assert newest_of([at(0, "FF"), at(1, "0001")]) == at(1, "0001")


def test_sequencers_are_numbers_whatever_their_letters() -> None:
    assert newest_of([at(1, "0b"), at(0, "0C")]) == at(0, "0C")


def test_at_a_tie_the_later_received_counts() -> None:
    assert newest_of([at(0, etag="a"), at(0, etag="b")]).etag == "b"
    assert newest_of([at(0, "01", etag="b"), at(0, "01", etag="a")]).etag == "a"


def test_three_that_beat_each_other_in_a_circle_have_one_newest_in_any_order() -> None:
    circle = [at(3, "01"), at(1, "02"), at(2, "003")]
    assert {newest_of([*circle[turn:], *circle[:turn]]) for turn in range(3)} == {at(2, "003")}


@settings(derandomize=True, deadline=None)
@given(st.lists(ARRIVALS, min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_receipt_decides_nothing_but_ties(
    several: list[Arrival], random: object
) -> None:
    shuffled = several.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = newest_of(several), newest_of(shuffled)
    is_tie = one.event_time == other.event_time
    assert one == other or is_tie


@settings(derandomize=True, deadline=None)
@given(st.lists(ARRIVALS, min_size=1))
def test_none_with_a_sequencer_of_that_length_is_newer(several: list[Arrival]) -> None:
    found = newest_of(several)
    length = len(found.sequencer or "")
    peers = [(one.sequencer or "").lower() for one in several if len(one.sequencer or "") == length]
    assert (found.sequencer or "").lower() == max(peers)


@settings(derandomize=True, deadline=None)
@given(st.lists(ARRIVALS.filter(lambda one: one.sequencer is None), min_size=1))
def test_without_sequencers_the_last_of_the_latest_counts(several: list[Arrival]) -> None:
    latest = max(one.event_time for one in several)
    assert newest_of(several) is [one for one in several if one.event_time == latest][-1]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), ARRIVALS)))
def test_every_object_stays_once(several: list[tuple[str, str, Arrival]]) -> None:
    arrivals = [
        arrival(key, bucket=bucket, event_time=one.event_time, sequencer=one.sequencer)
        for bucket, key, one in several
    ]
    found = newest_of_each(arrivals)
    objects = list(dict.fromkeys((one.bucket, one.key) for one in arrivals))
    assert [(one.bucket, one.key) for one in found] == objects
    assert newest_of_each(found) == found
