"""A model that films a clip, beside those that film a portrait."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sentences.shell import Says
from tests.conftest import SAMPLES
from tests.studio.conftest import make_clip

ASTRONAUT = SAMPLES / "astronaut.png"
pytestmark = pytest.mark.usefixtures("settings", "lips")


def test_clips_and_portraits(says: Says, desk: Path) -> None:
    make_clip(desk / "anna.mp4", ASTRONAUT, seconds=2)
    make_clip(desk / "small.mp4", ASTRONAUT, seconds=2, edge=200)
    both = "--model lips --model wan-s2v"
    says(
        "greenlight check anna.mp4 small.mp4 --model lips",
        "greenlight check small.mp4 --model lips --json",
        f"greenlight check anna.mp4 anna.png {both}",
        f"greenlight film anna.mp4 {both}",
        "greenlight film anna.png --model lips --dry-run",
        "greenlight film anna.mp4 --model lips",
        "greenlight film anna.mp4 --model lips --audio hello.wav --dry-run",
    )


def test_two_readings(says: Says, desk: Path) -> None:
    photos = desk / "photos"
    photos.mkdir()
    clip = make_clip(desk / "anna.mp4", ASTRONAUT, seconds=2).read_bytes()
    for name in ("anna.png", "anna.mp4", "bob.mp4", "carl.mp4", "eve.png", "eve.json"):
        content = clip if name.endswith("mp4") else ASTRONAUT.read_bytes()
        (photos / name).write_bytes(content)
    (photos / "carl.json").write_text('{"models": ["wan-s2v"]}')
    (photos / "eve.json").write_text('{"clip": "anna.mp4"}')
    (desk / "empty").mkdir()
    says(
        "greenlight sweep photos --model lips --model wan-s2v --no-film",
        "greenlight sweep photos --model lips --no-film",
        "greenlight sweep empty --model lips --dry-run",
    )
