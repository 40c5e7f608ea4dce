"""What the local judge holds against portraits, and what it advises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from greenlight.studio.server import StudioServer
from tests.cli.sentences.shell import Says
from tests.conftest import SAMPLES
from tests.steering import add_fault

SIDE_VIEW_PX = (114, 41, 354, 281)
"""Head and shoulders of the photographer among the samples, who looks into his camera."""


def small(portrait: Image.Image) -> Image.Image:
    whole = Image.new("RGB", (640, 640), "grey")
    whole.paste(portrait.resize((195, 195)), (200, 200))
    return whole


FAULTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "tilted": lambda portrait: portrait.rotate(-50, fillcolor="grey"),
    "small": small,
    "dark": lambda portrait: portrait.point(lambda value: value // 5),
    "bright": lambda portrait: portrait.point(lambda value: 200 + value // 5),
    "blurred": lambda portrait: portrait.filter(ImageFilter.GaussianBlur(3)),
}


@pytest.fixture
def portraits(desk: Path) -> list[str]:
    """A portrait for every fault that one can have, and one that nothing is wrong with."""
    with Image.open(SAMPLES / "astronaut.png") as image:
        portrait = image.convert("RGB")
    for name, make in FAULTS.items():
        make(portrait).save(desk / f"{name}.png")
    with Image.open(SAMPLES / "camera.png") as image:
        image.convert("RGB").crop(SIDE_VIEW_PX).resize((512, 512)).save(desk / "turned.png")
    with Image.open(SAMPLES / "grace_hopper.jpg") as image:
        image.save(desk / "head.png")
    return [*(f"{name}.png" for name in (*FAULTS, "turned", "head")), "anna.png"]


@pytest.mark.usefixtures("settings")
def test_what_it_sees(says: Says, studio: StudioServer, portraits: list[str]) -> None:
    # Where the vendor says why, nobody asks the judge.
    add_fault(studio, "refusal", "check", shape=1, times=None)
    says(f"greenlight check {' '.join(portraits)} --model animate-anyone --model emo --explain")
