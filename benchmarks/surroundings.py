"""Start what a benchmark needs around it: a bucket's store, a studio, a Prefect server, each a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from greenlight.aws import aws_client

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "portraits"
PICTURE = (ROOT / "samples" / "grace_hopper.jpg").read_bytes()


def free_port() -> int:
    """Return a port that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(
    arguments: list[str], env: Mapping[str, str], ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of this environment until the block ends; it is ready when an address answers."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **env},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_until(lambda: _answers(ready), seconds=90)
            yield process
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False


def wait_until(is_so: Any, *, seconds: float, every_seconds: float = 0.05) -> None:
    """Wait for a condition; `TimeoutError` when it does not come about."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError("what was waited for did not come about")
        time.sleep(every_seconds)


@contextmanager
def surroundings(home: Path, *, database: str | None = None) -> Iterator[dict[str, str]]:
    """Yield the environment of a command that finds a store, a studio and a Prefect server.

    The server keeps its data in SQLite, or in the `database` given.
    """
    s3, studio, prefect = (free_port() for _ in range(3))
    env = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        "AWS_ACCESS_KEY_ID": "moto",
        "AWS_SECRET_ACCESS_KEY": "moto",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DASHSCOPE_HTTP_BASE_URL": f"http://127.0.0.1:{studio}/api/v1",
        "DASHSCOPE_API_KEY": "sk-local",
        "GREENLIGHT_HOME": str(home / "greenlight"),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    if database is not None:
        env["PREFECT_API_DATABASE_CONNECTION_URL"] = database
    store = ["moto.server", "-p", str(s3)]
    film = ["cli", "studio", "--port", str(studio), "--home", str(home / "studio")]
    server = [
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(prefect),
        "--no-ui",
    ]
    with (
        running(store, env, f"http://127.0.0.1:{s3}/moto-api/"),
        running([*film, "--job-seconds", "1"], env, f"http://127.0.0.1:{studio}/"),
        running(server, env, f"{env['PREFECT_API_URL']}/health"),
    ):
        # This process asks the store too, by the same chain as the command.
        os.environ |= {name: value for name, value in env.items() if name.startswith("AWS_")}
        aws_client("s3").create_bucket(Bucket=BUCKET)
        yield env


def put_pictures(prefix: str, numbers: range, content: bytes = PICTURE) -> None:
    """Put so many portraits, every one of another content: what follows a JPEG's end changes nothing."""
    client = aws_client("s3")

    def put(number: int) -> None:
        body = content + number.to_bytes(8)
        client.put_object(Bucket=BUCKET, Key=f"{prefix}{number:06d}.jpg", Body=body)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, numbers))
