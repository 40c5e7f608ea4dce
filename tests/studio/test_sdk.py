"""The vendor's own SDK works against the studio unchanged, by its old classes and by its new client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.studio.conftest import PHOTOS, Customer, Files

SCRIPTS = Path(__file__).parent / "sdk"


@pytest.mark.parametrize(
    ("script", "more"), [("classic.py", [str(PHOTOS / "astronaut.png")]), ("client.py", [])]
)
def test_the_sdk_checks_films_lists_and_cancels(
    open_studio: Callable[..., Customer], files: Files, script: str, more: list[str]
) -> None:
    customer = open_studio(job_seconds=0.6)
    values = [customer.studio.base_url, files.astronaut, files.sound, *more]
    # What the SDK tells its maker ends at a proxy that is not there.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *values],
        env={**os.environ, **nowhere, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counters = customer.counters()
    assert counters["jobs_canceled"] == {"emo-v1": 1}
    assert counters["jobs_failed"] == {}
