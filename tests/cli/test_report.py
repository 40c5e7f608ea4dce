"""`greenlight report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.settings import Settings
from tests.cli.books import ambiguous, submitted
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES


@pytest.mark.usefixtures("settings")
def test_it_says_in_one_sentence_where_the_page_lies(
    greenlight: Greenlight, astronaut: Path, tmp_path: Path
) -> None:
    greenlight("check", astronaut, SAMPLES / "coffee.png", "--model", "emo")
    page = tmp_path / "pages" / "report.html"
    ran = greenlight("report", "--out", page)
    assert (ran.code, ran.out, ran.err) == (0, f"The report on 2 portraits is {page}.\n", "")
    assert "coffee.png" in page.read_text()


def test_it_goes_into_the_folder_where_one_stands(
    greenlight: Greenlight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = greenlight("report")
    assert ran.out == f"The report on 0 portraits is {tmp_path / 'greenlight-report.html'}.\n"
    assert "Nothing is in the books." in (tmp_path / "greenlight-report.html").read_text()


def test_it_needs_no_key_and_writes_no_doubt(
    greenlight: Greenlight, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ambiguous(settings)
    submitted(settings, "task-1", hours_ago=72)
    before = greenlight("jobs", "--json").out
    monkeypatch.delenv("DASHSCOPE_API_KEY")
    assert greenlight("report", "--out", tmp_path / "a.html").code == 0
    assert greenlight("jobs", "--json").out == before


@pytest.mark.usefixtures("settings")
def test_it_begins_with_a_day(greenlight: Greenlight, astronaut: Path, tmp_path: Path) -> None:
    greenlight("check", astronaut, "--model", "emo")
    page = tmp_path / "a.html"
    assert "on 0 portraits" in greenlight("report", "--since", "2999-01-01", "--out", page).out
    assert "on 1 portrait is" in greenlight("report", "--since", "2020-01-01", "--out", page).out
    ran = greenlight("report", "--since", "yesterday", "--out", page)
    assert (ran.code, ran.out) == (2, "")


def test_a_page_that_cannot_be_written_is_one_sentence(
    greenlight: Greenlight, tmp_path: Path
) -> None:
    ran = greenlight("report", "--out", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"greenlight: {tmp_path} is a directory; give a file like {tmp_path / 'report.html'}.\n"
    )
