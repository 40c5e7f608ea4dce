"""What the walk shares with the tests of the command line, and what it films."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import greenlight  # noqa: F401 - a fixture
from tests.conftest import SAMPLES
from tests.studio.conftest import make_clip, make_motion

PORTRAIT = SAMPLES / "astronaut.png"
TWO_PEOPLE = SAMPLES / "made_two.jpg"


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a motion, a clip of one person and one of two."""
    folder = tmp_path_factory.mktemp("media")
    make_motion(folder / "dance.mp4", seconds=2.5, size=(320, 320))
    make_clip(folder / "speaker.mp4", PORTRAIT, seconds=2.4)
    make_clip(folder / "pair.mp4", TWO_PEOPLE, seconds=2.5)
    return folder
