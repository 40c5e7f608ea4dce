"""What is set up at AWS, and why it is not."""

from __future__ import annotations

import uuid

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.bucket import Bucket
from tests.cli.sentences.shell import Says

AT = "--prefix uploads/ --queue uploads"


@pytest.fixture
def queue() -> str:
    """A queue's name of this test's own."""
    return f"uploads-{uuid.uuid4().hex}"


def test_a_bucket(says: Says, bucket: Bucket, queue: str) -> None:
    setup = f"greenlight setup bucket {bucket.name} --prefix uploads/ --queue {queue}"
    says(
        setup,
        f"{setup} --apply",
        f"{setup} --apply",
        f"{setup} --via-eventbridge",
        f"greenlight setup bucket {bucket.name} --prefix uploads/ --queue other-{queue}",
    )


def test_via_eventbridge(says: Says, bucket: Bucket, queue: str) -> None:
    setup = f"greenlight setup bucket {bucket.name} --prefix uploads/ --queue {queue}"
    says(f"{setup} --via-eventbridge", f"{setup} --via-eventbridge --apply")


def test_names_that_are_none(says: Says) -> None:
    says(
        f"greenlight setup bucket s3://my-portraits {AT}",
        "greenlight setup bucket my-portraits --prefix uploads/ --queue uploads.fifo",
        "greenlight setup bucket my-portraits --prefix uploads/ --queue 'up loads'",
        "greenlight setup bucket my-portraits --prefix /uploads/ --queue uploads",
        f"greenlight setup bucket my-portraits {AT} --out s3://my-portraits/uploads/videos/",
    )


def test_no_bucket(says: Says, bucket: Bucket) -> None:
    says(
        f"greenlight setup bucket nowhere-4711 {AT}",
        f"AWS_ENDPOINT_URL=http://127.0.0.1:9 greenlight setup bucket nowhere-4711 {AT}",
    )


def test_no_credentials(says: Says, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    # Another test of this process may have a Prefect server.
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        says(
            f"greenlight setup bucket nowhere-4711 {AT}",
            "greenlight listen --queue https://sqs.eu-central-1.amazonaws.com/123456789012/uploads",
            "AWS_DEFAULT_REGION= greenlight listen --queue http://127.0.0.1:9/123456789012/uploads",
        )
