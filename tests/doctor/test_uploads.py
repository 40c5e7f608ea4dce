"""Looking at a bucket, its links, its queue and what it tells it, at moto's S3 and SQS over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

import pytest

from greenlight.aws.clients import aws_client
from greenlight.doctor.bucket import examine_bucket
from greenlight.doctor.findings import Finding, State
from greenlight.doctor.link import is_private
from greenlight.doctor.notification import examine_notification, told
from greenlight.doctor.output import examine_output
from greenlight.doctor.queue import examine_queue
from greenlight.errors.advice import AnnounceByEventBridge, AnnounceUploads
from greenlight.settings import Settings, read_settings
from greenlight.uploads.setup import BucketSetup
from greenlight.uploads.watching import Watch
from tests.bucket import SECRET, Bucket


def by_subject(found: Iterable[Finding]) -> dict[str, Finding]:
    return {one.subject: one for one in found}


def take_all(watch: Watch, *, via_eventbridge: bool = False) -> str:
    """Set a bucket up, and return the queue's address."""
    work = BucketSetup(watch, via_eventbridge=via_eventbridge)
    for step in work.steps():
        step.take()
    return str(work.queue_url())


@pytest.fixture
def watch(bucket: Bucket) -> Watch:
    return Watch(bucket=bucket.name, prefix="uploads/", queue=f"uploads-{uuid.uuid4().hex}")


def test_a_bucket_that_can_be_read_and_fetched_from(
    bucket: Bucket, watch: Watch, settings: Settings
) -> None:
    bucket.put("uploads/", b"")
    bucket.put("uploads/anna maria+1.png", b"png")
    found = by_subject(examine_bucket(watch.place, settings))
    assert {name: one.state for name, one in found.items()} == {
        "bucket": State.OK,
        "link": State.OK,
    }
    assert SECRET not in str(found)
    assert "X-Amz" not in str(found)


def test_an_empty_bucket_has_nothing_to_try_a_link_with(
    bucket: Bucket, watch: Watch, settings: Settings
) -> None:
    bucket.put("uploads/", b"")
    found = by_subject(examine_bucket(watch.place, settings))
    assert (found["bucket"].state, found["link"].state) == (State.OK, State.SKIPPED)
    assert "has no object" in found["link"].sentence


def test_a_link_that_the_vendor_could_not_reach_is_named(bucket: Bucket, watch: Watch) -> None:
    bucket.put("uploads/anna.png", b"png")
    at_vendors = read_settings({"DASHSCOPE_API_KEY": "sk-1"})
    link = by_subject(examine_bucket(watch.place, at_vendors))["link"]
    assert (link.state, link.sentence) == (
        State.BROKEN,
        "links lead to 127.0.0.1, which the vendor cannot reach",
    )
    assert "GREENLIGHT_DELIVERY=upload" in link.advice
    uploads = read_settings({"GREENLIGHT_DELIVERY": "upload"})
    assert by_subject(examine_bucket(watch.place, uploads))["link"].state is State.SKIPPED


def test_links_that_die_before_a_job_is_through_are_a_warning(
    bucket: Bucket, watch: Watch, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("uploads/anna.png", b"png")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-role")
    last = list(examine_bucket(watch.place, settings))[-1]
    assert (last.subject, last.state) == ("link", State.WARNING)
    assert "it is unknown when" in last.sentence


def test_a_bucket_that_is_not_there_is_told_from_a_store_that_is_not(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (missing,) = examine_bucket("s3://nowhere-4711/uploads/", settings)
    assert missing.state is State.BROKEN
    assert "bucket does not exist" in missing.sentence
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (unreachable,) = examine_bucket(f"s3://{bucket.name}/", settings)
    assert unreachable.state is State.BROKEN
    assert "no connection" in unreachable.sentence
    assert "AWS_ENDPOINT_URL" in unreachable.advice


@pytest.mark.usefixtures("bucket")
def test_credentials_that_are_missing_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (found,) = examine_bucket("s3://portraits/", settings)
    assert "Unable to locate credentials" in found.sentence
    assert "AWS_ACCESS_KEY_ID" in str(found.advice)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "minio", "store.local"])
def test_a_host_of_this_network_is_known(host: str) -> None:
    assert is_private(host)
    assert not is_private("bucket.s3.eu-central-1.amazonaws.com")


def test_an_output_is_tried_without_leaving_anything(bucket: Bucket, settings: Settings) -> None:
    for place in (
        f"s3://{bucket.name}",
        f"s3://{bucket.name}/videos/",
        f"s3://{bucket.name}/a.mp4",
    ):
        (found,) = examine_output(place, settings, watched=None)
        assert found.state is State.OK, found
    assert "Contents" not in bucket.client.list_objects_v2(Bucket=bucket.name)
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)
    (missing,) = examine_output("s3://nowhere-4711/videos/", settings, watched=None)
    assert missing.state is State.BROKEN


def test_an_output_in_what_is_watched_is_named(watch: Watch, settings: Settings) -> None:
    (found,) = examine_output(f"{watch.place}videos/", settings, watched=watch.place)
    assert found.state is State.BROKEN
    assert "would start another run" in found.sentence


def test_a_folder_is_tried_without_making_it(tmp_path: Path, settings: Settings) -> None:
    (found,) = examine_output(str(tmp_path / "videos" / "new"), settings, watched=None)
    assert found.state is State.OK
    assert list(tmp_path.glob("videos*")) == []
    (tmp_path / "file").write_text("a file")
    (inside,) = examine_output(str(tmp_path / "file" / "videos"), settings, watched=None)
    assert inside.state is State.BROKEN
    (web,) = examine_output("https://example.com/videos?key=1", settings, watched=None)
    assert (web.state, "key" in web.sentence) == (State.BROKEN, False)


def test_a_queue_as_it_is_set_up_is_told_of_uploads(watch: Watch) -> None:
    url = take_all(watch)
    # S3 sends a test event when it is told to notify, and the doctor leaves it where it is.
    client = aws_client("sqs")
    for _ in range(3):
        found = by_subject(examine_queue(url))
        assert {one.state for one in found.values()} == {State.OK}, found
    (notification,) = examine_notification(watch.place, url)
    assert notification.state is State.OK
    counts = client.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])
    for message in counts.get("Messages", []):
        assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_queue_that_is_not_there_is_named(watch: Watch) -> None:
    url = take_all(watch).replace(watch.queue, "nowhere")
    (found,) = examine_queue(url)
    assert found.state is State.BROKEN
    assert "the queue nowhere cannot be used" in found.sentence
    (notification,) = examine_notification(watch.place, url)
    assert notification.state is State.SKIPPED


def test_dead_letters_are_looked_at(watch: Watch) -> None:
    client = aws_client("sqs")
    plain = client.create_queue(QueueName=f"plain-{uuid.uuid4().hex}")["QueueUrl"]
    found = by_subject(examine_queue(plain))["dead letters"]
    assert (found.state, "has no dead-letter queue" in found.sentence) == (State.WARNING, True)
    url = take_all(watch)
    dead = client.get_queue_url(QueueName=f"{watch.queue}-dead-letters")["QueueUrl"]
    client.send_message(QueueUrl=dead, MessageBody="poison")
    found = by_subject(examine_queue(url))["dead letters"]
    assert found.state is State.WARNING
    assert "holds 1 message that could not be processed" in found.sentence
    client.delete_queue(QueueUrl=dead)
    assert by_subject(examine_queue(url))["dead letters"].state is State.BROKEN


def test_a_notification_that_is_missing_is_named_with_the_command(
    bucket: Bucket, watch: Watch
) -> None:
    url = take_all(watch)
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={}
    )
    (found,) = examine_notification(watch.place, url)
    assert found.state is State.BROKEN
    assert found.sentence == f"{watch.queue} is not notified of uploads to {watch.place}"
    assert found.advice == AnnounceUploads(bucket.name, "uploads/", watch.queue)


def test_uploads_that_another_queue_is_told_of_are_named(bucket: Bucket, watch: Watch) -> None:
    take_all(watch)
    other = aws_client("sqs").create_queue(QueueName=f"other-{uuid.uuid4().hex}")["QueueUrl"]
    (found,) = examine_notification(watch.place, other)
    assert found.state is State.BROKEN
    assert f"already sends uploads of {watch.place} to" in found.sentence
    assert found.advice == AnnounceByEventBridge(bucket.name, "uploads/", other.rsplit("/", 1)[-1])


def test_a_policy_that_lets_nobody_send_is_named(watch: Watch) -> None:
    url = take_all(watch)
    aws_client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    (found,) = examine_notification(watch.place, url)
    assert found.state is State.BROKEN
    assert "whose policy lets nobody send" in found.sentence


def test_a_way_by_eventbridge_or_a_topic_is_seen(watch: Watch) -> None:
    take_all(watch, via_eventbridge=True)
    arn = BucketSetup(watch)._queue_arn
    # moto never says that EventBridge is told.
    by_eventbridge = told(watch, {"QueueArn": arn}, {"EventBridgeConfiguration": {}})
    assert by_eventbridge.state is State.OK
    topic = {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Events": ["s3:ObjectCreated:*"]}
    assert told(watch, {"QueueArn": arn}, {"TopicConfigurations": [topic]}).state is State.WARNING
    assert told(watch, {"QueueArn": arn}, {}).state is State.BROKEN


def test_what_is_not_named_is_not_looked_at(settings: Settings) -> None:
    examinations = (
        examine_bucket(None, settings),
        examine_bucket("/srv/portraits", settings),
        examine_queue(None),
        examine_notification(None, None),
        examine_notification("/srv/portraits", "https://sqs"),
    )
    assert [one.state for found in examinations for one in found] == [State.SKIPPED] * 5


def test_a_link_into_another_region_than_the_settings_is_signed_for_it(
    bucket_abroad: Bucket, settings: Settings
) -> None:
    place = bucket_abroad.put("anna.png", b"png").removesuffix("anna.png")
    found = by_subject(examine_bucket(place, settings))
    assert {name: one.state for name, one in found.items()} == {
        "bucket": State.OK,
        "link": State.OK,
    }
