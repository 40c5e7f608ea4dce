"""The policies that the documents show are enough, by a store that holds everybody to theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from prefect_aws import AwsCredentials, S3Bucket

from greenlight.doctor.bucket import examine_bucket
from greenlight.doctor.findings import Finding, State
from greenlight.doctor.notification import examine_notification
from greenlight.doctor.output import examine_output
from greenlight.doctor.queue import examine_queue
from greenlight.errors import SettingsError
from greenlight.media.delivery import deliver_for_check
from greenlight.media.listing import list_objects
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import read_settings
from greenlight.uploads.queue import UploadQueue
from greenlight.uploads.setup import BucketSetup
from greenlight.uploads.watching import Watch
from greenlight.videos.s3 import require_bucket, store_in_s3
from tests.bucket import NOBODYS_ACCOUNT
from tests.docs.documents import ROOT
from tests.docs.moto import POLICY, as_moto_reads, hold_all_to_rights, moto
from tests.website import Website

TO_RUN, TO_SET_UP, TO_KEEP_RESULTS = POLICY.findall(
    (ROOT / "docs" / "how-to" / "permissions.md").read_text()
)
WATCH = Watch(bucket="my-portraits", prefix="uploads/", queue="greenlight-uploads")
PICTURE = (ROOT / "samples" / "grace_hopper.jpg").read_bytes()


@dataclass(frozen=True)
class Account:
    """An account of AWS's with the buckets of the documents."""

    url: str
    monkeypatch: pytest.MonkeyPatch

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def put_portrait(self) -> None:
        """Upload a portrait into a bucket that keeps versions."""
        s3 = self.client("s3")
        s3.put_bucket_versioning(
            Bucket="my-portraits", VersioningConfiguration={"Status": "Enabled"}
        )
        s3.put_object(Bucket="my-portraits", Key="uploads/anna.jpg", Body=PICTURE)

    def become(self, policy: str) -> None:
        """Be a user with this policy and no other right, from now on."""
        iam = self.client("iam")
        iam.create_user(UserName="greenlight")
        iam.put_user_policy(
            UserName="greenlight", PolicyName="p", PolicyDocument=as_moto_reads(policy)
        )
        key = iam.create_access_key(UserName="greenlight")["AccessKey"]
        self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        self.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        self.monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        hold_all_to_rights(self.url)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with moto() as url:
        own = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-central-1"}
        keys = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}
        for name, value in (NOBODYS_ACCOUNT | own | keys).items():
            monkeypatch.setenv(name, value)
        where = {"LocationConstraint": "eu-central-1"}
        for bucket in ("my-portraits", "my-videos"):
            boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        yield Account(url, monkeypatch)


def set_up(*, via_eventbridge: bool = False) -> str:
    work = BucketSetup(WATCH, via_eventbridge=via_eventbridge)
    for step in work.steps():
        step.take()
    return work.queue_url() or ""


async def do_all_that_runs_do(queue_url: str, studio: ModelStudio, video: str) -> None:
    """List, read, store, receive; an error is raised for what is not allowed."""
    (page,) = list_objects("s3://my-portraits/uploads/")
    portrait = await examine(page[0].place)
    reader = catalog.family("emo").check.model.id
    # A link is good for what its signer may read, which is the same right.
    await deliver_for_check(portrait, studio, reader=reader, delivery="upload")
    require_bucket("s3://my-videos/videos/")
    for _ in range(2):
        await store_in_s3(video, "s3://my-videos/videos/anna.mp4", job="job", tell=lambda _: {})
    queue = UploadQueue(queue_url, poll_seconds=0, visibility_seconds=1)
    receipts = [message.receipt for message in await queue.receive()]
    await queue.change_visibility(receipts, 1)
    await queue.delete(receipts)


def find_all_that_the_doctor_finds(queue_url: str) -> list[Finding]:
    return [
        *examine_bucket(WATCH.place, read_settings({"GREENLIGHT_DELIVERY": "upload"})),
        *examine_output("s3://my-videos/videos/", None, watched=WATCH.place),
        *examine_queue(queue_url),
        *examine_notification(WATCH.place, queue_url),
    ]


async def test_the_rights_of_the_runs_are_enough_for_them_and_for_the_doctor(
    account: Account, client: ModelStudio, website: Website
) -> None:
    queue_url = set_up()
    account.put_portrait()
    video = website.put("/wave.mp4", (ROOT / "samples" / "wave.mp4").read_bytes())
    account.become(TO_RUN)
    await do_all_that_runs_do(queue_url, client, video)
    findings = find_all_that_the_doctor_finds(queue_url)
    states = {one.subject: one.state for one in findings}
    assert states.pop("link") is State.SKIPPED
    assert set(states.values()) == {State.OK}, findings


def test_the_rights_to_set_up_are_enough_for_both_ways(account: Account) -> None:
    account.become(TO_SET_UP)
    queue_url = set_up()
    assert queue_url.endswith("/greenlight-uploads")
    assert set_up(via_eventbridge=True) == queue_url


async def test_the_rights_to_keep_results_are_enough_for_a_block(account: Account) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    account.client("s3").create_bucket(Bucket="my-results", CreateBucketConfiguration=where)
    account.become(TO_KEEP_RESULTS)
    block = S3Bucket(bucket_name="my-results", credentials=AwsCredentials())
    await block.awrite_path("result", b"42")
    assert await block.aread_path("result") == b"42"


def test_the_store_holds_everybody_to_their_rights(account: Account) -> None:
    account.become(TO_RUN)
    with pytest.raises(SettingsError, match="not authorized"):
        set_up()
