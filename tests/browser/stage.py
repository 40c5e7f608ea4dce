"""Run Prefect's server with its UI, and all around it, and let runs end there in every way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.programs import run, running
from tests.surroundings import PYTHON, Surroundings

BUCKET = "portraits"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the UI is, which runs it shows, and where the report of the same books lies."""

    url: str
    runs: dict[str, str]
    """The ids of the runs, by what `tests.browser.runs` calls them."""
    deployments: dict[str, str]
    """The ids of the deployments, by their names."""
    videos: Path
    report: Path


@contextmanager
def set_up(home: Path) -> Iterator[Stage]:
    """Start everything, let the runs end, and leave it all for the time of a `with` block."""
    around = Surroundings(
        home,
        GREENLIGHT_UPLOADS=f"s3://{BUCKET}/uploads/",
        GREENLIGHT_OUT=str(home / "videos"),
        GREENLIGHT_MODELS="emo",
        GREENLIGHT_POLL_SECONDS="0.1",
    )
    around.show_ui()
    with running(around.store, around.studio, around.server):
        around.wait_for_store()
        around.wait_for_studio()
        around.wait_for_server()
        around.client("s3").create_bucket(Bucket=BUCKET)
        told = json.loads(run([*PYTHON, "tests.browser.runs"], around.environ).splitlines()[-1])
        report = home / "report.html"
        run([*PYTHON, "cli", "report", "--out", str(report)], around.environ)
        url = around.api_url.removesuffix("/api")
        yield Stage(url, told["runs"], told["deployments"], home / "videos", report)
