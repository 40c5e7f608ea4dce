"""Decide whether the work of a command is done in this process, or as runs of a Prefect server."""

from __future__ import annotations

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

API_URL = "PREFECT_API_URL"
CONFIGURED = (
    ("prefect.toml", ("api", "url")),
    ("pyproject.toml", ("tool", "prefect", "api", "url")),
)
"""Where Prefect looks for its settings in the folder that one is in."""


class Via(StrEnum):
    """Who does the work."""

    HERE = "here"
    PREFECT = "prefect"


ViaOption = Annotated[
    Via | None,
    typer.Option(
        "--via",
        help="here: in this process; prefect: as a Prefect flow run.",
        show_default="prefect if PREFECT_API_URL is set, else here",
    ),
]


def is_via_prefect(asked: Via | None) -> bool:
    """Whether a command shall be a flow run: as it was asked, else where a Prefect server is configured.

    Prefect itself is not imported to find out, which would take longer than a whole film.
    """
    return asked is Via.PREFECT if asked else is_server_configured()


def is_server_configured() -> bool:
    """Whether the environment, a file of this folder or the active profile names a Prefect server."""
    if API_URL in os.environ:
        return bool(os.environ[API_URL])
    in_files = (_value(Path(name), path) for name, path in CONFIGURED)
    return any(in_files) or bool(_of_profile())


def _of_profile() -> Any:
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    file = Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml")
    profile = os.environ.get("PREFECT_PROFILE") or _value(file, ("active",))
    return _value(file, ("profiles", str(profile), API_URL))


def _value(file: Path, path: tuple[str, ...]) -> Any:
    """Return a value of a TOML file; `None` where there is none, or no such file."""
    try:
        found: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
