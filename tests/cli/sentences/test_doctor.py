"""What the doctor finds, one house after the other."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from greenlight.aws.clients import aws_client
from greenlight.ledger import Ledger
from greenlight.modelstudio import catalog
from greenlight.studio.server import StudioServer
from tests.bucket import SECRET, Bucket
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.doctor.test_ledger import held, set_revision
from tests.steering import add_fault
from tests.stores import CEPH, LOCKED, OSS, Manners, serve_store
from tests.website import Website

DOCTOR = "greenlight doctor --timeout 60"
LISTING = b"""<?xml version="1.0"?><ListBucketResult><Contents>
<Key>uploads/anna.png</Key><Size>1</Size></Contents></ListBucketResult>"""


@pytest.fixture(autouse=True)
def _no_server() -> Iterator[None]:
    """Nobody has named a Prefect server."""
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


@pytest.fixture
def queue(bucket: Bucket, greenlight: Greenlight) -> str:
    """The address of a queue that is told of what is uploaded to the bucket."""
    name = f"uploads-{uuid.uuid4().hex}"
    greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    bucket.put("uploads/anna.png", b"png")
    return str(aws_client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


@pytest.mark.usefixtures("settings")
def test_nothing_is_named(says: Says) -> None:
    says(DOCTOR, f"{DOCTOR} --json")


def test_key_and_address(says: Says, studio: StudioServer, website: Website) -> None:
    website.put("/api/v1/tasks/00000000-0000-0000-0000-000000000000", b"<html>")
    at = "DASHSCOPE_HTTP_BASE_URL"
    says(
        f"{at}={studio.base_url} {DOCTOR}",
        f"{at}={studio.base_url} DASHSCOPE_API_KEY=sk-wrong {DOCTOR}",
        f"{at}={studio.base_url} DASHSCOPE_API_KEY='sk-\tkey' {DOCTOR}",
        f"{at}={studio.url} DASHSCOPE_API_KEY=sk-local {DOCTOR}",
        f"{at}={website.url}/api/v1 DASHSCOPE_API_KEY=sk-local {DOCTOR}",
        f"{at}=http://127.0.0.1:1/api/v1 DASHSCOPE_API_KEY=sk-local {DOCTOR}",
        f"HTTPS_PROXY=http://127.0.0.1:9 DASHSCOPE_API_KEY=sk-local {DOCTOR}",
        f"GREENLIGHT_POLL_SECONDS=often {DOCTOR}",
        about=("settings", "key", "address", "clock", "output"),
    )


@pytest.mark.usefixtures("settings")
def test_answers_of_the_service(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "error", "fetch", status=403, code="Workspace.AccessDenied")
    add_fault(studio, "error", "fetch", status=400, code="Arrearage")
    add_fault(studio, "throttle", "fetch")
    add_fault(studio, "error", "fetch", status=500)
    says(DOCTOR, DOCTOR, DOCTOR, DOCTOR, about=("key", "address"))


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("manners", [OSS, CEPH, LOCKED], ids=["oss", "ceph", "locked"])
def test_stores(says: Says, manners: Manners, bucket: Bucket) -> None:
    bucket.put("uploads/anna.png", b"png")
    with serve_store(manners) as store:
        says(
            f"AWS_ENDPOINT_URL={store.url} {DOCTOR} --bucket s3://{bucket.name}/uploads/ "
            f"--out s3://{bucket.name}/videos/",
            about=("bucket", "output"),
        )


@pytest.mark.usefixtures("settings")
def test_models(says: Says) -> None:
    says(
        f"{DOCTOR} --model wan-s2v --model emo",
        f"{DOCTOR} --model emo --deployment emo-v1=mine --deployment emo-detect-v1=mine",
        f"HTTPS_PROXY=http://127.0.0.1:9 DASHSCOPE_HTTP_BASE_URL= {DOCTOR} --model emo",
        about=("models",),
    )


@pytest.mark.usefixtures("settings")
def test_models_whose_end_comes(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenlight.doctor.models.today_at_vendors", lambda: date(2026, 9, 1))
    own = " ".join(f"--deployment {one}=mine" for one in _ending())
    says(f"{DOCTOR} --model emo", f"{DOCTOR} {own}", about=("models",))


def _ending() -> list[str]:
    return [
        one.id for family in catalog.families().values() for one in family.models if one.retires_on
    ]


@pytest.mark.usefixtures("settings")
def test_ledger(says: Says, desk: Path) -> None:
    for name in ("locked.db", "newer.db", "older.db"):
        Ledger(f"sqlite:///{desk / name}").close()
    set_revision(desk / "newer.db", "r9999")
    set_revision(desk / "older.db", "0000")
    (desk / "broken.db").write_text("this is no database, but long enough to look like one")
    (desk / "empty.db").touch()
    with held(desk / "locked.db"):
        says(
            f"GREENLIGHT_LEDGER_URL=sqlite:///locked.db {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=sqlite:///newer.db {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=sqlite:///older.db {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=sqlite:///empty.db {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=sqlite:///broken.db {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=nonsense {DOCTOR}",
            f"GREENLIGHT_LEDGER_URL=postgresql://me:secret@127.0.0.1:1/books {DOCTOR}",
            f"GREENLIGHT_HOME=anna.png/home {DOCTOR}",
            about=("ledger", "output"),
        )


@pytest.mark.usefixtures("settings")
def test_books_on_a_network_drive(says: Says, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = desk / "mountinfo"
    mounts.write_text(f"36 35 0:40 / {desk} rw,relatime - cifs //server/team rw\n")
    monkeypatch.setattr("greenlight.ledger.mounts.MOUNTS", mounts)
    says("greenlight doctor --timeout 60", about=("ledger",))


@pytest.mark.usefixtures("settings")
def test_uploads(says: Says, bucket: Bucket, queue: str) -> None:
    place = f"s3://{bucket.name}"
    about = ("bucket", "link", "output", "queue", "dead letters", "notification")
    says(
        f"{DOCTOR} --bucket {place}/uploads/ --out {place}/videos/ --queue {queue}",
        f"{DOCTOR} --bucket {place}/empty/ --out {place}/empty/videos/",
        f"{DOCTOR} --bucket nowhere-4711 --out s3://nowhere-4711/ --queue {queue}-else",
        f"{DOCTOR} --bucket . --out videos",
        f"{DOCTOR} --out anna.png",
        f"{DOCTOR} --out ftp://example.com/videos/",
        f"GREENLIGHT_DELIVERY=upload {DOCTOR} --bucket {bucket.name}",
        f"AWS_ENDPOINT_URL=http://127.0.0.1:9 {DOCTOR} --bucket {place}/uploads/ --queue {queue}",
        about=about,
    )


@pytest.mark.usefixtures("settings")
def test_nobody_tells_the_queue(says: Says, bucket: Bucket, queue: str) -> None:
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={}
    )
    sqs = aws_client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    sqs.send_message(QueueUrl=queue, MessageBody="a message")
    asked = f"{DOCTOR} --bucket s3://{bucket.name}/uploads/ --queue {queue}"
    says(asked, about=("queue", "dead letters", "notification"))


@pytest.mark.usefixtures("settings")
def test_no_queue_of_dead_letters(says: Says, queue: str) -> None:
    sqs = aws_client("sqs")
    sqs.delete_queue(QueueUrl=f"{queue}-dead-letters")
    sqs.purge_queue(QueueUrl=queue)
    says(f"{DOCTOR} --queue {queue}", about=("queue", "dead letters"))


@pytest.mark.usefixtures("settings")
def test_the_queue_lets_nobody_send(says: Says, bucket: Bucket, queue: str) -> None:
    aws_client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    asked = f"{DOCTOR} --bucket s3://{bucket.name}/uploads/ --queue {queue}"
    says(asked, about=("queue", "notification"))


@pytest.mark.usefixtures("settings")
def test_a_topic_is_told(says: Says, bucket: Bucket, queue: str) -> None:
    topic = aws_client("sns").create_topic(Name=f"uploads-{uuid.uuid4().hex}")["TopicArn"]
    told = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={"TopicConfigurations": [told]}
    )
    asked = f"{DOCTOR} --bucket s3://{bucket.name}/uploads/ --queue {queue}"
    says(asked, about=("notification",))


@pytest.mark.usefixtures("settings")
def test_objects_that_cannot_be_read(says: Says, bucket: Bucket) -> None:
    bucket.put("archive/anna.png", b"png", StorageClass="GLACIER")
    says(f"{DOCTOR} --bucket s3://{bucket.name}/archive/", about=("bucket", "link"))


@pytest.mark.usefixtures("settings")
def test_links(says: Says, bucket: Bucket, website: Website) -> None:
    bucket.put("uploads/anna.png", b"png")
    uploads = f"--bucket s3://{bucket.name}/uploads/"
    website.put(f"/{bucket.name}", LISTING)
    website.put(f"/{bucket.name}/uploads/anna.png", b"p")
    website.put(f"/{bucket.name}/uploads/anna.png", b"", status=403)
    says(
        f"HTTPS_PROXY=http://127.0.0.1:9 DASHSCOPE_HTTP_BASE_URL= {DOCTOR} {uploads}",
        f"AWS_SESSION_TOKEN=of-a-role {DOCTOR} {uploads}",
        f"AWS_ENDPOINT_URL={website.url} {DOCTOR} {uploads}",
        about=("bucket", "link"),
    )


@pytest.mark.usefixtures("settings")
def test_no_link_can_be_signed(
    says: Says, bucket: Bucket, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("uploads/anna.png", b"png")
    source = write_credentials(desk)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(desk / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    again = Bucket(bucket.name, aws_client("s3"))
    with again.meddling("GetObject", lambda **_: source.unlink()):
        says(f"{DOCTOR} --bucket s3://{bucket.name}/uploads/", about=("bucket", "link"))


@pytest.mark.usefixtures("settings")
def test_credentials_that_end_soon(
    says: Says, bucket: Bucket, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("uploads/anna.png", b"png")
    write_credentials(desk)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(desk / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    says(f"{DOCTOR} --bucket s3://{bucket.name}/uploads/", about=("bucket", "link"))


def write_credentials(folder: Path) -> Path:
    """Configure boto3 for credentials that it asks for anew at every request, and return their file."""
    ends_at = datetime.now(UTC) + timedelta(minutes=1)
    given = {
        "Version": 1,
        "AccessKeyId": "moto",
        "SecretAccessKey": SECRET,
        "SessionToken": "of-a-role",
        "Expiration": ends_at.isoformat(),
    }
    source = folder / "credentials.json"
    source.write_text(json.dumps(given))
    (folder / "config").write_text(f"[default]\ncredential_process = cat {source}\n")
    return source


@pytest.mark.usefixtures("settings")
def test_a_slow_service(says: Says, studio: StudioServer, greenlight: Greenlight) -> None:
    # What is looked at first is slow too: models are loaded.
    greenlight("doctor", "--timeout", "60")
    add_fault(studio, "slow", "fetch", seconds=30)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        says(
            f"AWS_ACCESS_KEY_ID=me AWS_SECRET_ACCESS_KEY=mine AWS_ENDPOINT_URL={address} "
            "greenlight doctor --timeout 4 --bucket s3://portraits/",
            about=("key", "address", "clock", "bucket"),
        )


@pytest.mark.usefixtures("settings")
def test_a_dead_letter(says: Says, queue: str) -> None:
    sqs = aws_client("sqs")
    name = f"{queue.rpartition('/')[2]}-dead-letters"
    dead = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="poison")
    says(f"{DOCTOR} --queue {queue}", about=("dead letters",))
