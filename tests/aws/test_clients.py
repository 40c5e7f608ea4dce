"""Clients are made by boto3's own chain, once for its surroundings."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from greenlight.aws.clients import aws_client, signing_credentials
from greenlight.aws.errors import reason_of
from greenlight.errors import SettingsError
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SURROUNDINGS | NOBODYS_ACCOUNT).items():
        monkeypatch.setenv(name, value)


def test_a_client_is_made_once() -> None:
    assert aws_client("s3") is aws_client("s3")
    assert aws_client("s3") is not aws_client("sqs")
    assert aws_client("sqs", region="eu-west-1") is not aws_client("sqs", region="eu-west-2")


def test_of_many_threads_at_once_one_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    together = threading.Barrier(8)

    def make(_: int) -> int:
        together.wait()
        return id(aws_client("s3"))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(make, range(8)))) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "another"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ],
)
def test_other_surroundings_get_another_client(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = aws_client("s3")
    monkeypatch.setenv(name, value)
    assert aws_client("s3") is not before


def test_credentials_that_are_written_anew_into_their_file_are_read_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    keys = "[default]\naws_access_key_id = moto\naws_secret_access_key = secret\n"
    file.write_text(keys)
    assert signing_credentials().last_for(3600)
    file.write_text(f"{keys}aws_session_token = token\n")
    assert not signing_credentials().last_for(1)


def test_what_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(SettingsError, match="check AWS_ENDPOINT_URL"):
        aws_client("s3")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match=r"profile \(nobody\) could not be found"):
        aws_client("s3")


def test_an_error_is_told_without_an_address() -> None:
    from botocore.exceptions import EndpointConnectionError

    error = EndpointConnectionError(endpoint_url="https://bucket/key?X-Amz-Signature=c0ffee")
    assert reason_of(error) == "no connection"
