"""What a medium is, is found out once for every content and kind."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile

from greenlight.errors import InputError, Overwritten
from greenlight.ledger import Ledger
from greenlight.ledger.media import KnownMedium
from greenlight.media.files import seen_of_file
from greenlight.media.kinds import Kind
from greenlight.media.places import opened
from greenlight.work.bundles.bundle import Medium
from greenlight.work.bundles.finding import bundle_of
from greenlight.work.bundles.reading import LARGEST_DETAILS_BYTES, read_medium
from tests.bucket import Asked, Bucket
from tests.conftest import SAMPLES
from tests.website import Website

HELLO = (SAMPLES / "hello.mp3").read_bytes()
PNG = (SAMPLES / "astronaut.png").read_bytes()
SUMMED = {"ChecksumAlgorithm": "SHA256"}


def listed(place: str) -> Medium:
    bundle = bundle_of(place)
    assert bundle is not None
    (medium,) = [one for one in bundle.everything if one.place == place]
    return medium


async def test_a_copy_elsewhere_is_known_by_its_listing_alone(
    bucket: Bucket, ledger: Ledger
) -> None:
    first = listed(bucket.put("in/anna.png", PNG))
    known = await read_medium(first, ledger.media)
    copy = listed(bucket.put("elsewhere/陽子 +%.png", PNG))
    assert copy.key == first.key
    assert ledger.media.find_many([copy.key]) == {copy.key: known}
    assert not {"place", "name", "shown"} & known.facts.keys()


@pytest.mark.parametrize("first", [{}, SUMMED], ids=["plain first", "summed first"])
async def test_the_same_bytes_with_and_without_a_checksum_have_each_their_own_identity(
    bucket: Bucket, ledger: Ledger, first: dict[str, str]
) -> None:
    second = {} if first else SUMMED
    for way in (first, second, first):
        place = bucket.put("in/anna.png", PNG, **way)
        known = await read_medium(listed(place), ledger.media)
        elsewhere = listed(bucket.put("in/eve.png", PNG, **way))
        assert ledger.media.find_many([elsewhere.key]) == {elsewhere.key: known}
        async with opened(place) as there:
            assert known.identity == there.identity


@pytest.fixture
def _blind_listings(bucket: Bucket) -> Iterator[None]:
    """Let listings tell of no checksum, like those of MinIO."""

    def strip(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed.get("Contents", []):
            entry.pop("ChecksumAlgorithm", None)

    event = "after-call.s3.ListObjectsV2"
    bucket.client.meta.events.register(event, strip)
    yield
    bucket.client.meta.events.unregister(event, strip)


@pytest.mark.usefixtures("_blind_listings")
async def test_a_checksum_that_a_listing_says_nothing_of_is_no_other_content(
    bucket: Bucket, ledger: Ledger
) -> None:
    summed = listed(bucket.put("in/anna.png", PNG, **SUMMED))
    assert (await read_medium(summed, ledger.media)).identity.startswith("sha256-")
    # The same key may mean an object without one, which has another identity.
    assert ledger.media.find_many([summed.key]) == {}


async def test_a_problem_of_one_place_names_no_other(bucket: Bucket, ledger: Ledger) -> None:
    for kind in ("png", "mp3", "mp4", "json"):
        first = listed(bucket.put(f"in/anna.{kind}", b"nothing of the kind"))
        known = await read_medium(first, ledger.media)
        assert known.problem.startswith("is not "), known.problem
        assert "anna" not in known.problem


async def test_one_content_is_judged_as_what_it_is_called(bucket: Bucket, ledger: Ledger) -> None:
    """A video is no sound, a brief no picture, and neither answers for the other."""
    wave_mp4 = (SAMPLES / "wave.mp4").read_bytes()
    as_sound = await read_medium(listed(bucket.put("in/a.mp3", wave_mp4)), ledger.media)
    as_motion = await read_medium(listed(bucket.put("in/a.mp4", wave_mp4)), ledger.media)
    assert (as_sound.problem, as_motion.problem) == ("is not a sound; use a wav or mp3", "")
    as_picture = await read_medium(listed(bucket.put("in/b.png", b"{}")), ledger.media)
    as_brief = await read_medium(listed(bucket.put("in/b.json", b"{}")), ledger.media)
    assert (bool(as_picture.problem), as_brief.problem, as_brief.facts) == (True, "", {})


async def test_what_was_overwritten_since_its_listing_is_not_read(
    bucket: Bucket, ledger: Ledger
) -> None:
    for content in (PNG, b""):
        old = listed(bucket.put("in/anna.png", b"it was something else"))
        bucket.put("in/anna.png", content)
        with pytest.raises(Overwritten):
            await read_medium(old, ledger.media)
        assert ledger.media.find_many([old.key]) == {}


async def test_what_cannot_be_read_now_is_not_remembered(bucket: Bucket, ledger: Ledger) -> None:
    gone = listed(bucket.put("in/anna.png", PNG))
    bucket.client.delete_object(Bucket=bucket.name, Key="in/anna.png")
    with pytest.raises(InputError, match="cannot be read"):
        await read_medium(gone, ledger.media)
    assert ledger.media.find_many([gone.key]) == {}


async def test_an_empty_object_is_remembered_as_such(bucket: Bucket, ledger: Ledger) -> None:
    empty = listed(bucket.put("in/anna.png", b""))
    assert (await read_medium(empty, ledger.media)).problem == "is empty"
    assert ledger.media.find_many([empty.key])[empty.key].problem == "is empty"


async def test_what_no_listing_tells_of_costs_one_request_once_its_content_is_known(
    bucket: Bucket, ledger: Ledger, requests: list[Asked]
) -> None:
    voice = Medium(bucket.put("voices/v.mp3", HELLO), Kind.SOUND)
    first = await read_medium(voice, ledger.media)
    del requests[:]
    assert await read_medium(voice, ledger.media) == first
    assert [one.operation for one in requests] == ["HeadObject"]
    bucket.put("voices/v.mp3", HELLO[:2000])
    assert (await read_medium(voice, ledger.media)).identity != first.identity


async def test_a_web_address_is_read_every_time_and_never_written_down(
    website: Website, ledger: Ledger, tmp_path: Path
) -> None:
    url = f"{website.put('/v.mp3', HELLO)}?Signature=hidden"
    for _ in range(2):
        known = await read_medium(Medium(url, Kind.SOUND), ledger.media)
        assert known.facts["format"] == "mp3"
    assert len(website.requests) == 2
    ledger.close()
    assert b"hidden" not in b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))


@pytest.mark.parametrize(
    "fields",
    [
        {"sound": "https://host/x.wav?Signature=hidden"},
        {"sound": "https://anna:hidden@host/x.wav"},
        {"models": ["emo", "https://host/x.wav?hidden"]},
        {"note": "https://host/x.wav#hidden"},
        {"https://host/x.wav?hidden": 1},
    ],
)
async def test_a_link_that_may_be_signed_is_in_neither_the_problem_nor_the_books(
    fields: dict[str, Any], bucket: Bucket, ledger: Ledger, tmp_path: Path
) -> None:
    medium = listed(bucket.put("in/anna.json", json.dumps(fields).encode()))
    known = await read_medium(medium, ledger.media)
    assert "may be signed" in known.problem
    assert ledger.media.find_many([medium.key]) == {medium.key: known}
    assert "hidden" not in repr(known)
    ledger.close()
    assert b"hidden" not in b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))


async def test_a_huge_json_is_not_fetched(
    bucket: Bucket, ledger: Ledger, requests: list[Asked]
) -> None:
    huge = json.dumps({"sound": "x" * LARGEST_DETAILS_BYTES}).encode()
    medium = listed(bucket.put("in/anna.json", huge))
    del requests[:]
    known = await read_medium(medium, ledger.media)
    assert known.problem == f"has {len(huge)} bytes; a brief needs a few hundred"
    assert [one.operation for one in requests] == ["HeadObject"]


async def test_old_tags_in_another_encoding_are_no_reason_to_refuse_a_sound(
    tmp_path: Path, ledger: Ledger
) -> None:
    sound = tmp_path / "a.mp3"
    frames = HELLO[HELLO.index(b"\xff\xf3") :]
    sound.write_bytes(frames + b"TAG" + "你好世界".encode("gbk").ljust(124, b"\0") + b"\x0c")
    assert (await read_medium(Medium(str(sound), Kind.SOUND), ledger.media)).problem == ""


async def test_a_length_that_was_once_believed_is_read_anew(sound: Path, ledger: Ledger) -> None:
    facts = {"format": "wav", "seconds": 0.1, "size_bytes": 1}
    medium = Medium(str(sound), Kind.SOUND, seen_of_file(sound))
    believed = KnownMedium(seen=f"sound:{medium.seen}", identity="sha256-ab", facts=facts)
    ledger.media.remember([believed])
    assert (await read_medium(medium, ledger.media)).facts["seconds"] == 1.0


async def test_a_decoder_with_a_fault_is_a_sentence_too(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise AttributeError("odd")

    monkeypatch.setattr(BmpImageFile, "_open", fail)
    picture = tmp_path / "a.bmp"
    Image.new("RGB", (500, 500)).save(picture)
    with pytest.raises(InputError) as told:
        await read_medium(Medium(str(picture), Kind.PICTURE), ledger.media)
    assert told.value.happened == f"{picture} cannot be read as a portrait (AttributeError)"


async def test_a_json_with_halves_of_characters_does_not_stop_the_books(
    bucket: Bucket, ledger: Ledger
) -> None:
    medium = listed(bucket.put("in/anna.json", b'{"sound": "\\ud83d.mp3", "take": 2}'))
    known = await read_medium(medium, ledger.media)
    assert known.problem == "is not JSON (it is not Unicode text)"
    assert ledger.media.find_many([medium.key]) == {medium.key: known}


async def test_facts_survive_the_books(tmp_path: Path, ledger: Ledger) -> None:
    sound = tmp_path / "陽子.wav"
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 4000)
    sound.write_bytes(stream.getvalue())
    medium = listed(str(sound))
    known = await read_medium(medium, ledger.media)
    assert known.facts["seconds"] == 0.5
    assert ledger.media.find_many([medium.key]) == {medium.key: known}
