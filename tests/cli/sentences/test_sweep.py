"""What becomes of a sweep, and what one would cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.conftest import make_sound
from tests.steering import add_fault

SWEEP = "greenlight sweep photos --model emo"
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture(autouse=True)
def photos(desk: Path) -> Path:
    """A folder with a portrait and its sound, one alone, one that is refused, and one that is none."""
    folder = desk / "photos"
    folder.mkdir()
    anna = (desk / "anna.png").read_bytes()
    (folder / "anna.png").write_bytes(anna)
    make_sound(folder / "anna.wav", seconds=1)
    (folder / "bob.png").write_bytes(anna + b"1")
    (folder / "cleo.png").write_bytes(b"no picture at all")
    (folder / "two.jpg").write_bytes((desk / "two.jpg").read_bytes())
    return folder


def test_planned(says: Says, greenlight: Greenlight, desk: Path) -> None:
    (desk / "empty").mkdir()
    greenlight("check", "photos/two.jpg", "--model", "emo")
    says(
        f"{SWEEP} --dry-run",
        f"{SWEEP} --dry-run --no-film",
        f"{SWEEP} --dry-run --json",
        "greenlight sweep empty --model emo --dry-run",
    )


@pytest.mark.usefixtures("prefect_server")
def test_swept(says: Says, desk: Path) -> None:
    says(f"{SWEEP} --out videos --wait 20", f"{SWEEP} --out videos", f"{SWEEP} --dry-run")


@pytest.mark.usefixtures("prefect_server")
def test_swept_without_room(says: Says, desk: Path) -> None:
    says(
        f"{SWEEP} --no-film --max-cny 0.01",
        f"GREENLIGHT_MAX_CNY_PER_DAY=0.001 {SWEEP} --no-film",
    )


@pytest.mark.usefixtures("prefect_server")
def test_refused(says: Says, desk: Path) -> None:
    says(f"DASHSCOPE_API_KEY=sk-wrong {SWEEP} --no-film")


@pytest.mark.usefixtures("prefect_server")
def test_malformed_briefs(says: Says, photos: Path) -> None:
    (photos / "anna.json").write_text('{"take": 0}')
    (photos / "bob.json").write_text('{"mood": "good"}')
    (photos / "two.json").write_text("nonsense")
    make_sound(photos / "anna.mp3", seconds=1)
    says(f"{SWEEP} --no-film")


def test_no_place(says: Says, bucket: Bucket) -> None:
    place = f"s3://{bucket.name}/uploads/"
    says(
        "greenlight sweep nowhere --model emo --dry-run",
        "greenlight sweep anna.png --model emo --dry-run",
        "greenlight sweep s3://nowhere-4711/ --model emo --dry-run",
        f"greenlight sweep {place} --model emo --out {place}videos/",
        "greenlight sweep photos --model emo --out photos/videos",
        "greenlight sweep photos --model emo --out film.mp4 --dry-run",
        "greenlight sweep photos --model emo --param mood=good",
        "greenlight sweep photos --model emo --needs lunch",
    )
