"""Seat somebody at a desk with portraits and sounds, who types commands and reads what they print."""

from __future__ import annotations

import shutil
from pathlib import Path

# Its logging keeps the standard error of the moment in which it is loaded, which must not be a test's.
import prefect.main  # noqa: F401
import pytest

from greenlight import settings
from greenlight.media import delivery
from greenlight.modelstudio import catalog
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says, Shell, expect_snapshot, name_of
from tests.conftest import SAMPLES, make_sound

COLUMNS = 100
PICTURES = {"anna.png": "astronaut.png", "two.jpg": "made_two.jpg", "cat.png": "chelsea.png"}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that everybody works in here: portraits, a sound, and a terminal of a known width.

    What is tried again is tried again at once.
    """
    for name, sample in PICTURES.items():
        shutil.copyfile(SAMPLES / sample, tmp_path / name)
    make_sound(tmp_path / "hello.wav", seconds=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("GREENLIGHT_HOME", str(tmp_path / ".greenlight"))
    monkeypatch.setattr("greenlight.modelstudio.retry.FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr("greenlight.paying.pacing.FIRST_WAIT_SECONDS", 0.0)
    monkeypatch.setattr("greenlight.videos.storing.AGAIN_AFTER_SECONDS", 0.0)
    # They warn once a process, which ends with a command.
    for warning in (
        catalog.warn_of_retirement,
        delivery._warn_of_upload,
        settings._warn_once,
    ):
        warning.cache_clear()
    return tmp_path


@pytest.fixture
def says(desk: Path, greenlight: Greenlight, request: pytest.FixtureRequest) -> Says:
    """Run command lines, and compare what they print with the snapshot of this test.

    Of what the doctor prints, `about` keeps the lines on some of its subjects.
    """
    shell = Shell(greenlight, desk)

    def compare(*commands: str, about: tuple[str, ...] = ()) -> None:
        expect_snapshot(name_of(request), shell.transcript(*commands, about=about))

    return compare
