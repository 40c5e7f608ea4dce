"""A flow whose results cannot be kept says so at its start, before anything is paid."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.settings import PREFECT_DEFAULT_RESULT_STORAGE_BLOCK, temporary_settings
from prefect_aws import AwsCredentials, S3Bucket
from prefect_aws.client_parameters import AwsClientParameters

from flows.on_upload import on_upload
from greenlight.aws.clients import aws_client
from greenlight.errors import SettingsError
from greenlight.uploads.events import Arrival
from tasks.results import PROBE, require_result_store
from tests.bucket import NOBODYS_ACCOUNT, SECRET, SURROUNDINGS, Bucket
from tests.docs.moto import hold_all_to_rights, moto

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow
async def needs_results() -> str:
    await require_result_store()
    return "paid"


async def run() -> State[Any]:
    return await needs_results(return_state=True)


@contextmanager
def results_in(block: str) -> Iterator[None]:
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: block}):
        yield


async def saved(
    bucket_name: str,
    endpoint: str,
    *,
    key: str = SURROUNDINGS["AWS_ACCESS_KEY_ID"],
    secret: str = SECRET,
    folder: str = "",
) -> str:
    """Save a block for a bucket, and return its name as the setting takes it."""
    credentials = AwsCredentials(
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        aws_client_parameters=AwsClientParameters(endpoint_url=endpoint),
    )
    name = f"bucket-{uuid.uuid4().hex}"
    await S3Bucket(bucket_name=bucket_name, credentials=credentials, bucket_folder=folder).save(
        name
    )
    return f"s3-bucket/{name}"


@pytest.fixture
def endpoint(bucket: Bucket) -> str:
    return str(bucket.client.meta.endpoint_url)


async def test_results_that_would_arrive_as_uploads_are_refused(
    bucket: Bucket, endpoint: str
) -> None:
    upload = Arrival(bucket.name, "in/anna.png", None, None, None, None, datetime.now(UTC))
    with results_in(await saved(bucket.name, endpoint, folder="in")):
        state = await on_upload(objects=[upload], return_state=True)
    assert "every result would start another run" in str(state.message)


async def test_a_bucket_that_can_be_written_is_a_good_one(bucket: Bucket, endpoint: str) -> None:
    with results_in(await saved(bucket.name, endpoint)):
        state = await run()
    assert state.is_completed(), state.message
    listed = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert PROBE in [one["Key"] for one in listed]


async def test_a_bucket_that_is_not_there_is_one_sentence(endpoint: str) -> None:
    block = await saved(f"none-{uuid.uuid4().hex}", endpoint)
    with results_in(block):
        state = await run()
    error = await state.aresult(raise_on_failure=False)
    assert isinstance(error, SettingsError)
    name = block.partition("/")[2]
    assert str(error) == (
        f"the result store {name} cannot be written (The specified bucket does not exist); repair it, "
        "or name another in PREFECT_DEFAULT_RESULT_STORAGE_BLOCK."
    )
    assert SECRET not in f"{state.message} {error!r}"


async def test_a_store_that_nobody_answers_for_is_one_sentence(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with results_in(await saved(bucket.name, "http://127.0.0.1:1")):
        state = await run()
    error = await state.aresult(raise_on_failure=False)
    assert isinstance(error, SettingsError)
    assert "cannot be written (no connection)" in str(error)


@pytest.fixture
def strict_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a store that can hold everybody to their rights."""
    with moto() as url:
        administrator = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}
        own = SURROUNDINGS | NOBODYS_ACCOUNT | administrator | {"AWS_ENDPOINT_URL": url}
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        yield url


def writer(url: str) -> dict[str, str]:
    """Make somebody who may put objects and not get them, hold all to their rights, return the keys."""
    iam, right = aws_client("iam"), {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [right]})
    iam.create_user(UserName="writer")
    iam.put_user_policy(UserName="writer", PolicyName="p", PolicyDocument=policy)
    made = iam.create_access_key(UserName="writer")["AccessKey"]
    hold_all_to_rights(url)
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}


async def test_a_store_that_takes_results_and_gives_none_back_is_one_sentence(
    strict_store: str,
) -> None:
    aws_client("s3").create_bucket(Bucket="results")
    block = await saved("results", strict_store, **writer(strict_store))
    with results_in(block):
        state = await run()
    error = await state.aresult(raise_on_failure=False)
    assert isinstance(error, SettingsError)
    name = block.partition("/")[2]
    assert str(error) == (
        f"the result store {name} cannot be read (Forbidden); repair it, or name another in "
        "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK."
    )


class Forgetful(WritableFileSystem):
    """A store that takes everything and keeps nothing."""

    async def write_path(self, path: str, content: bytes) -> None: ...

    async def read_path(self, path: str) -> bytes:
        return b""


async def test_a_store_that_gives_something_else_back_is_one_sentence() -> None:
    await Forgetful().save("one", overwrite=True)
    with results_in("forgetful/one"):
        state = await run()
    error = await state.aresult(raise_on_failure=False)
    assert str(error).startswith("the result store one cannot be read (EOFError); repair it")


async def test_a_folder_of_this_machine_is_not_written_into(tmp_path: Path) -> None:
    name = f"folder-{uuid.uuid4().hex}"
    await LocalFileSystem(basepath=str(tmp_path / "kept")).save(name)
    with results_in(f"local-file-system/{name}"):
        state = await run()
    assert state.is_completed()
    assert PROBE not in [path.name for path in (tmp_path / "kept").iterdir()]
