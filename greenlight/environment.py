"""Describe a variable of the environment once: its name and meaning, its default, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenlight.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment, with all that is said of it anywhere."""

    name: str
    meaning: str
    default: str = ""
    """Read like a text that is set; "" for none."""
    default_in_words: str = ""
    """What the reference says instead, where the default is no plain text."""
    read: Callable[[str], Any] = str
    """Makes a value of the text, "" where there is none; its `ValueError` goes on after the name."""

    def value_in(self, environ: Mapping[str, str]) -> Any:
        """Return its value; `SettingsError` says what is wrong with the text and what to use."""
        try:
            return self.read(environ.get(self.name) or self.default)
        except ValueError as error:
            raise SettingsError(f"{self.name} {error}") from None


def read_all(
    table: Mapping[str, Setting], environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a value for each key of the table, out of the environment or the mapping given."""
    env = os.environ if environ is None else environ
    return {key: setting.value_in(env) for key, setting in table.items()}


def folder(text: str) -> Path:
    """Read a folder's path, which may begin with `~`."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"is {text!r}, which begins with a home folder that does not exist; use a full path"
        ) from None
