"""`greenlight demo`, as a newcomer runs it: a process of its own, without a key or a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from greenlight.ledger import Ledger
from tests.cli.conftest import Ran
from tests.cli.sentences.shell import expect_snapshot, name_of, shown, steady

COMMAND = [sys.executable, "-m", "cli", "demo", "--out", "out"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demonstration once, and return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        COMMAND,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": path,
            "COLUMNS": "120",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "out", ran.stdout


@pytest.mark.parametrize("model", ["emo", "liveportrait", "wan-s2v", "animate-anyone"])
def test_every_model_has_a_video_that_plays(demo: tuple[Path, str], model: str) -> None:
    videos = list((demo[0] / "videos").glob(f"*-{model}-*.mp4"))
    assert videos
    for video in videos:
        with av.open(str(video)) as container:
            assert len(list(container.decode(video=0))) > 24


def test_what_it_says(demo: tuple[Path, str], request: pytest.FixtureRequest) -> None:
    said = shown("greenlight demo --out out", Ran(0, demo[1], ""))
    expect_snapshot(name_of(request), steady(said, demo[0].parent))


def test_refusals_name_their_reason(demo: tuple[Path, str]) -> None:
    printed = " ".join(demo[1].split())
    assert "InvalidFile.Resolution" in printed
    assert "No human face detected." in printed
    assert "two people" in printed


def test_the_contact_sheet_needs_nothing_else(demo: tuple[Path, str]) -> None:
    sheet = demo[0] / "contact-sheet.html"
    assert str(sheet) in demo[1]
    page = sheet.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 6
    assert "http://" not in page
    assert "https://" not in page


def test_the_books_have_one_check_each_and_no_open_job(demo: tuple[Path, str]) -> None:
    with Ledger(f"sqlite:///{demo[0] / 'home' / 'ledger.db'}") as ledger:
        assert ledger.jobs.open_jobs() == []
