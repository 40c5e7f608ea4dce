"""Setting a bucket up, at moto's S3, SQS and EventBridge over HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from greenlight.aws.clients import aws_client
from greenlight.errors import SettingsError
from greenlight.uploads.events import read_message
from greenlight.uploads.notifications import with_eventbridge, with_queue
from greenlight.uploads.setup import BucketSetup
from greenlight.uploads.surroundings import Surroundings
from greenlight.uploads.watching import Watch, arrives_again, refuse_output_inside
from tests.bucket import Bucket, refuse

ARN = "arn:aws:sqs:us-east-1:123456789012:"
ALL_UPLOADS = ["s3:ObjectCreated:*"]


@pytest.fixture
def watch(bucket: Bucket) -> Watch:
    return Watch(bucket=bucket.name, prefix="uploads/", queue=f"uploads-{uuid.uuid4().hex}")


def take_all(watch: Watch, *, via_eventbridge: bool = False) -> list[str]:
    sentences = []
    for step in BucketSetup(watch, via_eventbridge=via_eventbridge).steps():
        step.take()
        sentences.append(step.after)
    return sentences


def heard(watch: Watch) -> list[str]:
    """Return the keys of the uploads that the queue was told of."""
    client, keys = aws_client("sqs"), []
    url = BucketSetup(watch).queue_url()
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        keys += [one.key for message in messages for one in read_message(message["Body"])]
    return sorted(keys)


def attributes(queue: str) -> dict[str, Any]:
    client = aws_client("sqs")
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return dict(answer["Attributes"])


def configuration(bucket: Bucket) -> dict[str, Any]:
    answer = bucket.client.get_bucket_notification_configuration(Bucket=bucket.name)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_dry_run_says_it_sentence_by_sentence_and_changes_nothing(
    bucket: Bucket, watch: Watch
) -> None:
    name, dead = watch.queue, f"{watch.queue}-dead-letters"
    assert [step.before for step in BucketSetup(watch).steps()] == [
        f"Would create the queue {dead}, which keeps what could not be worked on until it is 14 days old.",
        f"Would create the queue {name}, which gives a message up after 5 vain tries.",
        f"Would set the policy that lets the bucket {bucket.name} and no other send to the queue {name}.",
        f"Would set the notification that tells the queue {name} what is uploaded to {watch.place}.",
    ]
    assert BucketSetup(watch).queue_url() is None
    assert configuration(bucket) == {}


@pytest.mark.parametrize("way", ["directly", "by EventBridge"])
def test_afterwards_the_queue_is_told_of_what_is_uploaded_below_the_prefix(
    bucket: Bucket, watch: Watch, way: str
) -> None:
    sentences = take_all(watch, via_eventbridge=way == "by EventBridge")
    assert not any("Already" in one for one in sentences)
    for key in ("uploads/anna maria+1.png", "uploads/安娜.png", "videos/anna.mp4"):
        bucket.put(key, b"png")
    assert heard(watch) == ["uploads/anna maria+1.png", "uploads/安娜.png"]


def test_a_second_time_there_is_nothing_to_do(bucket: Bucket, watch: Watch) -> None:
    take_all(watch)
    before = configuration(bucket), attributes(watch.queue)["Policy"]
    sentences = take_all(watch)
    assert all(one.startswith("Already there: ") for one in sentences), sentences
    assert (configuration(bucket), attributes(watch.queue)["Policy"]) == before


def test_a_second_time_by_eventbridge_there_is_nothing_to_do_either(watch: Watch) -> None:
    take_all(watch, via_eventbridge=True)
    sentences = take_all(watch, via_eventbridge=True)
    # moto never says that EventBridge is told, so there the last step is taken again.
    assert all(one.startswith("Already there: ") for one in sentences[:-1]), sentences
    known: dict[str, Any] = {"EventBridgeConfiguration": {}}
    assert with_eventbridge(known) is known


def test_switching_eventbridge_on_keeps_the_other_receivers() -> None:
    known = {"QueueConfigurations": [told("letters/")]}
    assert with_eventbridge(known) == {**known, "EventBridgeConfiguration": {}}


def test_the_queue_gives_up_after_five_tries_and_lets_only_the_bucket_in(
    bucket: Bucket, watch: Watch
) -> None:
    take_all(watch)
    known = attributes(watch.queue)
    redrive = json.loads(known["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == f"{ARN}{watch.queue}-dead-letters"
    assert int(redrive["maxReceiveCount"]) == 5
    (statement,) = json.loads(known["Policy"])["Statement"]
    assert statement | {"Sid": ""} == {
        "Sid": "",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"{ARN}{watch.queue}",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket.name}"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        },
    }


def test_by_eventbridge_only_the_rule_is_let_in(watch: Watch) -> None:
    take_all(watch, via_eventbridge=True)
    (statement,) = json.loads(attributes(watch.queue)["Policy"])["Statement"]
    rule = f"arn:aws:events:us-east-1:123456789012:rule/{watch.mark}"
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": rule}


def test_a_queue_that_is_there_learns_to_give_up(watch: Watch) -> None:
    aws_client("sqs").create_queue(QueueName=watch.queue)
    assert f"Changed the queue {watch.queue}, which gives" in take_all(watch)[1]
    assert int(json.loads(attributes(watch.queue)["RedrivePolicy"])["maxReceiveCount"]) == 5


def test_statements_of_others_stay_in_the_policy(watch: Watch) -> None:
    take_all(watch)
    client = aws_client("sqs")
    theirs = {
        "Sid": "backup",
        "Effect": "Allow",
        "Principal": {"AWS": "123456789012"},
        "Action": "sqs:ReceiveMessage",
        "Resource": f"{ARN}{watch.queue}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    url = client.get_queue_url(QueueName=watch.queue)["QueueUrl"]
    client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    assert take_all(watch)[2].startswith("Set the policy")
    statements = json.loads(attributes(watch.queue)["Policy"])["Statement"]
    assert [one["Action"] for one in statements] == ["sqs:ReceiveMessage", "sqs:SendMessage"]


def test_receivers_of_other_uploads_stay_in_the_bucket(bucket: Bucket, watch: Watch) -> None:
    foreign = Watch(bucket=bucket.name, prefix="letters/", queue=f"letters-{uuid.uuid4().hex}")
    take_all(foreign)
    take_all(watch)
    receivers = [one["QueueArn"] for one in configuration(bucket)["QueueConfigurations"]]
    assert receivers == [f"{ARN}{foreign.queue}", f"{ARN}{watch.queue}"]


@contextmanager
def silent_about_regions(bucket: Bucket) -> Iterator[None]:
    """Let S3 not say where a bucket lies when it is asked whether it is there, as other stores do."""

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("BucketRegion")

    bucket.client.meta.events.register("after-call.s3.HeadBucket", forget)
    try:
        yield
    finally:
        bucket.client.meta.events.unregister("after-call.s3.HeadBucket", forget)


def test_a_store_that_says_no_region_is_set_up_in_that_of_the_client(
    bucket: Bucket, watch: Watch
) -> None:
    with silent_about_regions(bucket):
        take_all(watch)
        assert take_all(watch, via_eventbridge=True)
    with silent_about_regions(bucket), bucket.meddling("GetBucketLocation", refuse):
        assert Surroundings(bucket.name).arn("sqs", watch.queue) == f"{ARN}{watch.queue}"


def test_a_store_that_says_no_region_may_say_the_location(bucket: Bucket) -> None:
    abroad = f"{bucket.name}-abroad"
    where = {"LocationConstraint": "ap-southeast-1"}
    bucket.client.create_bucket(Bucket=abroad, CreateBucketConfiguration=where)
    with silent_about_regions(bucket):
        assert ":ap-southeast-1:" in Surroundings(abroad).arn("sqs", "uploads")


def test_a_bucket_that_is_not_there_is_a_sentence(bucket: Bucket) -> None:
    setup = BucketSetup(Watch(bucket=f"{bucket.name}x", prefix="uploads/", queue="uploads"))
    with pytest.raises(SettingsError, match=r"cannot be read \(Not Found\)"):
        next(setup.steps())


def told(prefix: str = "", suffix: str = "", **changes: Any) -> dict[str, Any]:
    """Return a configuration of somebody else's, as S3 gives it back."""
    rules = [{"Name": "Prefix", "Value": prefix}, {"Name": "Suffix", "Value": suffix}]
    whole = {"Id": "theirs", "QueueArn": f"{ARN}theirs", "Events": ALL_UPLOADS}
    return whole | {"Filter": {"Key": {"FilterRules": rules}}} | changes


HERE = Watch(bucket="portraits", prefix="uploads/", queue="uploads")


@pytest.mark.parametrize(
    "other",
    [told(), told("up"), told("uploads/vip/"), told("uploads/", ".txt"), told("uploads%2F")],
)
def test_a_receiver_that_is_told_of_the_same_uploads_is_named(other: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="theirs, and S3 allows only one receiver"):
        with_queue({"QueueConfigurations": [other]}, HERE, f"{ARN}uploads")


@pytest.mark.parametrize(
    "known",
    [
        {"QueueConfigurations": [told("letters/")]},
        {"QueueConfigurations": [told("uploads/", Events=["s3:ObjectRemoved:*"])]},
        {"TopicConfigurations": [told("letters/", TopicArn="arn:aws:sns:us-east-1:1:t")]},
        {"EventBridgeConfiguration": {}},
    ],
)
def test_other_receivers_stay_beside_ours(known: dict[str, Any]) -> None:
    made = with_queue(known, HERE, f"{ARN}uploads")
    *others, ours = made["QueueConfigurations"]
    assert others == known.get("QueueConfigurations", [])
    assert ours["QueueArn"] == f"{ARN}uploads"
    assert {**made, "QueueConfigurations": 0} == {**known, "QueueConfigurations": 0}


def test_a_notification_by_hand_that_does_the_same_is_enough() -> None:
    known = {"QueueConfigurations": [told("uploads/", QueueArn=f"{ARN}uploads")]}
    assert with_queue(known, HERE, f"{ARN}uploads") is known


def test_a_prefix_is_encoded_as_filters_want_it() -> None:
    watch = Watch(bucket="portraits", prefix="新 上传+/", queue="uploads")
    (ours,) = with_queue({}, watch, f"{ARN}uploads")["QueueConfigurations"]
    (rule,) = ours["Filter"]["Key"]["FilterRules"]
    assert rule["Value"] == "%E6%96%B0+%E4%B8%8A%E4%BC%A0%2B/"
    assert with_queue({"QueueConfigurations": [ours]}, watch, f"{ARN}uploads") == {
        "QueueConfigurations": [ours]
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket": "s3://portraits"}, "not a bucket's name"),
        ({"queue": "uploads.fifo"}, "FIFO"),
        ({"queue": "an address"}, "not a queue's name"),
        ({"prefix": "/uploads"}, "no key begins"),
    ],
)
def test_a_watch_that_makes_no_sense_is_a_sentence(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Watch(**{"bucket": "portraits", "prefix": "uploads/", "queue": "uploads"} | changes)


@pytest.mark.parametrize(
    ("prefix", "out"),
    [
        ("uploads/", "s3://portraits/uploads/"),
        ("uploads/", "s3://portraits/uploads"),
        ("uploads/", "s3://portraits/uploads/videos/anna.mp4"),
        ("up", "s3://portraits/uploads/"),
        ("", "s3://portraits/videos/"),
        ("anna", "s3://portraits/"),
        ("uploads/a", "s3://portraits/uploads/"),
    ],
)
def test_an_output_that_would_be_an_upload_again_is_refused(prefix: str, out: str) -> None:
    with pytest.raises(SettingsError, match="every video would start another run"):
        refuse_output_inside("portraits", prefix, out)
    assert arrives_again("portraits", prefix, out)


@pytest.mark.parametrize(
    ("prefix", "out"),
    [
        ("uploads/", "s3://portraits/videos/"),
        ("uploads/", "s3://portraits/"),
        ("uploads/", "s3://portraits/uploads-done/"),
        ("uploads/", "s3://others/uploads/"),
        ("", "/home/anna/videos"),
        ("", None),
    ],
)
def test_an_output_elsewhere_is_fine(prefix: str, out: str | None) -> None:
    refuse_output_inside("portraits", prefix, out)
    assert not arrives_again("portraits", prefix, out)
