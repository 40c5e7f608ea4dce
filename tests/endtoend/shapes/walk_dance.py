"""What a family without a detector, driven by a motion, goes through; run in a copy that has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from greenlight.studio.server import StudioServer
from tests.cli.conftest import Greenlight
from tests.endtoend.shapes.conftest import PORTRAIT, TWO_PEOPLE
from tests.steering import paid, received

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")


@pytest.fixture
def motion(media: Path) -> Path:
    return media / "dance.mp4"


def test_a_check_asks_nobody_and_costs_nothing(
    greenlight: Greenlight,
    studio: StudioServer,
) -> None:
    ran = greenlight("check", PORTRAIT, "--model", "dance", "--json")
    told = (ran.code, ran.line["passed"], ran.line["by"], ran.line["cost_cny"], ran.line["error"])
    assert told == (0, True, "unchecked", 0, None)
    assert received(studio, "check") == 0


def test_what_its_document_excludes_is_refused_by_the_header(
    greenlight: Greenlight, tmp_path: Path
) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "small.png")
    ran = greenlight("check", tmp_path / "small.png", "--model", "dance", "--json")
    assert (ran.code, ran.line["passed"], ran.line["by"]) == (0, False, "preflight")


def test_a_plan_shows_the_request_with_the_motion_in_its_own_field(
    greenlight: Greenlight,
    motion: Path,
) -> None:
    asked = ("--model", "dance", "--motion", motion, "--param", "mode=pro", "--dry-run", "--json")
    ran = greenlight("film", PORTRAIT, *asked)
    assert (ran.code, ran.line["state"], ran.line["price_cny"]) == (0, "planned", 4 * 0.6)
    body = ran.line["request"]["body"]
    assert (body["model"], set(body["input"])) == ("dance-1", {"image_url", "video_url"})
    assert body["parameters"] == {"mode": "pro"}


def test_a_template_is_not_taken_for_a_motion(greenlight: Greenlight) -> None:
    ran = greenlight("film", PORTRAIT, "--model", "dance", "--motion", "AACT.xxx", "--dry-run")
    assert ran.code == 1
    assert "needs a motion video itself" in ran.err


def test_it_is_filmed_and_paid_once(
    greenlight: Greenlight,
    motion: Path,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    asked = ("film", PORTRAIT, "--model", "dance", "--motion", motion, "--json")
    first, again = (greenlight(*asked, "--out", tmp_path / "videos") for _ in range(2))
    assert (first.line["state"], first.line["verdict"]["by"]) == ("filmed", "unchecked")
    assert first.line["cost_cny"] == pytest.approx(0.4 * first.line["seconds"], abs=0.001)
    assert again.line["cost_cny"] == 0
    assert Path(first.line["video"]).is_file()
    assert paid(studio) == {"dance-1": 1}
    report = greenlight("report", "--out", tmp_path / "report")
    assert report.code == 0, report.err


def test_who_is_refused_by_the_video_model_is_rejected_at_no_cost(
    greenlight: Greenlight,
    motion: Path,
    tmp_path: Path,
) -> None:
    asked = ("film", TWO_PEOPLE, "--model", "dance", "--motion", motion, "--json")
    for _ in range(2):
        ran = greenlight(*asked, "--out", tmp_path / "videos")
        told = (ran.code, ran.line["state"], ran.line["cost_cny"], ran.line["verdict"]["by"])
        assert told == (0, "rejected", 0, "vendor")
        assert ran.line["verdict"]["code"] == "InvalidFile.NoHuman"
