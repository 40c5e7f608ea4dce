"""Whether a command works in this process or as a run of a Prefect server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.via import Via, is_via_prefect

URL = "http://127.0.0.1:4200/api"
PROFILE = f"""
active = "local"

[profiles.local]
PREFECT_LOGGING_LEVEL = "INFO"

[profiles.team]
PREFECT_API_URL = "{URL}"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_server_it_works_here() -> None:
    assert not is_via_prefect(None)


def test_where_the_environment_names_a_server_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", URL)
    assert is_via_prefect(None)
    assert not is_via_prefect(Via.HERE)


def test_what_is_asked_for_counts_more_than_what_is_configured() -> None:
    assert is_via_prefect(Via.PREFECT)


def test_the_active_profile_may_name_a_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "profiles.toml").write_text(PROFILE)
    assert not is_via_prefect(None)
    monkeypatch.setenv("PREFECT_PROFILE", "team")
    assert is_via_prefect(None)
    # As Prefect has it, a variable counts more than a profile, and an empty one names no server.
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert not is_via_prefect(None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prefect.toml", f'[api]\nurl = "{URL}"'),
        ("pyproject.toml", f'[tool.prefect.api]\nurl = "{URL}"'),
    ],
)
def test_a_file_of_the_folder_may_name_a_server(home: Path, name: str, text: str) -> None:
    (home / name).write_text(text)
    assert is_via_prefect(None)


@pytest.mark.parametrize("text", ["active = ", "active = 7", "profiles = 3", "\x00"])
def test_a_file_that_makes_no_sense_names_none(home: Path, text: str) -> None:
    (home / "profiles.toml").write_text(text)
    (home / "prefect.toml").write_text(text)
    assert not is_via_prefect(None)


def test_working_here_imports_no_prefect() -> None:
    code = "import sys, cli.main, greenlight.api; print('prefect' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
