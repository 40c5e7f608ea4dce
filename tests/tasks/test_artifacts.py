"""What a run shows of portraits: light pages, without secrets, whatever became of the pictures."""

from __future__ import annotations

import base64
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from PIL import Image, ImageColor
from prefect import flow, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact
from prefect.runtime import flow_run

from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.modelstudio.family import Verdict
from greenlight.pages.markdown import plain
from greenlight.settings import read_settings
from greenlight.thumbnails.cache import Album
from greenlight.thumbnails.drawing import EXTENDED_COLOUR, FACE_COLOUR
from greenlight.work.reports import FilmReport, FilmState, report_rejection
from tasks.artifacts import (
    MOST_ON_A_SHEET,
    MOST_ROWS,
    Gallery,
    Progress,
    show_end,
    show_many,
    show_subject,
)
from tests.bucket import Bucket
from tests.conftest import SAMPLES

pytestmark = pytest.mark.usefixtures("prefect_server")

PASSED = EmoVerdict(passed=True, face_bbox=(200, 70, 270, 160), ext_bbox=(60, 10, 360, 310))
REFUSED = EmoVerdict(passed=False)
ADDRESS = re.compile(r"\((data:image/jpeg;base64,([A-Za-z0-9+/=]+))\)")


def reported(verdict: Verdict) -> FilmReport:
    if not verdict.passed:
        return report_rejection([verdict])
    return FilmReport(state=FilmState.FILMED, verdict=verdict, verdicts=[verdict])


async def artifacts_of(work: Any) -> list[Artifact]:
    """Return what a piece of work puts into the run that it is done in."""

    @flow
    async def doing() -> str:
        await work()
        return str(flow_run.id)

    run_id = await doing()
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=of_run)
    # The run's result is one of them, without a type, and nobody is shown it.
    return [one for one in found if one.type]


async def page_of(portrait: Portrait, report: FilmReport) -> Artifact:
    (page,) = await artifacts_of(lambda: show_subject(portrait, report))
    return page


def pictures_in(page: Artifact) -> list[tuple[str, Image.Image]]:
    """Return the addresses and the pictures that a page holds."""
    return [
        (address, Image.open(io.BytesIO(base64.b64decode(content))))
        for address, content in ADDRESS.findall(str(page.data))
    ]


def detailed(path: Path) -> Path:
    """Write a picture that is hard to compress."""
    Image.effect_noise((1500, 1500), 100).convert("RGB").save(path, quality=95)
    return path


async def test_a_page_of_one_portrait_has_no_key_and_says_what_it_is_of(astronaut: Path) -> None:
    page = await page_of(await examine(str(astronaut)), reported(PASSED))
    assert (page.key, page.type) == (None, "markdown")
    assert page.description == "astronaut.png · emo: Filmed"


async def test_the_boxes_are_drawn_on_the_picture(astronaut: Path) -> None:
    portrait = await examine(str(astronaut))
    drawn = []
    for verdict in (PASSED, LivePortraitVerdict(passed=True)):
        ((_, picture),) = pictures_in(await page_of(portrait, reported(verdict)))
        drawn.append([count_like(picture, colour) for colour in (FACE_COLOUR, EXTENDED_COLOUR)])
    assert min(drawn[0]) > 100
    assert max(drawn[1]) < min(drawn[0]) // 4


def count_like(picture: Image.Image, colour: str) -> int:
    """Return how many pixels have nearly a colour."""
    pixels = np.asarray(picture.convert("RGB"), dtype=int)
    return int((abs(pixels - ImageColor.getrgb(colour)).max(axis=2) < 40).sum())


async def test_the_picture_of_a_page_has_at_most_100_kilobytes_as_an_address(
    tmp_path: Path,
) -> None:
    page = await page_of(await examine(str(detailed(tmp_path / "noise.jpg"))), reported(PASSED))
    ((address, picture),) = pictures_in(page)
    assert len(address) <= 100_000
    assert picture.width > 200


@pytest.mark.parametrize("change", ["deleted", "overwritten", "broken", "turned into a folder"])
async def test_a_picture_that_cannot_be_read_any_more_leaves_the_page_without_one(
    change: str, tmp_path: Path, astronaut: Path
) -> None:
    file = tmp_path / "anna.png"
    file.write_bytes(astronaut.read_bytes())
    portrait = await examine(str(file))
    file.unlink()
    match change:
        case "overwritten":
            file.write_bytes((SAMPLES / "camera.png").read_bytes())
        case "broken":
            file.write_bytes(astronaut.read_bytes()[:2000])
        case "turned into a folder":
            file.mkdir()
    page = await page_of(portrait, reported(REFUSED))
    assert pictures_in(page) == []
    assert "refused by the vendor: no reason given" in str(page.data)


async def test_a_picture_of_which_only_the_beginning_is_there_is_no_picture(
    bucket: Bucket, astronaut: Path
) -> None:
    place = bucket.put("half.png", astronaut.read_bytes()[:20_000])
    portrait = await examine(place)
    assert pictures_in(await page_of(portrait, reported(REFUSED))) == []
    gallery = Gallery()
    gallery.add(portrait, REFUSED)
    sheet = (await shown(gallery))["refused-emo"]
    assert pictures_in(sheet) == []
    assert "half.png" in str(sheet.data)


async def test_no_signed_link_stands_on_a_page(bucket: Bucket) -> None:
    content = (SAMPLES / "made_two.jpg").read_bytes()
    place = bucket.put("in/安娜 🙂 & <b>.jpg", content)
    signed = bucket.client.generate_presigned_url(
        "get_object", Params={"Bucket": bucket.name, "Key": "in/安娜 🙂 & <b>.jpg"}
    )
    for one in (place, signed):
        portrait = await examine(one)
        page = await page_of(portrait, reported(REFUSED))
        assert len(pictures_in(page)) == 1
        told = f"{page.data} {page.description}"
        for secret in ("X-Amz-", "Signature", "Expires=", "AWSAccessKeyId"):
            assert secret not in told
        assert "two people are in the picture" in told


async def test_a_shown_portrait_is_kept_for_the_report(astronaut: Path) -> None:
    portrait = await examine(str(astronaut))
    await page_of(portrait, reported(PASSED))
    kept = Album.in_home(read_settings().home).thumbnails.find(portrait.identity)
    assert kept is not None
    assert len(kept) <= 10_000


async def test_the_end_of_a_run_replaces_its_page_and_keeps_the_picture(astronaut: Path) -> None:
    portrait = await examine(str(astronaut))
    filming = FilmReport(state=FilmState.FILMING, verdict=PASSED, verdicts=[PASSED])

    async def work() -> None:
        await show_subject(portrait, filming)
        run_id: Any = flow_run.id
        await show_end(run_id, "s3://portraits/in/astronaut.png", reported(PASSED))

    (page,) = await artifacts_of(work)
    assert page.description == "astronaut.png · emo: Filmed"
    assert "s3://portraits/in/astronaut.png" in str(page.data)
    assert len(pictures_in(page)) == 1


async def test_a_run_without_a_page_gets_one_at_its_end() -> None:
    async def work() -> None:
        run_id: Any = flow_run.id
        await show_end(run_id, "anna.png", reported(PASSED))

    (page,) = await artifacts_of(work)
    assert page.description == "anna.png · emo: Filmed"


async def shown(gallery: Gallery) -> dict[str, Artifact]:
    """Return the pages of many portraits by what they are."""
    pages = await artifacts_of(
        lambda: show_many("Sweep of in/", "2 rejected", gallery, model="emo")
    )
    return {str(page.key): page for page in pages}


async def test_many_portraits_are_a_table_and_a_sheet_of_the_refused(
    astronaut: Path, tmp_path: Path
) -> None:
    gallery = Gallery()
    two = tmp_path / "a|b <i>.jpg"
    two.write_bytes((SAMPLES / "made_two.jpg").read_bytes())
    gallery.add(await examine(str(astronaut)), PASSED, price_cny=Decimal("0.004"))
    gallery.add(await examine(str(two)), REFUSED)
    gallery.add(await examine(str(two)), LivePortraitVerdict(passed=False, reason="No face."))
    pages = await shown(gallery)
    assert set(pages) == {"verdicts-emo", "refused-emo"}
    sheet = pages["refused-emo"]
    assert len(pictures_in(sheet)) == 2
    assert r"a\|b &lt;i&gt;.jpg" in str(sheet.data)
    refused, other, passed = json.loads(str(pages["verdicts-emo"].data))
    assert (refused["portrait"], refused["verdict"]) == (two.name, "refused")
    assert refused["reason"] == (
        "two people are in the picture: crop it to one person "
        "(the judge's own opinion; refused by the vendor: no reason given)"
    )
    assert refused["price (CNY)"] == "0"
    assert sheet.description == rf"2 of 3 refused: {plain(two.name)}, {plain(two.name)}"
    assert other["reason"] == "refused by the vendor: No face."
    assert (passed["verdict"], passed["reason"], passed["price (CNY)"]) == ("passed", "", "0.004")


async def test_the_sheet_of_a_thousand_refused_is_as_light_as_that_of_a_hundred(
    tmp_path: Path, astronaut: Path
) -> None:
    gallery = Gallery()
    gallery.add(await examine(str(detailed(tmp_path / "noise.jpg"))), REFUSED)
    portrait = await examine(str(astronaut))
    for _ in range(MOST_ROWS + 99):
        gallery.add(portrait, REFUSED)
    assert len(gallery.refused) == MOST_ROWS
    pages = await shown(gallery)
    pictures = pictures_in(pages["refused-emo"])
    assert len(pictures) == MOST_ON_A_SHEET
    assert max(len(address) for address, _ in pictures) <= 10_000
    assert str(pages["verdicts-emo"].description) == (
        "1100 of 1100 refused: noise.jpg, astronaut.png, astronaut.png and 1097 more; 1000 are shown"
    )


async def test_progress_is_told_now_and_then_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.artifacts.TELL_EVERY_SECONDS", 60.0)
    progress = Progress("Sweep of in/", model="emo")
    told: list[object] = []

    async def work() -> None:
        await progress.tell(1, None)
        await progress.tell(5, 20)
        await progress.tell(6, 20)
        told.append(await percent_of(str(flow_run.id)))
        await progress.end()
        told.append(await percent_of(str(flow_run.id)))

    (artifact,) = await artifacts_of(work)
    assert (artifact.key, artifact.type) == ("progress-emo", "progress")
    assert told == [25.0, 100.0]


async def percent_of(run_id: str) -> object:
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
    async with get_client() as client:
        (artifact,) = await client.read_artifacts(artifact_filter=of_run)
    return artifact.data


async def test_a_run_that_never_told_of_its_progress_does_not_at_its_end_either() -> None:
    assert await artifacts_of(Progress("Sweep of in/", model="emo").end) == []
