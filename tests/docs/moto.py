"""Run moto's S3, SQS and IAM as a process, apart from those of other tests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.deployments.servers import free_port

SECONDS = 60


@contextmanager
def moto() -> Iterator[str]:
    """Yield the address of a server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.kill()


def _wait_for(url: str) -> None:
    ends_at = time.monotonic() + SECONDS
    while True:
        try:
            httpx.get(f"{url}/moto-api/").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < ends_at, "moto does not answer"
            time.sleep(0.05)
        else:
            return
