"""Stores of every dialect, as boto3's settings lead to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.bucket import Bucket
from tests.stores import BLIND, CEPH, LOCKED, MINIO, OSS, R2, Store, serve_store

ALL = {"oss": OSS, "minio": MINIO, "r2": R2, "ceph": CEPH, "locked": LOCKED, "blind": BLIND}
Open = Callable[[str], Store]


@pytest.fixture
def open_store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Let boto3's chain of settings lead to a store in front of the bucket, from now on."""
    with ExitStack() as exits:

        def opening(name: str) -> Store:
            store = exits.enter_context(serve_store(ALL[name]))
            monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
            return store

        yield opening


def unreachable(request: Any) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)
