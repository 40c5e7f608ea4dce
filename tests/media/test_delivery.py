"""How the vendor gets at a portrait and a sound."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from greenlight.errors import InputError, Overwritten
from greenlight.media.delivery import deliver, deliver_for_check, is_unchanged
from greenlight.media.portraits import examine
from greenlight.media.recordings import Motion, examine_sound
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.settings import Delivery
from greenlight.studio.server import StudioServer
from tests.bucket import Asked, Bucket
from tests.calling import check
from tests.conftest import SAMPLES
from tests.steering import add_fault, paid, received
from tests.website import Page, Website

CHECK = catalog.family("emo").check.model.id
VIDEO = catalog.family("emo").video.id
GROUP_CHECK = catalog.family("animate-anyone").check.model.id


async def test_a_file_is_uploaded_once_for_each_model_that_reads_it(
    client: ModelStudio, studio: StudioServer, astronaut: Path
) -> None:
    portrait = await examine(str(astronaut))
    urls = {
        await deliver(portrait, client, reader=reader, delivery="presigned")
        for reader in (CHECK, VIDEO)
    }
    assert len(urls) == 2
    assert all(url.startswith("oss://") and url.endswith(".png") for url in urls)
    assert received(studio, "upload") == 2
    assert paid(studio) == {}


async def test_a_sound_is_uploaded_too(client: ModelStudio, sound: Path) -> None:
    url = await deliver(await examine_sound(str(sound)), client, reader=VIDEO, delivery="presigned")
    assert url.startswith("oss://")
    assert url.endswith(".wav")


async def test_a_check_gets_a_web_address_as_it_is_to_be_looked_at_again(
    client: ModelStudio, studio: StudioServer, website: Website, astronaut: Path
) -> None:
    address = website.put("/anna.png", astronaut.read_bytes()) + "?signature=c0ffee"
    portrait = await examine(address)
    handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert (handed.url, handed.can_change) == (address, True)
    assert await is_unchanged(portrait)
    website.put("/anna.png", b"another one")
    website.page("/anna.png")
    assert not await is_unchanged(portrait)
    assert received(studio, "upload") == 0


async def test_a_version_of_an_object_is_presigned_for_a_job(
    client: ModelStudio, studio: StudioServer, bucket: Bucket, astronaut: Path
) -> None:
    bucket.keep_versions()
    portrait = await examine(bucket.put("人像/anna +1.png", astronaut.read_bytes()))
    url = await deliver(portrait, client, reader=CHECK, delivery="presigned")
    assert "X-Amz-Expires=21600" in url
    assert httpx.get(url).content == astronaut.read_bytes()
    assert received(studio, "upload") == 0


@pytest.mark.parametrize("lies_in", ["web", "s3", "s3 that keeps no versions any more"])
async def test_a_job_gets_what_was_examined_whatever_lies_there_when_its_turn_comes(
    lies_in: str, client: ModelStudio, website: Website, bucket: Bucket, astronaut: Path
) -> None:
    two = (SAMPLES / "made_two.jpg").read_bytes()
    if lies_in.endswith("any more"):
        bucket.keep_versions()
        bucket.keep_versions("Suspended")
    website.put("/anna.png", astronaut.read_bytes())
    stored = bucket.put("anna.png", astronaut.read_bytes())
    portrait = await examine(f"{website.url}/anna.png" if lies_in == "web" else stored)
    url = await deliver(portrait, client, reader=GROUP_CHECK, delivery="presigned")
    bucket.put("anna.png", two)
    website.pages["/anna.png"] = [Page(two)]
    # The studio refuses two people, and says so of what it really sees.
    assert (await check(client, catalog.family("animate-anyone"), url)).passed


@pytest.mark.parametrize("becomes", [b"another", b""])
async def test_a_file_that_is_changed_while_it_is_sent_is_told(
    becomes: bytes,
    client: ModelStudio,
    studio: StudioServer,
    astronaut: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "anna.png"
    file.write_bytes(astronaut.read_bytes())
    portrait, upload = await examine(str(file)), client.upload

    async def upload_and_change(path: Path, *, model: str) -> str:
        url = await upload(path, model=model)
        file.unlink()
        if becomes:
            file.write_bytes(becomes)
        return url

    monkeypatch.setattr(client, "upload", upload_and_change)
    for hand_over in (deliver, deliver_for_check):
        with pytest.raises(Overwritten, match="was changed while it was worked on"):
            await hand_over(portrait, client, reader=CHECK, delivery="presigned")
        file.write_bytes(astronaut.read_bytes())
    assert paid(studio) == {}


async def test_an_object_that_is_overwritten_while_it_is_downloaded_is_told(
    client: ModelStudio, studio: StudioServer, bucket: Bucket, astronaut: Path
) -> None:
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))

    def overwrite(**_: object) -> None:
        bucket.put("anna.png", astronaut.read_bytes() + b"\0")

    with (
        bucket.meddling("GetObject", overwrite),
        pytest.raises(Overwritten, match="was overwritten while it was read"),
    ):
        await deliver(portrait, client, reader=VIDEO, delivery="presigned")
    assert received(studio, "upload") == 0


async def test_for_a_job_an_object_is_downloaded_once(
    client: ModelStudio, bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))
    requests.clear()
    await deliver(portrait, client, reader=VIDEO, delivery="presigned")
    assert [one.operation for one in requests] == ["HeadObject", "GetObject"]


async def test_the_link_of_a_check_lives_for_a_quarter_of_an_hour_and_costs_one_request(
    client: ModelStudio, bucket: Bucket, astronaut: Path, requests: list[Asked]
) -> None:
    place = bucket.put("anna.png", astronaut.read_bytes())
    requests.clear()
    portrait = await examine(place)
    assert [one.operation for one in requests] == ["HeadObject", "GetObject"]
    # The bucket is asked for its region before the first link into it is signed.
    for asked in (["HeadObject", "HeadBucket"], ["HeadObject"]):
        requests.clear()
        handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
        assert "X-Amz-Expires=900" in handed.url
        assert "X-Amz" not in repr(handed)
        assert handed.can_change
        assert [one.operation for one in requests] == asked


async def test_the_link_is_to_the_version_that_was_found_where_versions_are_kept(
    client: ModelStudio, bucket: Bucket, astronaut: Path
) -> None:
    bucket.keep_versions()
    portrait = await examine(bucket.put("anna.png", astronaut.read_bytes()))
    handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    url = await deliver(portrait, client, reader=CHECK, delivery="presigned")
    bucket.put("anna.png", b"another one")
    assert not handed.can_change
    for link in (handed.url, url):
        assert httpx.get(link).content == astronaut.read_bytes()


@pytest.mark.parametrize("lies_in", ["file", "uploaded web", "uploaded s3"])
async def test_what_is_uploaded_for_a_check_cannot_change(
    lies_in: str, client: ModelStudio, website: Website, bucket: Bucket, astronaut: Path
) -> None:
    content = astronaut.read_bytes()
    place = {
        "file": str(astronaut),
        "uploaded web": website.put("/anna.png", content),
        "uploaded s3": bucket.put("anna.png", content),
    }[lies_in]
    handed = await deliver_for_check(
        await examine(place),
        client,
        reader=CHECK,
        delivery="presigned" if lies_in == "file" else "upload",
    )
    assert not handed.can_change


# In a process of its own: this one also plays the bucket and the vendor.
UPLOAD = """
import asyncio, json, sys, tracemalloc
from greenlight.aws.clients import aws_client
from greenlight.modelstudio.client import ModelStudio
from greenlight.media.delivery import deliver
from greenlight.media.recordings import Motion

async def main(motion, base_url, reader):
    content = Motion.model_validate_json(motion)
    aws_client("s3")
    async with ModelStudio("sk-local", base_url=base_url) as studio:
        tracemalloc.start()
        url = await deliver(content, studio, reader=reader, delivery="upload")
        print(json.dumps([url, tracemalloc.get_traced_memory()[1]]))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_an_object_is_uploaded_in_pieces_and_never_whole_in_memory(
    client: ModelStudio, studio: StudioServer, bucket: Bucket, tmp_path: Path
) -> None:
    content = os.urandom(60_000_000)
    place = bucket.put("moves.mp4", content)
    motion = Motion(
        place=place,
        shown=place,
        name="moves.mp4",
        identity=f"etag-{hashlib.md5(content, usedforsecurity=False).hexdigest()}-{len(content)}",
        format="mp4",
        seconds=10,
        size_bytes=len(content),
        codec="h264",
        width_px=512,
        height_px=512,
        frames_per_second=25,
    )
    del content
    asked = [sys.executable, "-c", UPLOAD, motion.model_dump_json(), studio.base_url, VIDEO]
    answer = await asyncio.to_thread(subprocess.check_output, asked, timeout=60)
    url, peak_bytes = json.loads(answer)
    assert url.startswith("oss://")
    assert peak_bytes < 4_000_000


@pytest.mark.parametrize("lies_in", ["file", "web", "s3"])
async def test_everything_is_uploaded_where_uploads_are_asked_for(
    lies_in: str,
    client: ModelStudio,
    studio: StudioServer,
    website: Website,
    bucket: Bucket,
    astronaut: Path,
) -> None:
    content = astronaut.read_bytes()
    place = {
        "file": str(astronaut),
        "web": website.put("/anna.png", content),
        "s3": bucket.put("anna.png", content),
    }[lies_in]
    portrait = await examine(place)
    url = await deliver(portrait, client, reader=CHECK, delivery="upload")
    assert url.startswith("oss://")
    verdict = await check(client, catalog.family("emo"), url, picture_size=portrait.size_px)
    assert verdict.passed


@pytest.mark.parametrize("delivery", ["presigned", "upload"])
@pytest.mark.parametrize("lies_in", ["file", "web", "s3"])
async def test_what_was_changed_since_it_was_examined_is_not_delivered(
    lies_in: str,
    delivery: Delivery,
    client: ModelStudio,
    studio: StudioServer,
    website: Website,
    bucket: Bucket,
    astronaut: Path,
    tmp_path: Path,
) -> None:
    content = astronaut.read_bytes()
    file = tmp_path / "anna.png"
    file.write_bytes(content)
    website.put("/anna.png", content)
    place = {
        "file": str(file),
        "web": website.put("/anna.png", content + b"\0") + "?signature=c0ffee",
        "s3": bucket.put("anna.png", content),
    }[lies_in]
    portrait = await examine(place)
    file.write_bytes(content + b"\0")
    bucket.put("anna.png", content + b"\0")
    with pytest.raises(Overwritten, match="was changed while it was worked on") as caught:
        await deliver(portrait, client, reader=CHECK, delivery=delivery)
    assert "c0ffee" not in str(caught.value)
    assert received(studio, "upload") == 0
    assert paid(studio) == {}


async def test_what_was_deleted_since_it_was_examined_is_told(
    client: ModelStudio, astronaut: Path, tmp_path: Path
) -> None:
    file = tmp_path / "anna.png"
    file.write_bytes(astronaut.read_bytes())
    portrait = await examine(str(file))
    file.unlink()
    with pytest.raises(InputError, match="does not exist"):
        await deliver(portrait, client, reader=CHECK, delivery="presigned")


async def test_an_upload_that_the_store_refuses_costs_nothing(
    client: ModelStudio, studio: StudioServer, astronaut: Path
) -> None:
    add_fault(studio, "error", "upload", status=403, code="AccessDenied")
    from greenlight.modelstudio.errors import ModelStudioError

    with pytest.raises(ModelStudioError) as caught:
        await deliver(await examine(str(astronaut)), client, reader=CHECK, delivery="presigned")
    assert not caught.value.may_have_cost
    assert paid(studio) == {}
