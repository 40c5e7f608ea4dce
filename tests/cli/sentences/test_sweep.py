"""What becomes of a sweep, and what one would cost; of one portrait, as several end in any order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.conftest import make_sound
from tests.tasks.test_results import results_in, saved

SWEEP = "greenlight sweep photos --model emo"
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture(autouse=True)
def photos(desk: Path) -> Path:
    """A folder with a portrait and its sound."""
    folder = desk / "photos"
    folder.mkdir()
    (folder / "anna.png").write_bytes((desk / "anna.png").read_bytes())
    make_sound(folder / "anna.wav", seconds=1)
    return folder


def test_planned(says: Says, greenlight: Greenlight, desk: Path, photos: Path) -> None:
    (desk / "empty").mkdir()
    (photos / "bob.png").write_bytes((desk / "anna.png").read_bytes() + b"1")
    (photos / "two.jpg").write_bytes((desk / "two.jpg").read_bytes())
    greenlight("check", "photos/two.jpg", "--model", "emo")
    says(
        "greenlight sweep photos --model liveportrait --dry-run",
        f"{SWEEP} --dry-run",
        f"{SWEEP} --dry-run --no-film",
        f"{SWEEP} --dry-run --json",
        "greenlight sweep empty --model emo --dry-run",
    )


def test_swept(says: Says) -> None:
    says(f"{SWEEP} --out videos --wait 20", f"{SWEEP} --out videos", f"{SWEEP} --dry-run")


@pytest.mark.usefixtures("prefect_server")
def test_no_room(says: Says) -> None:
    says(
        f"{SWEEP} --no-film --max-cny 0.001",
        f"{SWEEP} --no-film --max-cny 0.001 --via prefect",
        f"GREENLIGHT_MAX_CNY_PER_DAY=0.001 {SWEEP} --no-film",
    )


def test_a_wrong_key(says: Says) -> None:
    says(f"DASHSCOPE_API_KEY=sk-wrong {SWEEP} --no-film")


def test_no_portrait(says: Says, photos: Path) -> None:
    (photos / "anna.png").write_text("no picture at all")
    says(f"{SWEEP} --no-film")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"take": 0}', id="a number too low"),
        pytest.param('{"mood": "good"}', id="no such field"),
        pytest.param("nonsense", id="no json"),
    ],
)
def test_a_malformed_brief(says: Says, photos: Path, text: str) -> None:
    (photos / "anna.json").write_text(text)
    says(f"{SWEEP} --no-film")


def test_two_sounds_of_one_name(says: Says, photos: Path) -> None:
    make_sound(photos / "anna.mp3", seconds=1)
    says(f"{SWEEP} --no-film")


@pytest.mark.usefixtures("prefect_server")
def test_no_place_for_results(says: Says, bucket: Bucket) -> None:
    block = asyncio.run(saved("nowhere-4711", str(bucket.client.meta.endpoint_url)))
    with results_in(block):
        says(
            f"{SWEEP} --no-film --via prefect",
            "greenlight film anna.png --model emo --audio hello.wav --via prefect",
        )


def test_no_place(says: Says, bucket: Bucket) -> None:
    place = f"s3://{bucket.name}/uploads/"
    says(
        "greenlight sweep nowhere --model emo --dry-run",
        "greenlight sweep anna.png --model emo --dry-run",
        "greenlight sweep s3://nowhere-4711/ --model emo --dry-run",
        f"greenlight sweep {place} --model emo --out {place}videos/",
        f"{SWEEP} --out film.mp4 --dry-run",
        f"{SWEEP} --param mood=good",
        f"{SWEEP} --needs lunch",
    )
