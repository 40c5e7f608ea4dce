"""What the judge holds against a portrait, model by model, and what helps."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from greenlight.judge import Finding, FindingKind, UnreadablePicture
from greenlight.media.files import hash_file
from greenlight.modelstudio import catalog
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.screening.opinions import (
    ADVICE,
    Opinion,
    form_opinion,
    look,
    opinion_of,
    opinions_of,
    wants_opinion,
)
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import real_size
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.website import Website

TWO = SAMPLES / "made_two.jpg"
MODELS = list(catalog.families())


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album.in_home(tmp_path / "home")


@pytest.fixture
def dark(tmp_path: Path, astronaut: Path) -> Path:
    """The astronaut at night."""
    with Image.open(astronaut) as image:
        image.convert("RGB").point(lambda value: value // 8).save(tmp_path / "dark.png")
    return tmp_path / "dark.png"


@pytest.mark.parametrize("model", MODELS)
async def test_a_good_portrait_has_nothing_held_against_it(model: str, astronaut: Path) -> None:
    opinion = await opinion_of(str(astronaut), model)
    assert (opinion, bool(opinion), str(opinion)) == (Opinion("", ""), False, "")


@pytest.mark.parametrize("model", MODELS)
async def test_a_cup_of_coffee_has_nobody_in_it(model: str) -> None:
    opinion = await opinion_of(str(SAMPLES / "coffee.png"), model)
    assert opinion == Opinion("nobody is in the picture", "use a photograph of one person")


async def test_two_people_are_held_against_a_portrait_only_where_the_model_minds() -> None:
    opinions = await opinions_of(str(TWO), MODELS)
    assert list(opinions) == MODELS
    assert opinions["emo"] == Opinion("two people are in the picture", "crop it to one person")
    assert "two people" in opinions["animate-anyone"].words
    assert not opinions["liveportrait"]


async def test_it_is_marked_as_an_opinion() -> None:
    assert str(await opinion_of(str(TWO), "wan-s2v")) == (
        "local judge: two people are in the picture; crop it to one person"
    )


async def test_darkness_is_told_for_models_that_refuse_without_a_word(dark: Path) -> None:
    for model in ("emo", "wan-s2v"):
        opinion = await opinion_of(str(dark), model)
        assert "the face is too dark (mean grey " in opinion.words
        assert opinion.advice == "light the face evenly"


def test_every_finding_has_advice_in_the_same_order() -> None:
    assert set(ADVICE) == set(FindingKind)
    seen = [
        Finding(FindingKind.TURNED, "the face is turned by 43 degrees"),
        Finding(FindingKind.SMALL_FACE, "the face is 31 px wide, which is less than 40"),
    ]
    opinion = form_opinion(seen, "emo")
    assert opinion.words == (
        "the face is turned by 43 degrees, the face is 31 px wide, which is less than 40"
    )
    assert opinion.advice == (
        "let the face look into the camera, crop it closer to the face, or use a larger original"
    )


def test_an_opinion_is_wanted_only_of_refusals_without_a_word() -> None:
    assert wants_opinion(EmoVerdict(passed=False))
    assert wants_opinion(EmoVerdict(passed=False, code="InvalidPerson"))
    assert not wants_opinion(EmoVerdict(passed=False, reason="nobody"))
    box = (0, 0, 10, 10)
    assert not wants_opinion(EmoVerdict(passed=True, face_bbox=box, ext_bbox=box))


async def test_a_picture_on_the_web_or_in_a_bucket_is_looked_at_too(
    website: Website, bucket: Bucket
) -> None:
    content = TWO.read_bytes()
    places = [website.put("/two.jpg", content), bucket.put("in/two.jpg", content)]
    for place in places:
        assert (await opinion_of(place, "emo")).words == "two people are in the picture"


async def test_what_cannot_be_looked_at_has_no_opinion_and_is_no_error(
    tmp_path: Path, website: Website, bucket: Bucket
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    places = [
        str(tmp_path / "text.png"),
        str(tmp_path / "gone.png"),
        str(tmp_path),
        "a\0b.png",
        "gopher://anna.png",
        f"{website.url}/gone.png",
        f"s3://{bucket.name}/gone.png",
    ]
    for place in places:
        assert await opinions_of(place, MODELS) == {}
        assert await opinion_of(place, "emo") == Opinion()


async def test_another_content_than_was_refused_is_not_looked_at(tmp_path: Path) -> None:
    picture = tmp_path / "anna.jpg"
    picture.write_bytes(TWO.read_bytes())
    identity, _ = hash_file(picture)
    assert await opinion_of(str(picture), "emo", identity=identity)
    picture.write_bytes((SAMPLES / "coffee.png").read_bytes())
    assert await opinions_of(str(picture), ["emo"], identity=identity) == {}


async def test_an_album_knows_what_was_seen_when_the_picture_is_gone(
    tmp_path: Path, album: Album
) -> None:
    picture = tmp_path / "anna.jpg"
    picture.write_bytes(TWO.read_bytes())
    identity, _ = hash_file(picture)
    first = await opinions_of(str(picture), MODELS, identity=identity, album=album)
    picture.unlink()
    assert await opinions_of(str(picture), MODELS, identity=identity, album=album) == first
    jpeg = album.thumbnails.find(identity)
    assert jpeg is not None
    assert real_size(jpeg) == (1024, 600)


@pytest.mark.parametrize("kept", [b"", b"{", b"[1]", b'[{"kind": "bored", "words": "x"}]', b"7"])
async def test_what_an_album_keeps_wrongly_is_looked_at_again(album: Album, kept: bytes) -> None:
    identity, _ = hash_file(TWO)
    album.findings.keep(identity, kept)
    opinion = await opinion_of(str(TWO), "emo", identity=identity, album=album)
    assert opinion.words == "two people are in the picture"


def test_a_picture_may_be_given_as_bytes(astronaut: Path) -> None:
    assert look(astronaut.read_bytes()) == ()
    stream = io.BytesIO()
    Image.new("RGB", (300, 300)).save(stream, "PNG")
    (nobody,) = look(stream.getvalue()) or ()
    assert nobody.kind is FindingKind.NOBODY
    with pytest.raises(UnreadablePicture):
        look(b"no picture")


WITHOUT_A_JUDGE = """
import asyncio, sys
sys.modules["ai_edge_litert"] = None
from greenlight.screening.opinions import opinion_of, opinions_of
from greenlight.thumbnails.drawing import thumbnail
from pathlib import Path
for _ in range(2):
    print(asyncio.run(opinions_of(sys.argv[1], ["emo"])), bool(asyncio.run(opinion_of(sys.argv[1], "emo"))))
print(len(thumbnail(Path(sys.argv[1]))) > 1000)
"""


def test_where_the_judge_is_not_installed_there_is_no_opinion_and_one_sentence() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_JUDGE, str(TWO)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.stdout.splitlines() == ["{} False", "{} False", "True"]
    assert ran.stderr == (
        "the local judge is not installed, so refusals without a reason stay unexplained; "
        "`pip install ai-edge-litert` brings what it needs\n"
    )
