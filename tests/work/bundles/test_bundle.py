"""What is called alike lies together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenlight.media.kinds import Kind, kind_of
from greenlight.media.place import shown_of
from greenlight.work.bundles.bundle import Bundle, grouped

NAMES = ["anna", "anna.old", "anna.old.er", "Anna", "an na", "a+b", "50%25", "陽子", "🙂", "ann"]
ENDINGS = ["png", "PNG", "jpg", "mp3", "wav", "mp4", "json", "txt", "", "d/eve.png"]
places = st.builds(
    lambda folder, name, ending: f"s3://box/{folder}{name}{'.' if ending else ''}{ending}",
    st.sampled_from(["", "in/", "in/deep/", "in.d/"]),
    st.sampled_from(NAMES),
    st.sampled_from(ENDINGS),
)


@dataclass(frozen=True)
class Lying:
    """An object as a listing tells of it."""

    place: str
    seen: str = ""


def group(places: Iterable[str]) -> dict[str, set[str]]:
    bundles = list(grouped(Lying(place, f"etag-{place}-1") for place in sorted(places)))
    by_stem = {one.stem: {part.place for part in one.everything} for one in bundles}
    assert len(by_stem) == len(bundles), "a bundle came in two pieces"
    return by_stem


@given(st.sets(places, max_size=40))
def test_a_sorted_listing_is_grouped_as_if_all_of_it_were_known(lying: set[str]) -> None:
    expected: dict[str, set[str]] = {}
    for place in lying:
        folder, _, name = place.rpartition("/")
        stem, dot, ending = name.rpartition(".")
        if dot and ending.lower() in {"png", "jpg", "mp3", "wav", "mp4", "json"}:
            expected.setdefault(f"{folder}/{stem}", set()).add(place)
    assert group(lying) == expected


def test_another_bundle_may_lie_between_the_parts_of_one() -> None:
    assert group(["s3://box/anna.mp3", "s3://box/anna.old.png", "s3://box/anna.png"]) == {
        "s3://box/anna": {"s3://box/anna.mp3", "s3://box/anna.png"},
        "s3://box/anna.old": {"s3://box/anna.old.png"},
    }


def test_a_bundle_is_there_before_the_listing_ends() -> None:
    seen = []

    def listing() -> Iterable[Lying]:
        for number in range(1000):
            seen.append(number)
            yield Lying(f"s3://box/{number:04}.png")

    bundles = iter(grouped(listing()))
    assert next(bundles).stem == "s3://box/0000"
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("s3://box/anna.PNG", Kind.PICTURE),
        ("/in/anna.JPeG", Kind.PICTURE),
        ("s3://box/a b+c%20.webp", Kind.PICTURE),
        ("s3://box/陽子🙂.wav", Kind.SOUND),
        ("anna.Mov", Kind.VIDEO),
        ("anna.old.json", Kind.DETAILS),
        ("s3://box.png/anna", None),
        ("s3://box/anna", None),
        ("s3://box/anna.", None),
        ("s3://box/anna.txt", None),
        ("s3://box/.png", None),
        ("s3://box/in/._anna.png", None),
        ("s3://box/in.png/", None),
        ("", None),
    ],
)
def test_the_ending_says_what_a_file_is(place: str, kind: Kind | None) -> None:
    assert kind_of(place) is kind


def test_the_same_content_is_another_medium_as_another_kind() -> None:
    bundle = Bundle("s3://box/anna")
    for ending in ("mp3", "mp4"):
        bundle.add(Lying(f"s3://box/anna.{ending}", "etag-ab-1"))
    sound, motion = bundle.first(Kind.SOUND), bundle.first(Kind.VIDEO)
    assert sound is not None
    assert motion is not None
    assert sound.key != motion.key
    assert bundle.medium_at("s3://box/anna.mp4", Kind.SOUND).key == sound.key
    assert (bundle.name, bundle.folder) == ("anna", "s3://box")


def test_a_place_is_shown_without_what_may_be_signed() -> None:
    assert shown_of("https://host/a.mp3?Signature=x#y") == "https://host/a.mp3"
    assert shown_of("HTTP://user:word@host/a.mp3?x=1") == "http://host/a.mp3"
    assert shown_of("s3://box/is it?#1.mp3") == "s3://box/is it?#1.mp3"
    assert shown_of("/in/#1?.mp3") == "/in/#1?.mp3"
