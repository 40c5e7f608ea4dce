"""Measure how long it takes from the upload of a portrait to its verdict in the ledger.

A bucket that tells a queue, `greenlight listen`, a Prefect server with PostgreSQL, and `greenlight serve`,
which polls every second: at most 3 s at the median on two cores, of which the parts are printed.
"""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Engine, create_engine, select

from benchmarks.surroundings import BUCKET, lead_here, put_pictures
from greenlight.ledger import schema
from tests.endtoend.pipeline import PREFIX, UPLOADS, Pipeline
from tests.postgresql import is_installed, run_server
from tests.programs import wait_until

COUNT = 10
PARTS = (
    "upload to run",
    "run to process",
    "process to first line",
    "first line to verdict",
    "upload to verdict",
)
assert BUCKET == UPLOADS


def main(arguments: list[str]) -> int:
    """Print the parts; return 1 if the whole takes longer than promised. Another COUNT may be given."""
    count = int(arguments[0]) if arguments else COUNT
    if not is_installed():
        print("PostgreSQL is not installed, so nothing is measured")
        return 0
    with tempfile.TemporaryDirectory() as folder, run_server() as server:
        pipeline = Pipeline(Path(folder), server, models="emo", is_served=True)
        with pipeline.running():
            lead_here(pipeline.around)
            engine = create_engine(pipeline.books_url)
            measured = [_measure(pipeline, engine, number) for number in range(count + 1)]
            engine.dispose()
    # The first one also pays for what a machine does only once.
    columns = dict(zip(PARTS, zip(*measured[1:], strict=True), strict=True))
    print(f"{count} uploads, one after the other")
    for part, seconds in columns.items():
        print(f"  {part:24}{statistics.median(seconds):5.2f} s (worst {max(seconds):.2f})")
    return int(statistics.median(columns[PARTS[-1]]) > 3)


def _measure(pipeline: Pipeline, engine: Engine, number: int) -> tuple[float, ...]:
    """Upload a portrait; return the seconds of the parts, and of the whole."""
    uploaded_at = datetime.now(UTC)
    put_pictures(PREFIX, range(number, number + 1))
    place = f"s3://{BUCKET}/{PREFIX}{number:06d}.jpg"
    wait_until(lambda: _is_answered(engine, place), seconds=60, what="the verdict")
    answered_at = datetime.now(UTC)
    run = pipeline.prefect.runs("on-upload")[-1]
    entered = {one["type"]: one["timestamp"] for one in pipeline.prefect.states(run["id"])}
    began = [run["created"], entered["PENDING"], entered["RUNNING"]]
    moments = [uploaded_at, *map(datetime.fromisoformat, began), answered_at]
    parts = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    return *parts, sum(parts)


def _is_answered(engine: Engine, place: str) -> bool:
    query = select(schema.checks.c.id).where(
        schema.checks.c.place == place, schema.checks.c.outcome == "answered"
    )
    with engine.connect() as connection:
        return connection.execute(query).first() is not None
