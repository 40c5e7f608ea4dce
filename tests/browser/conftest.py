"""Open pages in this machine's Chromium, offline, and keep a picture of each as build output."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.stage import Stage, set_up

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine can be reached, by whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESKTOP = (1280, 900)
PHONE = (390, 844)

PATIENCE_MILLISECONDS = 30_000
"""For a machine that does much else."""

Keep = Callable[[str], None]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that is installed here; without one the tests are skipped."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


@pytest.fixture(scope="session")
def stage(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_up(tmp_path_factory.mktemp("stage")) as ready:
        yield ready


# As long as a module: while it lives its loop runs in this thread, where other tests want their own.
@pytest.fixture(scope="module")
def browser(chromium: str, stage: Stage) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page as wide as a desktop's, or of the size that the test is parametrized with."""
    width, height = getattr(request, "param", DESKTOP)
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield context.new_page()
    context.close()


@pytest.fixture
def keep(page: Page, request: pytest.FixtureRequest) -> Keep:
    """Keeps a picture of the whole page as it is now, under a name."""

    def keep_as(name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(
            path=SCREENSHOTS / f"{re.sub(r'[^a-z0-9]+', '-', name)}.png", full_page=True
        )

    return keep_as


# Looked up anew each time, since a page may draw its pictures again while it gets ready.
DRAWN = """name => {
    const picture = [...document.images].find(one => one.alt === name);
    picture?.scrollIntoView();
    return picture?.naturalWidth ? [picture.naturalWidth, picture.naturalHeight] : null;
}"""


@pytest.fixture
def natural_size(page: Page) -> Callable[[str], tuple[int, int]]:
    """Returns the size in pixels of the picture with this alternative text, once it is drawn."""

    def size(alternative: str) -> tuple[int, int]:
        width, height = page.wait_for_function(DRAWN, arg=alternative).json_value()
        return width, height

    return size
