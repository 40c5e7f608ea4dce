"""`greenlight report`: one page out of the books, to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.advice import as_command
from cli.options import Since
from cli.progress import progress
from cli.speaking import say


def report(
    since: Since = None,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="File to write.")] = Path(
        "greenlight-report.html"
    ),
) -> None:
    """Write an HTML page of portraits, refusals, costs, open jobs and videos."""
    from greenlight.pages.report import write_report
    from greenlight.services import open_ledger
    from greenlight.settings import read_settings
    from greenlight.thumbnails.cache import Album

    settings = read_settings()
    with open_ledger(settings) as ledger, progress("drawing portraits") as advance:
        file, told = write_report(
            ledger, Album.in_home(settings.home), out, since=since, advance=advance, say=as_command
        )
    subject = "portrait" if told.portraits == 1 else "portraits"
    say(f"The report on {told.portraits} {subject} is {file}.")
