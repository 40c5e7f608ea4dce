"""Run the command line in this process, as a person would from a shell."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest

from cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (only,) = self.lines
        return only


Greenlight = Callable[..., Ran]


@pytest.fixture
def greenlight(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Greenlight:
    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["greenlight", *map(str, arguments)])
        # A command sets variables for its own process, which end with it.
        with pytest.raises(SystemExit) as ended, patch.dict(os.environ):
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run
