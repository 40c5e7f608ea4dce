"""Take the documents' pictures anew: `python -m tests.docs.pictures`, where Chromium is installed.

They are of wan-s2v: a contact sheet of samples, and the page of a run from bucket to bucket.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import tempfile
from pathlib import Path

import httpx
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, sync_playwright

import greenlight
from greenlight.media.portraits import examine
from greenlight.pages.sheet import Entry, write_contact_sheet
from greenlight.screening.opinions import opinions_of, wants_opinion
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.browser.conftest import ARGUMENTS
from tests.docs.documents import ROOT, SHOWS
from tests.programs import run, running
from tests.surroundings import PYTHON, Surroundings

MODEL = "wan-s2v"
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "samples"
COLOURS = 255
"""So that a picture stays below what `test_links` allows."""
SHOWN = ("astronaut.png", "grace_hopper.jpg", "made_two.jpg", "chelsea.png")
"""One row: two that pass, one that the vendor refuses without a reason, one that is too small."""
UPLOADS = {"uploads/anna.png": "astronaut.png", "uploads/anna.mp3": "hello.mp3"}
SHOWN_AT_SECONDS = 1.2
SEEK = """async at => {
    for (const video of document.querySelectorAll("video")) {
        video.scrollIntoView();
        video.preload = "auto";
        await new Promise(done => { video.oncanplaythrough = done; video.load(); });
        video.currentTime = at;
        await new Promise(done => video.onseeked = done);
        await new Promise(done => setTimeout(done, 1000));  // the controls fade
    }
    window.scrollTo(0, 0);
}"""


async def make_sheet(home: Path) -> Path:
    """Check the samples, film those that pass, and return their contact sheet."""
    with StudioServer(StudioSettings(home=home / "studio", job_seconds=0.1)) as studio:
        settings = read_settings(
            {
                "DASHSCOPE_HTTP_BASE_URL": studio.base_url,
                "DASHSCOPE_API_KEY": "sk-local",
                "GREENLIGHT_HOME": str(home / "greenlight"),
                "GREENLIGHT_POLL_SECONDS": "0.1",
            }
        )
        entries = [await make_entry(str(SAMPLES / name), settings) for name in SHOWN]
    return write_contact_sheet(entries, home / "contact-sheet.html")


async def make_entry(portrait: str, settings: Settings) -> Entry:
    """Check a portrait, and film it or ask the judge why not."""
    verdict = await greenlight.check(portrait, MODEL, settings=settings)
    entry = Entry(await examine(portrait), [verdict])
    if verdict.passed:
        sound = str(SAMPLES / "hello.mp3")
        report = await greenlight.film(portrait, sound=sound, models=(MODEL,), settings=settings)
        entry.videos[MODEL] = report.video or ""
    elif wants_opinion(verdict):
        entry.opinions = await opinions_of(portrait, [MODEL])
    return entry


def take_contact_sheet(page: Page, sheet: Path) -> None:
    """Show the videos as they are a moment after their beginning."""
    page.goto(sheet.as_uri())
    page.evaluate(SEEK, SHOWN_AT_SECONDS)
    keep(page, "contact-sheet")


def take_run(page: Page, home: Path) -> None:
    """Film a portrait from a bucket to a bucket, and take the page that its run has in Prefect's UI."""
    around = Surroundings(home, GREENLIGHT_POLL_SECONDS="0.1")
    around.show_ui()
    with running(around.store, around.studio, around.server):
        around.wait_until_ready()
        store = around.client("s3")
        for bucket in ("my-portraits", "my-videos"):
            store.create_bucket(Bucket=bucket)
        for key, sample in UPLOADS.items():
            store.upload_file(str(SAMPLES / sample), "my-portraits", key)
        portrait, sound = (f"s3://my-portraits/{key}" for key in UPLOADS)
        options = ["--model", MODEL, "--audio", sound, "--out", "s3://my-videos/videos/"]
        run([*PYTHON, "cli", "film", portrait, *options], around.environ)
        page.goto(f"{around.api_url.removesuffix('/api')}/v2/artifacts/artifact/{artifact(around)}")
        page.get_by_role("heading", name="Filmed").wait_for()
        page.wait_for_load_state("networkidle")
        keep(page, "run")


def artifact(around: Surroundings) -> str:
    """Return the id of the only page that there is; results have no type."""
    found = httpx.post(f"{around.api_url}/artifacts/filter", json={}).raise_for_status().json()
    (page,) = [one["id"] for one in found if one["type"] == "markdown" and not one["key"]]
    return str(page)


def keep(page: Page, name: str) -> None:
    """Put a small picture of the whole page into its place."""
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.evaluate("window.innerWidth"), "height": height})
    taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    # The few pixels of a mark keep their colour beside the many of a photograph.
    few = taken.quantize(COLOURS, kmeans=1)
    shown = PngInfo()
    shown.add_text(SHOWS, MODEL)
    few.save(IMAGES / f"{name}.png", optimize=True, pnginfo=shown)


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sheet = asyncio.run(make_sheet(home / "sheet"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            take_contact_sheet(browser.new_page(viewport={"width": 1240, "height": 500}), sheet)
            take_run(browser.new_page(viewport={"width": 1000, "height": 500}), home / "run")
            browser.close()


if __name__ == "__main__":
    main()
