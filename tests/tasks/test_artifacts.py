"""What a run shows of portraits: light pages, without secrets, whatever became of the pictures."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from prefect import flow, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact
from prefect.runtime import flow_run

from greenlight.album import Album
from greenlight.modelstudio.emo import EmoVerdict
from greenlight.modelstudio.family import Verdict
from greenlight.modelstudio.liveportrait import LivePortraitVerdict
from greenlight.portraits.pictures import Portrait, examine
from greenlight.reports import FilmReport, FilmState, report_rejection
from greenlight.settings import read_settings
from tasks.artifacts import (
    MOST_ON_A_SHEET,
    MOST_ROWS,
    TELL_EVERY_SECONDS,
    Gallery,
    Progress,
    show_end,
    show_many,
    show_portrait,
)
from tests.bucket import Bucket
from tests.conftest import SAMPLES
from tests.website import Website

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
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    async with get_client() as client:
        return await client.read_artifacts(artifact_filter=of_run)


async def page_of(portrait: Portrait, report: FilmReport) -> Artifact:
    (page,) = await artifacts_of(lambda: show_portrait(portrait, report))
    return page


def pictures_in(page: Artifact) -> list[tuple[str, Image.Image]]:
    """Return the addresses and the pictures that a page holds."""
    return [
        (address, Image.open(io.BytesIO(base64.b64decode(content))))
        for address, content in ADDRESS.findall(str(page.data))
    ]


def detailed(path: Path) -> Path:
    """Write a picture that is hard to compress."""
    Image.effect_noise((3000, 3000), 100).convert("RGB").save(path)
    return path


async def test_a_page_of_one_portrait_has_no_key_and_says_what_it_is_of(astronaut: Path) -> None:
    page = await page_of(await examine(str(astronaut)), reported(PASSED))
    assert (page.key, page.type) == (None, "markdown")
    assert page.description == "astronaut.png · emo: Filmed"


async def test_the_boxes_are_drawn_on_the_picture(astronaut: Path) -> None:
    portrait = await examine(str(astronaut))
    colours = []
    for verdict in (PASSED, LivePortraitVerdict(passed=True)):
        page = await page_of(portrait, reported(verdict))
        ((_, picture),) = pictures_in(page)
        left, middle = (picture.width * x // 512 for x in (200, 235))
        # Down the left edge of the face, away from its corners.
        colours.append(picture.convert("RGB").getpixel((left, picture.height * 120 // 512)))
        assert middle > left
    (red, green, blue), plain = colours
    assert green > red + 40
    assert green > blue + 40
    assert plain != colours[0]


async def test_the_picture_of_a_page_has_at_most_100_kilobytes_as_an_address(
    tmp_path: Path,
) -> None:
    page = await page_of(await examine(str(detailed(tmp_path / "noise.png"))), reported(PASSED))
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


async def test_a_picture_that_breaks_off_is_no_picture(tmp_path: Path, astronaut: Path) -> None:
    file = tmp_path / "half.png"
    file.write_bytes(astronaut.read_bytes()[:20_000])
    page = await page_of(await examine(str(file)), reported(REFUSED))
    assert pictures_in(page) == []


async def test_no_signed_link_stands_on_a_page(website: Website, bucket: Bucket) -> None:
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
        await show_portrait(portrait, filming)
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
    gallery.add(await examine(str(astronaut)), PASSED)
    gallery.add(await examine(str(two)), REFUSED)
    gallery.add(await examine(str(two)), LivePortraitVerdict(passed=False, reason="No face."))
    pages = await shown(gallery)
    assert set(pages) == {"verdicts-emo", "sweep-emo"}
    sheet = pages["sweep-emo"]
    assert len(pictures_in(sheet)) == 2
    assert r"a\|b &lt;i&gt;.jpg" in str(sheet.data)
    refused, other, passed = eval(str(pages["verdicts-emo"].data).replace("null", "None"))
    assert (refused["portrait"], refused["verdict"]) == (two.name, "refused")
    assert "the judge's own opinion: two people are in the picture" in refused["reason"]
    assert other["reason"] == "refused by the vendor: No face."
    assert (passed["verdict"], passed["reason"], passed["price (CNY)"]) == ("passed", "", "0.004")


async def test_a_preflight_refusal_has_no_price(astronaut: Path) -> None:
    gallery = Gallery()
    gallery.add(
        await examine(str(astronaut)), EmoVerdict(passed=False, by="preflight", code="InvalidFile")
    )
    pages = await shown(gallery)
    assert '"price (CNY)": "0"' in str(pages["verdicts-emo"].data)


async def test_the_sheet_of_a_thousand_refused_is_as_light_as_that_of_a_hundred(
    tmp_path: Path,
) -> None:
    gallery = Gallery()
    portrait = await examine(str(detailed(tmp_path / "noise.png")))
    for _ in range(MOST_ROWS + 100):
        gallery.add(portrait, REFUSED)
    assert len(gallery.refused) == MOST_ROWS
    pages = await shown(gallery)
    pictures = pictures_in(pages["sweep-emo"])
    assert len(pictures) == MOST_ON_A_SHEET
    assert max(len(address) for address, _ in pictures) <= 10_000
    assert pages["verdicts-emo"].description == "1000 of 1100 checked portraits, the refused first"


async def test_nothing_checked_is_a_sheet_without_a_table() -> None:
    assert set(await shown(Gallery())) == {"sweep-emo"}


async def test_progress_is_told_at_most_every_other_second(monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1000.0
    monkeypatch.setattr("tasks.artifacts.time.monotonic", lambda: at)
    progress = Progress("Sweep of in/", model="emo")

    async def work() -> None:
        nonlocal at
        await progress.tell(1, None)
        await progress.tell(5, 20)
        await progress.tell(6, 20)
        at += TELL_EVERY_SECONDS
        await progress.tell(30, 20)

    (told,) = await artifacts_of(work)
    assert (told.key, told.type, told.data) == ("progress-emo", "progress", 100.0)


async def test_a_run_that_never_told_of_its_progress_does_not_at_its_end_either() -> None:
    assert await artifacts_of(Progress("Sweep of in/", model="emo").end) == []
