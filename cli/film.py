"""`greenlight film`: the video of one portrait or clip, as a Prefect flow run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cli.advice import as_command
from cli.logs import warnings_shown
from cli.options import (
    DEFAULT_MODELS,
    MOTION_FAMILIES,
    Deployments,
    Json,
    Models,
    RatioOption,
    deployments_of,
)
from cli.progress import progress
from cli.speaking import say, show, tell
from cli.stopping import run
from cli.via import Via, ViaOption, is_via_prefect
from greenlight.modelstudio.catalog import LONGEST_JOB_SECONDS
from greenlight.wording import cny

if TYPE_CHECKING:
    from pathlib import Path

    from greenlight.briefs.brief import Brief
    from greenlight.settings import Settings
    from greenlight.work.reports import FilmReport


def film(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="PORTRAIT_OR_CLIP",
            help="A picture of the person, or a video if the model films one: "
            "a file, a URL or s3://bucket/key.",
        ),
    ],
    model: Models = DEFAULT_MODELS,
    audio: Annotated[
        str | None,
        typer.Option(metavar="SOUND", help="The sound that drives the video (wav, mp3)."),
    ] = None,
    motion: Annotated[
        str | None,
        typer.Option(
            metavar="VIDEO_OR_TEMPLATE",
            help=f"{MOTION_FAMILIES}: a motion video, or a template's id.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where the video goes: a folder, s3://bucket/prefix/ or an .mp4 file.",
        ),
    ] = None,
    ratio: RatioOption = None,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter of the video; may be repeated."),
    ] = None,
    deployment: Deployments = None,
    take: Annotated[
        int, typer.Option(min=1, help="Take number; raise it to make (and pay for) another video.")
    ] = 1,
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long to wait for the video.",
            show_default="until it is done",
        ),
    ] = LONGEST_JOB_SECONDS,
    max_cny: Annotated[
        float | None,
        typer.Option(min=0, metavar="CNY", help="Refuse to start if it could cost more than this."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the request and its price; pay nothing.")
    ] = False,
    via: ViaOption = None,
    as_json: Json = False,
) -> None:
    """Film a portrait or a clip with the first model whose check it passes."""
    from greenlight.briefs.brief import Brief, parse_parameter
    from greenlight.settings import read_settings

    settings = read_settings()
    settings.require_key()
    brief = Brief.about(
        subject,
        models=tuple(model),
        sound=audio,
        motion=motion,
        ratio=ratio.value if ratio else None,
        parameters=dict(parse_parameter(text) for text in param or []),
        deployments=deployments_of(deployment),
        take=take,
    )
    brief.check_parameters_are_known()
    if dry_run:
        report = run(_plan(brief, settings))
    else:
        report = _film(brief, settings, via, out=out, wait_seconds=wait, max_cny=max_cny)
    print_report(report, as_json=as_json)
    raise typer.Exit(0 if report.state.is_good else 1)


async def _plan(brief: Brief, settings: Settings) -> FilmReport:
    from greenlight.services import open_ledger
    from greenlight.work.case import examine_case
    from greenlight.work.planning import Planner
    from greenlight.work.reports import report_plan

    case = await examine_case(brief)
    with open_ledger(settings) as ledger:
        planner = Planner(case=case, service=settings.service, ledger=ledger)
        return report_plan(await planner.plan())


def _film(brief: Brief, settings: Settings, via: Via | None, **parameters: Any) -> FilmReport:
    film_brief = film_here
    if is_via_prefect(via):
        prepare_prefect(settings.results)
        film_brief = film_by_run
    with progress(f"filming {brief.subject.partition('?')[0]}"), warnings_shown():
        return run(film_brief(brief, **parameters))


async def film_here(brief: Brief, **parameters: Any) -> FilmReport:
    """Film a brief in this process and return its report; what is wrong with the brief is raised."""
    from greenlight.api import film

    return await film(brief, **parameters)


def prepare_prefect(results: Path) -> None:
    """Set Prefect's own defaults for a run from the command line; what the user has set stays."""
    quiet = {
        "PREFECT_LOCAL_STORAGE_PATH": str(results),
        # Logs go to the server; on the console one sentence says what happened.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # A server of its own takes 13 s to start the first time, and longer on a busy machine.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DO_NOT_TRACK": "1",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)


async def film_by_run(brief: Brief, **parameters: Any) -> FilmReport:
    """Run the flow of one brief and return its report; what is wrong with the brief is raised."""
    from flows.portrait_to_video import portrait_to_video

    state = await portrait_to_video(brief, **parameters, return_state=True)
    report: Any = await state.aresult(raise_on_failure=False)
    if isinstance(report, BaseException):
        raise report
    return cast("FilmReport", report)


def print_report(report: FilmReport, *, as_json: bool) -> None:
    """Print what became of a brief: an object for machines, a sentence for people."""
    report = report.worded(as_command)
    if as_json:
        tell(report.model_dump_json())
        return
    say(f"{report.state.label}: {report.message}")
    if report.request is not None:
        show(report.request)
    if report.state == "planned" and report.price_cny is not None:
        say(f"At most {cny(report.price_cny)} from here.")
    else:
        say(f"Paid by this run: {cny(report.cost_cny)}.")
