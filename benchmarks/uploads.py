"""Measure how long it takes from the upload of a portrait to its verdict in the ledger.

A bucket that tells a queue, `greenlight listen`, a Prefect server with PostgreSQL, and a process worker that
polls every second: at most 5 s at the median on two cores, of which the parts are printed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, create_engine, select

from benchmarks.surroundings import BUCKET, ROOT, put_pictures, surroundings, wait_until
from greenlight.aws import aws_client
from greenlight.ledger import Ledger, schema
from tests.postgresql import is_installed, run_server

UPLOADS = 10
POOL = "greenlight"
PARTS = ("upload to run", "run to its first line", "first line to verdict", "upload to verdict")


def main(arguments: list[str]) -> int:
    """Print the parts; return 1 if the whole takes longer than promised."""
    count = int(arguments[0]) if arguments else UPLOADS
    if not is_installed():
        print("PostgreSQL is not installed, so nothing is measured")
        return 0
    with tempfile.TemporaryDirectory() as folder, run_server() as server:
        database = server.make_database().replace("postgresql://", "postgresql+asyncpg://")
        with surroundings(Path(folder), database=database) as env, _listening(env | _choices()):
            measured = [_measure(env, number) for number in range(count + 1)]
    # The first one also pays for what a machine does only once.
    columns = dict(zip(PARTS, zip(*measured[1:], strict=True), strict=True))
    print(f"{count} uploads, one after the other")
    for part, seconds in columns.items():
        print(f"  {part:24}{statistics.median(seconds):5.2f} s (worst {max(seconds):.2f})")
    return int(statistics.median(columns[PARTS[-1]]) > 5)


def _choices() -> dict[str, str]:
    return {
        "GREENLIGHT_UPLOADS": f"s3://{BUCKET}/uploads/",
        "GREENLIGHT_OUT": f"s3://{BUCKET}/videos/",
        "GREENLIGHT_MODELS": "emo",
        "GREENLIGHT_WORK_POOL": POOL,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }


@contextmanager
def _listening(env: dict[str, str]) -> Iterator[None]:
    """Deploy, and run a worker and the listener until the block ends."""
    surrounded = {**os.environ, **env}

    quiet: Any = {"env": surrounded, "cwd": ROOT, "stdout": subprocess.DEVNULL}

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", *arguments], check=True, **quiet)

    run("prefect", "work-pool", "create", POOL, "--type", "process")
    run("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml")
    watch = ("--prefix", "uploads/", "--queue", "uploads", "--apply")
    run("cli", "setup", "bucket", BUCKET, *watch)
    queue = aws_client("sqs").get_queue_url(QueueName="uploads")["QueueUrl"]
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    listener = [sys.executable, "-m", "cli", "listen", "--queue", queue]
    # A worker starts `python`, which must be this one.
    surrounded["PATH"] = f"{Path(sys.executable).parent}:{surrounded['PATH']}"
    quiet["stderr"] = subprocess.DEVNULL
    with subprocess.Popen(worker, **quiet) as one, subprocess.Popen(listener, **quiet) as other:
        try:
            yield
        finally:
            one.terminate()
            other.terminate()


def _measure(env: Mapping[str, str], number: int) -> tuple[float, float, float, float]:
    """Upload a portrait; return the seconds of the parts, and of the whole."""
    uploaded_at = datetime.now(UTC)
    put_pictures("uploads/", range(number, number + 1))
    url = f"sqlite:///{env['GREENLIGHT_HOME']}/ledger.db"
    Ledger(url).close()
    engine = create_engine(url)
    place = f"s3://{BUCKET}/uploads/{number:06d}.jpg"
    wait_until(lambda: _is_answered(engine, place), seconds=60, every_seconds=0.02)
    engine.dispose()
    answered_at = datetime.now(UTC)
    created_at, started_at = _newest_run(env)
    moments = (uploaded_at, created_at, started_at, answered_at)
    parts = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    return parts[0], parts[1], parts[2], sum(parts)


def _is_answered(engine: Engine, place: str) -> bool:
    query = select(schema.checks.c.id).where(
        schema.checks.c.place == place, schema.checks.c.outcome == "answered"
    )
    with engine.connect() as connection:
        return connection.execute(query).first() is not None


def _newest_run(env: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Return when the newest run of an upload was created, and when it began."""
    asked = {
        "flows": {"name": {"any_": ["on-upload"]}},
        "sort": "EXPECTED_START_TIME_DESC",
        "limit": 1,
    }
    told = httpx.post(f"{env['PREFECT_API_URL']}/flow_runs/filter", json=asked).json()[0]
    return datetime.fromisoformat(told["created"]), datetime.fromisoformat(told["start_time"])
