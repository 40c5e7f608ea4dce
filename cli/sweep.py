"""`greenlight sweep`: check and film what lies in a bucket or folder and has no verdict yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cli.advice import as_command
from cli.film import prepare_prefect
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
from cli.progress import Tell, pace
from cli.speaking import say, tell
from cli.stopping import run
from cli.via import ViaOption, is_via_prefect
from greenlight.modelstudio import catalog
from greenlight.wording import cny

if TYPE_CHECKING:
    from greenlight.settings import Settings
    from greenlight.work.bundles import BriefDefaults
    from greenlight.work.bundles.forecast import Forecast
    from greenlight.work.sweep import SweepReport


def sweep(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="s3://bucket/prefix/ or a folder.")],
    model: Models = DEFAULT_MODELS,
    audio: Annotated[
        str | None,
        typer.Option("--audio", help="Sound for portraits without one of their own."),
    ] = None,
    motion: Annotated[
        str | None,
        typer.Option("--motion", help=f"{MOTION_FAMILIES}: a motion video or template for all."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="PLACE", help="A folder or s3://bucket/prefix/ for the videos."
        ),
    ] = None,
    ratio: RatioOption = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A parameter of the video; repeatable."),
    ] = None,
    deployment: Deployments = None,
    needs: Annotated[
        list[str] | None,
        typer.Option(
            "--needs",
            metavar="sound|json",
            help="Wait for these files before filming; repeatable.",
            show_default="sound",
        ),
    ] = None,
    also_from: Annotated[
        list[str] | None,
        typer.Option(
            "--also-from",
            metavar="BUCKET_OR_HOST",
            help="Also allow the files of this s3://bucket or https://host in a bucket's json; repeatable.",
        ),
    ] = None,
    film: Annotated[
        bool, typer.Option("--film/--no-film", help="Film what passes, or only check.")
    ] = True,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long each film waits for its video."),
    ] = 0,
    max_cny: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="CNY", help="Stop before spending or committing more than this."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be done and what it costs; pay nothing."),
    ] = False,
    via: ViaOption = None,
    as_json: Json = False,
) -> None:
    """Check every portrait without a verdict, and film those that pass and have a sound."""
    from greenlight.briefs.brief import parse_parameter
    from greenlight.settings import read_settings
    from greenlight.work.bundles import BriefDefaults
    from greenlight.work.bundles.output import refuse_output_within

    settings = read_settings()
    settings.require_key()
    defaults = BriefDefaults(
        models=tuple(model),
        sound=_absolute(audio),
        motion=_absolute(motion),
        ratio=ratio.value if ratio else None,
        parameters=dict(parse_parameter(text) for text in param or []),
        deployments=deployments_of(deployment),
        also_from=tuple(also_from or ()),
    )
    defaults.check()
    out = _absolute(out)
    refuse_output_within(place, out)
    waits_for = _needs(needs)
    if dry_run:
        forecast = run(_foresee(place, settings, defaults, waits_for, out, films=film))
        _print_forecast(forecast, place, model, as_json=as_json)
        return
    sweep_place = _sweep_here
    if is_via_prefect(via):
        prepare_prefect(settings.results)
        sweep_place = _sweep_by_run
    with pace(f"sweeping {place}") as advance, warnings_shown():
        report = run(
            sweep_place(
                advance,
                place=place,
                defaults=defaults,
                needs=waits_for,
                out=out,
                max_cny=max_cny,
                film=film,
                wait_seconds=wait,
            )
        )
    _print_report(report, model, as_json=as_json)
    raise typer.Exit(1 if report.stopped or report.failures else 0)


def _absolute(place: str | None) -> str | None:
    """Return a file's whole path, since a film run may work in another folder; other places stay."""
    from greenlight.briefs.brief import is_template_id

    if place is None or "://" in place or is_template_id(place):
        return place
    # Path's own raises for a user that does not exist.
    return str(Path(os.path.expanduser(place)).absolute())  # noqa: PTH111


def _needs(needs: list[str] | None) -> tuple[str, ...]:
    for one in needs or []:
        if one not in {"sound", "json"}:
            raise typer.BadParameter(f"{one} is neither sound nor json", param_hint="--needs")
    return tuple(needs or ("sound",))


async def _sweep_here(advance: Tell, **parameters: Any) -> SweepReport:
    from greenlight.api import sweep

    async def tell(done: int, total: int | None) -> None:
        advance(done, total)

    return await sweep(**parameters, tell=tell)


async def _sweep_by_run(advance: Tell, **parameters: Any) -> SweepReport:
    from flows.screen_portraits import WATCHER, screen_portraits

    WATCHER.set(advance)
    state = await screen_portraits(**parameters, return_state=True)
    report: Any = await state.aresult(raise_on_failure=False)
    if isinstance(report, BaseException):
        raise report
    return cast("SweepReport", report)


async def _foresee(
    place: str,
    settings: Settings,
    defaults: BriefDefaults,
    needs: Any,
    out: str | None,
    *,
    films: bool,
) -> Forecast:
    from greenlight.services import open_ledger
    from greenlight.work.bundles.forecast import foresee
    from greenlight.work.bundles.surveying import Surveyor

    with open_ledger(settings) as ledger:
        surveyor = Surveyor(ledger=ledger, service=settings.service, defaults=defaults, needs=needs)
        return await foresee(place, surveyor, out=out, films=films)


def _print_forecast(forecast: Forecast, place: str, models: list[str], *, as_json: bool) -> None:
    if as_json:
        tell(forecast.as_json())
        return
    if not forecast.portraits:
        wanted = catalog.subjects_in_words(models, 0)
        say(f"There are no {wanted} in {place}; nothing was paid.")
        return
    settled = ", ".join(f"{n} {state.label.lower()}" for state, n in forecast.settled.items())
    say(f"Nothing to do for {settled}." if settled else f"Nothing in {place} is settled yet.")
    say(f"To check: {forecast.checks}, at most {cny(forecast.checks_cny)}.")
    say(f"To film: {forecast.films}, at most {cny(forecast.films_cny)}.")
    say(
        f"To film if they pass: {forecast.films_if_passed}, "
        f"at most {cny(forecast.films_if_passed_cny)}."
    )
    say(f"At most {cny(forecast.price_cny)} in all; nothing was paid.")


def _print_report(report: SweepReport, models: list[str], *, as_json: bool) -> None:
    report = report.worded(as_command)
    if as_json:
        tell(report.model_dump_json())
        return
    for remark in report.failures + report.notes:
        is_named = remark.subject.startswith(remark.portrait.rpartition(".")[0])
        say(f"{remark.message}." if is_named else f"{remark.portrait}: {remark.message}.")
    states = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.states.items())
    subjects = catalog.subjects_in_words(models, report.portraits)
    say(f"{report.portraits} {subjects} in {report.place}: {states or 'none'}.")
    if report.stopped:
        say(f"Stopped: {report.stopped}.")
    if report.films_cny:
        paid_cny = report.cost_cny + report.films_cny
        say(f"Paid by this run: {cny(paid_cny)}, of it {cny(report.films_cny)} for videos.")
    else:
        say(f"Paid for checks by this run: {cny(report.cost_cny)}.")
