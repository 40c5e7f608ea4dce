"""How the vendor gets at a portrait and a sound."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from greenlight.errors import InputError
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.portraits.delivery import deliver
from greenlight.portraits.media import examine_sound
from greenlight.portraits.pictures import examine
from greenlight.settings import Delivery
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.steering import add_fault, paid, received
from tests.website import Website

CHECK = catalog.family("emo").check.id
VIDEO = catalog.family("emo").video.id


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


async def test_a_web_address_is_handed_on_as_it_is(
    client: ModelStudio, studio: StudioServer, website: Website, astronaut: Path
) -> None:
    address = website.put("/anna.png", astronaut.read_bytes()) + "?signature=c0ffee"
    portrait = await examine(address)
    assert await deliver(portrait, client, reader=CHECK, delivery="presigned") == address
    assert received(studio, "upload") == 0


async def test_an_object_is_presigned(
    client: ModelStudio, studio: StudioServer, bucket: Bucket, astronaut: Path
) -> None:
    portrait = await examine(bucket.put("人像/anna +1.png", astronaut.read_bytes()))
    url = await deliver(portrait, client, reader=CHECK, delivery="presigned")
    assert "X-Amz-Expires=21600" in url
    assert httpx.get(url).content == astronaut.read_bytes()
    assert received(studio, "upload") == 0


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
    verdict = await client.check(catalog.family("emo"), url, picture_size=portrait.size_px)
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
    with pytest.raises(InputError, match="was changed while it was worked on") as caught:
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
