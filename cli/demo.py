"""`greenlight demo`: the whole job on the sample portraits, against a studio of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from cli.logs import warnings_hidden
from cli.progress import progress
from cli.speaking import draw, say
from cli.stopping import run
from greenlight.wording import visible

if TYPE_CHECKING:
    from greenlight.pages.sheet import Entry
    from greenlight.settings import Settings
    from greenlight.work.reports import FilmReport

JOB_SECONDS = 1.0
POLL_SECONDS = 0.5
DEMO_KEY = "sk-local"


def demo(
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder for the videos, the contact sheet and the ledger."
        ),
    ] = Path("greenlight-demo"),
) -> None:
    """Check the samples with every model, film those that pass, and show the results.

    It costs nothing: a local studio plays the vendor, and everything stays on this machine.
    """
    began_at = time.monotonic()
    out = out.absolute()
    home = out / "home"
    # That a model is about to be switched off is no matter of a studio that plays it.
    with _local_studio(home) as base_url, warnings_hidden():
        _set_up_environment(home, base_url)
        entries, reports = run(_run(out))
    _print_videos(reports, out)
    sheet = out / "contact-sheet.html"
    _write_sheet(entries, reports, sheet)
    say()
    say(f"Contact sheet: {sheet}")
    say(f"Took {time.monotonic() - began_at:.0f} s. Run it again: nothing is asked twice.")
    if any(not report.state.is_good for report in reports):
        raise typer.Exit(1)


@contextmanager
def _local_studio(home: Path) -> Iterator[str]:
    """Start a studio at the port it had here before, so that its verdicts are known again."""
    from greenlight.studio.server import StudioServer, StudioSettings, StudioStartError

    settings = StudioSettings(home=home / "studio", key=DEMO_KEY, job_seconds=JOB_SECONDS)
    remembered = home / "port"
    server = StudioServer(settings, port=_port_in(remembered))
    try:
        server.start()
    except StudioStartError:
        # Somebody else has the port now; this studio is then a new service to the books.
        server = StudioServer(settings)
        server.start()
    try:
        remembered.write_text(str(urlsplit(server.base_url).port))
        yield server.base_url
    finally:
        server.stop()


def _port_in(remembered: Path) -> int:
    try:
        return int(remembered.read_text())
    except (OSError, ValueError):
        return 0


def _set_up_environment(home: Path, base_url: str) -> None:
    """Keep the demonstration away from the user's own key and books."""
    for name in list(os.environ):
        if name.startswith(("GREENLIGHT_", "DASHSCOPE_")):
            del os.environ[name]
    os.environ |= {
        "GREENLIGHT_HOME": str(home),
        "GREENLIGHT_POLL_SECONDS": str(POLL_SECONDS),
        "DASHSCOPE_HTTP_BASE_URL": base_url,
        "DASHSCOPE_API_KEY": DEMO_KEY,
    }


async def _run(out: Path) -> tuple[list[Entry], list[FilmReport]]:
    from greenlight.settings import read_settings

    settings = read_settings()
    entries = await _screen(settings)
    return entries, await _film(entries, out / "videos")


async def _screen(settings: Settings) -> list[Entry]:
    """Check every sample with every model, and print the verdicts as a table."""
    from greenlight.media.portraits import examine
    from greenlight.modelstudio import catalog
    from greenlight.modelstudio.family import Role
    from greenlight.modelstudio.retry import patiently
    from greenlight.pages.sheet import Entry
    from greenlight.screening.opinions import opinions_of, wants_opinion
    from greenlight.services import connect

    families = [catalog.family(name) for name in catalog.filming(Role.PORTRAIT)]
    entries = [Entry(await examine(str(path))) for path in portraits()]
    async with connect(settings) as services:
        screen = services.screener.screen
        with progress("screening", total=len(entries)) as advance:
            for entry in entries:
                calls = (partial(screen, entry.subject, one) for one in families)
                screenings = await asyncio.gather(*map(patiently, calls))
                entry.verdicts = [screening.verdict for screening in screenings]
                advance()
    for entry in entries:
        silent = [verdict.model for verdict in entry.verdicts if wants_opinion(verdict)]
        if silent:
            entry.opinions = await opinions_of(entry.subject.place, silent)
    _print_verdicts(entries)
    return entries


async def _film(entries: list[Entry], out: Path) -> list[FilmReport]:
    """Film everything that passed."""
    from cli.film import film_here
    from greenlight.briefs.brief import Brief

    briefs = [
        Brief(
            portrait=entry.subject.place,
            models=(verdict.model,),
            sound=str(samples() / "hello.mp3"),
            motion=str(samples() / "wave.mp4"),
        )
        for entry in entries
        for verdict in entry.verdicts
        if verdict.passed
    ]
    say()
    say(f"Filming {len(briefs)} videos ...")
    with progress("filming", total=len(briefs)) as advance:

        async def film(brief: Brief) -> FilmReport:
            report = await film_here(brief, out=str(out), wait_seconds=120, max_cny=None)
            advance()
            return report

        return list(await asyncio.gather(*map(film, briefs)))


def samples() -> Path:
    """Return the folder of samples: packed beside the command line, or in the checkout."""
    packed = Path(__file__).parent / "samples"
    return packed if packed.is_dir() else Path(__file__).parents[1] / "samples"


def portraits() -> list[Path]:
    """Return the sample portraits."""
    return sorted(path for path in samples().iterdir() if path.suffix in {".jpg", ".png"})


def _print_verdicts(entries: list[Entry]) -> None:
    from rich.table import Table
    from rich.text import Text

    from greenlight.pages.sheet import reason_in_words

    table = Table("portrait", "model", "verdict", title="Verdicts", title_justify="left")
    for entry in entries:
        for verdict in entry.verdicts:
            what = Text("passed", "green") if verdict.passed else Text("refused", "red")
            if not verdict.passed:
                what.append(f": {visible(reason_in_words(verdict, entry))}", "default")
            table.add_row(visible(entry.subject.name), verdict.model, what)
        table.add_section()
    draw(table)


def _print_videos(reports: list[FilmReport], out: Path) -> None:
    from rich.table import Column, Table

    video = Column("video", overflow="fold")
    title = f"Videos in {visible(out.name)}/videos"
    table = Table("model", "state", "seconds", "CNY", video, title=title, title_justify="left")
    for report in reports:
        table.add_row(
            report.verdict.model if report.verdict else "",
            report.state.label,
            f"{report.seconds or 0:.2f}",
            f"{report.cost_cny:.3f}",
            visible(Path(report.video).name if report.video else report.message),
        )
    draw(table)
    say("CNY is what this run would have cost at the vendor's.")


def _write_sheet(entries: list[Entry], reports: list[FilmReport], sheet: Path) -> None:
    from greenlight.pages.sheet import write_contact_sheet

    for report in reports:
        for entry in entries:
            if report.video and report.verdict in entry.verdicts:
                entry.videos[report.verdict.model] = report.video
    write_contact_sheet(entries, sheet)
