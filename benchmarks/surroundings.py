"""Start what a benchmark needs around it: a bucket's store, a studio, a Prefect server, each a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from greenlight.aws.clients import aws_client
from tests.programs import ROOT, running
from tests.surroundings import Surroundings

BUCKET = "portraits"
PICTURE = (ROOT / "samples" / "grace_hopper.jpg").read_bytes()


@contextmanager
def surroundings(home: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of a command that finds a store, a studio and a Prefect server."""
    here = Surroundings(home)
    with running(here.store, here.studio, here.server):
        here.wait_until_ready()
        lead_here(here)
        aws_client("s3").create_bucket(Bucket=BUCKET)
        yield here.environ


def lead_here(here: Surroundings) -> None:
    """Let this process find the store by the same chain as a command."""
    os.environ |= {name: value for name, value in here.environ.items() if name.startswith("AWS_")}


def put_pictures(prefix: str, numbers: range, content: bytes = PICTURE) -> None:
    """Put so many portraits, every one of another content: what follows a JPEG's end changes nothing."""
    client = aws_client("s3")

    def put(number: int) -> None:
        body = content + number.to_bytes(8)
        client.put_object(Bucket=BUCKET, Key=f"{prefix}{number:06d}.jpg", Body=body)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, numbers))
