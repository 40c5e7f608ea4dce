"""Let a video go to a store that refuses what Amazon's takes, and read it there."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from greenlight.aws.clients import aws_client
from greenlight.media.s3 import split_s3
from tests.bucket import NOBODYS_ACCOUNT, SURROUNDINGS
from tests.chaos.scene import Scene
from tests.stores import BLIND, CEPH, LOCKED, MINIO, OSS, R2, Manners, serve_store

STORES = (OSS, MINIO, R2, CEPH, LOCKED, BLIND)
MOMENTS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"at": "greenlight.videos.s3:_put_beside", "moment": "before", "does": "die"},
    {"at": "greenlight.ledger.jobs:Jobs.close", "moment": "before", "does": "die"},
)
"""When the process dies, if it does: before it says what made the video, and before it closes the job."""


def film_into_a_store_that_refuses(scene: Scene) -> None:
    """Let the brief's video go to a bucket, and the process die when it lies there."""
    _open_bucket(scene, scene.chance.choice(STORES))
    death = scene.chance.choice(MOMENTS)
    scene.run(*([death] if death else []))


def _open_bucket(scene: Scene, manners: Manners) -> None:
    """Serve a bucket to the end of the round, and let the video of the brief go there."""
    names = scene.exits.enter_context(pytest.MonkeyPatch.context())
    scene.surroundings = SURROUNDINGS | NOBODYS_ACCOUNT
    for name, value in scene.surroundings.items():
        names.setenv(name, value)
    bucket = scene.folder.name
    # It tells of every request on standard error, where the benchmark's complaints stand.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with serve_store(MINIO) as plain:
        # Not every store lets a bucket be made at its front.
        names.setenv("AWS_ENDPOINT_URL", plain.url)
        aws_client("s3").create_bucket(Bucket=bucket)
    store = scene.exits.enter_context(serve_store(manners))
    names.setenv("AWS_ENDPOINT_URL", store.url)
    scene.surroundings |= {"AWS_ENDPOINT_URL": store.url}
    scene.spec["out"] = f"s3://{bucket}/videos/"


def videos_at(out: str) -> list[str]:
    """Return the names of all videos below a place in S3."""
    bucket, prefix = split_s3(out)
    listed = aws_client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", ()) if one["Key"].endswith(".mp4")]


def read_at(place: str) -> bytes | None:
    """Return the content of an object, if it is there."""
    client = aws_client("s3")
    bucket, key = split_s3(place)
    try:
        return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except client.exceptions.NoSuchKey:
        return None
