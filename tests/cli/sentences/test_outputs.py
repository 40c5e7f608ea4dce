"""An output that takes nothing more, and names that would steer a terminal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from greenlight.settings import Settings
from greenlight.wording import visible
from tests.cli.books import submitted
from tests.cli.conftest import Greenlight, Ran
from tests.cli.sentences.shell import expect_snapshot, name_of, shown, steady
from tests.cli.test_outputs import run


def test_a_full_disk(request: pytest.FixtureRequest, settings: Settings, desk: Path) -> None:
    submitted(settings, "task-2")
    ran = run("exec {} >/dev/full", "jobs")
    told = shown("greenlight jobs >/dev/full", Ran(ran.returncode, "", ran.stderr.decode()))
    expect_snapshot(name_of(request), steady(told, desk))


@pytest.mark.usefixtures("settings")
def test_a_name_that_would_steer_a_terminal(
    request: pytest.FixtureRequest, greenlight: Greenlight, desk: Path
) -> None:
    name = "\x1b[2Jtwo\u202e\n.jpg"
    shutil.copyfile(desk / "two.jpg", desk / name)
    asked = ("check", name, "--model", "emo")
    told = [
        shown(f"greenlight check $'{visible(name)}' --model emo{' '.join(more)}", ran)
        for more in ((), (" --json",))
        for ran in [greenlight(*asked, *map(str.strip, more))]
    ]
    expect_snapshot(name_of(request), steady("\n".join(told), desk))


@pytest.mark.usefixtures("settings")
def test_a_name_that_is_no_text(
    request: pytest.FixtureRequest, greenlight: Greenlight, desk: Path
) -> None:
    name = os.fsdecode(b"\xff.jpg")
    shutil.copyfile(desk / "two.jpg", desk / name)
    told = shown(
        r"greenlight check $'\xff.jpg' --model emo", greenlight("check", name, "--model", "emo")
    )
    expect_snapshot(name_of(request), steady(told, desk))
