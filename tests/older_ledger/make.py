"""Make the ledger that is kept, by the code as it is: `python -m tests.older_ledger.make`, in five minutes.

The one that is kept was written by the code of commit e148f71, which has to stay so: it holds the keys that
people have in their ledgers. All is done by the command line, so the code of any time can run this.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from moto.server import ThreadedMotoServer
from prefect.testing.utilities import prefect_test_harness

from greenlight.aws.clients import aws_client
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS
from tests.older_ledger import keeping, wanted
from tests.older_ledger.wanted import EXPIRED, MADE_TEMPLATE, OPEN, Check, Film
from tests.steering import add_fault

OPEN_SECONDS = 3600.0
_OF_THE_COMMAND = {"portrait", "service", "opinion", "cached", "cost_cny", "error"}
"""What a line of `check` tells besides the verdict."""
_OF_A_JOB = (
    *("job", "kind", "model", "state", "task_id", "video", "template_id", "seconds"),
    *("reserved_cny", "cost_cny", "attempts", "code"),
)
"""What a line of `jobs` tells that is kept."""


class Maker:
    """A studio, a folder with what is filmed, and the ledger that all of it is written to."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "portraits"
        self.ledger = home / "greenlight" / "ledger.db"
        settings = StudioSettings(
            home=home / "studio",
            rate_per_second=1000,
            task_requests_per_second=1000,
            job_seconds=0.05,
            deployments=wanted.deployments(),
        )
        self.studio = StudioServer(settings)
        self.told: dict[str, Any] = {"checks": [], "films": []}

    def make(self) -> None:
        with self.studio:
            os.environ["DASHSCOPE_HTTP_BASE_URL"] = self.studio.base_url
            for check in wanted.checks():
                self._check(check)
            for film in wanted.films():
                if film.ending not in (EXPIRED, OPEN):
                    self._film(film)
        slow = replace(self.studio.settings, job_seconds=OPEN_SECONDS)
        with StudioServer(slow, port=httpx.URL(self.studio.url).port or 0) as self.studio:
            self._film_slowly(EXPIRED)
            self._let_a_day_pass()
            run("collect", "--wait", "0", "--json")
            self._film_slowly(OPEN)
        jobs = run("jobs", "--limit", "1000", "--json")
        self.told["jobs"] = [{name: job[name] for name in _OF_A_JOB} for job in jobs]

    def _check(self, check: Check) -> None:
        brief = {
            "portrait": check.portrait,
            "models": [check.model],
            "ratio": check.ratio,
            "deployments": check.deployments,
        }
        if check.fault:
            add_fault(self.studio, **check.fault)
        (line,) = run("check", *wanted.options_of(brief), "--json")
        told = {name: value for name, value in line.items() if name not in _OF_THE_COMMAND}
        key = self._key_of_check(line["request_id"])
        verdict = None if line["error"] else told
        self.told["checks"].append({"brief": brief, "key": key, "verdict": verdict})

    def _key_of_check(self, request_id: str | None) -> str:
        """Return the key that a check is booked under; the newest, where its answer was lost."""
        with closing(sqlite3.connect(self.ledger)) as connection:
            query = "SELECT key FROM checks WHERE ? IS NULL OR request_id = ? ORDER BY id DESC"
            (key,) = connection.execute(query, (request_id, request_id)).fetchone()
        return str(key)

    def _film_slowly(self, ending: wanted.Ending) -> None:
        for film in wanted.films():
            if film.ending == ending:
                self._film(film)

    def _film(self, film: Film) -> None:
        brief = film.brief
        if brief.get("motion") == MADE_TEMPLATE:
            made = run("jobs", "--state", "succeeded", "--limit", "1000", "--json")
            brief = brief | {"motion": next(j["template_id"] for j in made if j["template_id"])}
        for fault in film.ending.faults or ({},):
            if fault:
                add_fault(self.studio, **fault)
            wait = "0" if film.ending in (EXPIRED, OPEN) else "20"
            lines = run("film", *wanted.options_of(brief), "--wait", wait, "--json")
        # What the vendor does not accept ends as an error, and without a line.
        job = (lines or run("jobs", "--limit", "1", "--json"))[0]["job"]
        told = {"brief": brief, "key": job, "is_offered": film.ending.is_offered}
        self.told["films"].append(told)

    def _let_a_day_pass(self) -> None:
        """Let the jobs that are open be a day old, with tasks that the studio does not know any more."""
        columns = ("reserved_at", "sent_at", "submitted_at")
        times = (
            f"{name} = strftime('%Y-%m-%d %H:%M:%f000', {name}, '-25 hours')" for name in columns
        )
        aged = f"UPDATE jobs SET task_id = 'forgotten-' || id, {', '.join(times)} WHERE state = 'submitted'"
        with closing(sqlite3.connect(self.ledger)) as connection, connection:
            connection.execute(aged)


def run(*arguments: str) -> list[dict[str, Any]]:
    """Run a command and return the lines that it tells machines."""
    from cli.main import main

    sys.argv = ["greenlight", *arguments]
    printed = io.StringIO()
    with redirect_stdout(printed), contextlib.suppress(SystemExit):
        main()
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def main() -> None:
    """Make a ledger in a folder of its own, and keep it."""
    os.environ |= SURROUNDINGS | NOBODYS_ACCOUNT | {"DASHSCOPE_API_KEY": "sk-local"}
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    with tempfile.TemporaryDirectory() as home, prefect_test_harness(120):
        os.environ |= {"GREENLIGHT_HOME": f"{home}/greenlight", "GREENLIGHT_POLL_SECONDS": "0.05"}
        maker = Maker(Path(home))
        wanted.lay_out(maker.folder)
        bucket = httpx.URL(keeping.BUCKET).host
        store = aws_client("s3")
        store.create_bucket(Bucket=bucket)
        wanted.fill_bucket(store, bucket)
        os.chdir(maker.folder)
        maker.make()
        service = str(httpx.URL(maker.studio.url).netloc, "ascii")
        moves = {service: keeping.SERVICE, home: str(Path(keeping.FOLDER).parent)}
        keeping.keep(maker.ledger, moves, maker.told)
        os.chdir("/")
    server.stop()


if __name__ == "__main__":
    main()
