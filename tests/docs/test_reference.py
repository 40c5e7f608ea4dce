"""The reference is made out of the code, and what the code says of itself is whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from deployments.choices import CHOICES, read_choices
from greenlight.settings import SETTINGS, Setting, Settings, read_settings
from greenlight.work.bundles.defaults import make_brief, parse_details
from tests.docs.documents import DOCUMENTS, ROOT

JSON_BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Asked(Mapping[str, str]):
    """An environment that remembers what was asked for."""

    def __init__(self, **values: str) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def generate(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "docs/generate.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_page_that_no_longer_fits_the_code_is_named_and_mended(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path)]
    assert generate(*out).returncode == 0
    assert generate("--check", *out).returncode == 0
    page = tmp_path / "settings.md"
    page.write_text(page.read_text().replace("DASHSCOPE_API_KEY", "DASHSCOPE_KEY"))
    checked = generate("--check", *out)
    assert checked.returncode == 1
    assert checked.stderr == f"{page} does not fit the code; run: python docs/generate.py\n"
    assert "DASHSCOPE_KEY" in page.read_text()


def test_the_table_of_settings_has_every_variable_that_is_read() -> None:
    asked = Asked()
    read_settings(asked)
    assert {one.name for one in SETTINGS.values()} == asked.names


def test_the_table_of_choices_has_every_variable_that_is_read() -> None:
    asked = Asked(GREENLIGHT_UPLOADS="uploads", GREENLIGHT_OUT="videos")
    read_choices(asked)
    assert {one.name for one in CHOICES.values()} == asked.names


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda one: one.name)
def test_a_default_changes_nothing_where_it_is_set(setting: Setting) -> None:
    assert read_settings({setting.name: setting.default}) == read_settings({})


def test_a_check_prints_the_fields_that_the_page_names(settings: Settings, astronaut: Path) -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    of_check = page.partition("Of `check`")[2].partition("and what the model's family adds")[0]
    printed = CliRunner().invoke(
        app, ["check", str(astronaut), "--model", "liveportrait", "--json"]
    )
    assert set(json.loads(printed.stdout)) == set(re.findall(r"^- `(\w+)`", of_check, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.stem)
def test_the_json_of_a_document_is_json_and_a_brief_of_it_can_be_filmed(document: Path) -> None:
    for text in JSON_BLOCK.findall(document.read_text()):
        if "Statement" not in json.loads(text):
            beside = {"portrait": "anna.png", "sound": "anna.mp3"}
            make_brief(beside | parse_details(text, "anna.json"), "anna.json")
