"""Work on the objects of one batch of S3 uploads: what belongs to them, as it lies there now."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.bundle_work import ByRuns
from flows.ending import BundleReport, counted, end, subjects_of
from flows.film_runs import FilmRuns
from flows.parameters import (
    Beside,
    Credentials,
    Defaults,
    MaxCny,
    Needs,
    Out,
    explained,
    load_credentials,
)
from greenlight.concurrency import all_of, each, side_by_side
from greenlight.errors import InputError, SettingsError
from greenlight.ledger import Ledger
from greenlight.ledger.budgets import day_of
from greenlight.ledger.database import now
from greenlight.media.kinds import kind_of
from greenlight.media.place import name_of
from greenlight.media.subjects import KIND_OF
from greenlight.uploads.events import Arrival
from greenlight.uploads.watching import arrives_again, refuse_output_inside
from greenlight.wording import visible
from greenlight.work.bundles import BriefDefaults, Bundle, bundle_of
from greenlight.work.bundles.bundle import stem_of
from greenlight.work.bundles.casting import subjects_of as roles_of
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.work import BundleWork
from greenlight.work.reports import FilmState, report_error, report_rejection
from tasks.artifacts import show_many, show_subject, some
from tasks.events import tell_many_refusals
from tasks.reasons import opinions_on
from tasks.results import place_of_results, require_result_store
from tasks.services import connected

AT_ONCE = 16


def _run_name() -> str:
    """Return what came, each bundle by its subject if that came: `anna.png, bob.mp3 and 3 more`."""
    defaults = BriefDefaults.model_validate(flow_run.parameters.get("defaults") or {})
    subjects = [KIND_OF[role] for role in roles_of(defaults.models)]
    places = sorted(_place(one) for one in flow_run.parameters["objects"])
    by_stem: dict[str, str] = {}
    for place in places:
        stem = stem_of(place) if kind_of(place) else place
        if stem not in by_stem or kind_of(place) in subjects:
            by_stem[stem] = name_of(place)
    return visible(some([*by_stem.values()])) or "nothing"


def _place(one: Arrival | dict[str, str]) -> str:
    return one.place if isinstance(one, Arrival) else one["key"]


@flow(name="on-upload", flow_run_name=_run_name)
async def on_upload(
    objects: Annotated[
        list[Arrival],
        explained(
            title="Objects", description="Uploaded objects, as `greenlight listen` passes them on."
        ),
    ],
    defaults: Defaults = BriefDefaults(),  # noqa: B008 - frozen
    needs: Needs = ("sound",),
    out: Out = None,
    max_cny: MaxCny = None,
    credentials: Credentials = None,
) -> State[list[BundleReport]]:
    """Check every portrait or clip that came or was completed, and hand over what can be filmed.

    Of every object only its newest content counts, whatever the events said. The run of one portrait ends
    under the name of its state, like `Waiting for sound`; that of more as what most interests of them.
    """
    _refuse_own_output(objects, out)
    await require_result_store()
    block = await load_credentials(credentials)
    async with connected(block, max_cny=max_cny) as services:
        beside, budget = Beside(defaults=defaults, needs=needs), services.run_budget
        surveyor = beside.surveyor(services.ledger, block.service)
        runs = FilmRuns(services.ledger, block.service, budget, out, credentials, beside)
        doer = ByRuns(surveyor, block, runs, max_cny, explains=True)
        work = BundleWork(surveyor, doer)
        await work.prepare()
        reports, bundle_states = await _work_on(await _find(objects), work)
        await _show(bundle_states, reports, doer, defaults.models[0])
    if doer.gallery.refused_count:
        await _look_at_the_day(services.ledger, block.service)
    subjects = subjects_of(defaults.models, (one.place for one in objects))
    return await end(reports, subjects)


async def _look_at_the_day(ledger: Ledger, service: str) -> None:
    """Tell if many are refused today: uploads come one by one, and no batch alone says that much is wrong."""
    counts: Counter[str] = Counter()
    for one in await asyncio.to_thread(
        ledger.costs.by_outcome, service=service, since=day_of(now())
    ):
        counts[one.outcome] += one.count
    checked = counts["refused"] + counts["passed"]
    tell_many_refusals(counts["refused"], checked, place="today's checks")


def _refuse_own_output(objects: list[Arrival], out: str | None) -> None:
    """Refuse to work where the flow's own videos or results arrive: every one would start another run."""
    results = place_of_results()
    for arrival in objects:
        folder = arrival.key.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        refuse_output_inside(arrival.bucket, prefix, out)
        if arrives_again(arrival.bucket, prefix, results):
            raise SettingsError(
                f"the results of runs are stored in {results}, where uploads arrive, so every result would "
                "start another run",
                "name another block in PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
            )


async def _find(objects: list[Arrival]) -> list[Bundle | BundleReport]:
    """Return what the objects belong to, each once, as it is listed now, or why that cannot be told."""
    places = {stem_of(one.place): one.place for one in objects if kind_of(one.place)}
    for other in sorted({one.place for one in objects if not kind_of(one.place)}):
        get_run_logger().info(
            "%s is no picture, sound, video or json, and is left alone", visible(other)
        )
    return await all_of(places.values(), _find_one, at_once=AT_ONCE)


async def _find_one(place: str) -> Bundle | BundleReport:
    try:
        bundle = await asyncio.to_thread(bundle_of, place)
    except InputError as error:
        return BundleReport(portrait=place, report=report_error(error))
    return bundle or Bundle(stem_of(place))


async def _work_on(
    found: list[Bundle | BundleReport], work: BundleWork
) -> tuple[list[BundleReport], list[BundleState]]:
    reports = [one for one in found if isinstance(one, BundleReport)]
    bundles = [one for one in found if isinstance(one, Bundle)]
    bundle_states = await work.surveyor.survey([one for one in bundles if one.parts])

    async def bring_on(bundle_state: BundleState) -> BundleReport:
        report = await work.bring_on(bundle_state)
        if report.state is FilmState.REJECTED and bundle_state.subject:
            opinions = await opinions_on(bundle_state.subject, report.verdicts)
            report = report_rejection(report.verdicts, opinions)
        return BundleReport(portrait=bundle_state.place, report=report)

    async with aclosing(side_by_side(each(bundle_states), bring_on, at_once=AT_ONCE)) as brought_on:
        async for report in brought_on:
            reports.append(report)
    return reports, bundle_states


async def _show(
    bundle_states: list[BundleState], reports: list[BundleReport], doer: ByRuns, model: str
) -> None:
    """Show one subject whole, and many as a table with a contact sheet of the refused."""
    subjects = [bundle_state.subject for bundle_state in bundle_states]
    if len(reports) == 1 and subjects and subjects[0] is not None:
        ledger, run_id = doer.surveyor.ledger, str(flow_run.id or "")
        reports[0].report.cost_cny = await asyncio.to_thread(ledger.cost_of_run_cny, run_id)
        await show_subject(subjects[0], reports[0].report)
    elif doer.gallery.count:
        summary = counted(Counter(one.report.state for one in reports))
        await show_many(_run_name(), summary, doer.gallery, model=model)
