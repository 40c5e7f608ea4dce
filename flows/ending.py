"""Let a run end under the name of what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import BaseModel

from flows.advice import in_prefect
from greenlight.media.place import name_of
from greenlight.media.s3 import split_s3
from greenlight.wording import visible
from greenlight.work.reports import FilmReport, FilmState
from greenlight.work.sweep import ranked
from tasks.artifacts import some

Data = TypeVar("Data")


class BundleReport(BaseModel):
    """What became of one bundle: the place of its portrait or clip, and the report of its brief."""

    portrait: str
    report: FilmReport


async def end(
    reports: Sequence[BundleReport], subjects: Iterable[str] = ()
) -> State[list[BundleReport]]:
    """Return the state of a run that worked on some bundles.

    That of one bundle, or of many that all ended alike, has their name; else it is called Done, or by what
    went wrong first.
    """
    reports = [one.model_copy(update={"report": one.report.worded(in_prefect)}) for one in reports]
    states = Counter(one.report.state for one in reports)
    if not reports:
        return Completed(name="Done", message="nothing to do", data=[])
    if len(reports) == 1:
        only = reports[0].report
        return await ended(only.state, only.message, list(reports), states, subjects)
    message = _in_words(reports)
    bad = [one for one in reports if not one.report.state.is_good]
    if bad:
        message = f"{message}; {bad[0].portrait}: {bad[0].report.message}"
        return await ended(bad[0].report.state, message, list(reports), states, subjects)
    if len(states) == 1:
        return await ended(reports[0].report.state, message, list(reports), states, subjects)
    await tag_run(states, subjects)
    return Completed(name="Done", message=visible(message), data=list(reports))


def _in_words(reports: Sequence[BundleReport]) -> str:
    """Return how many ended how, and which: `1 filmed (anna.png), 1 rejected (bob.png)`."""
    states = Counter(one.report.state for one in reports)
    names = {
        state: [name_of(one.portrait) for one in reports if one.report.state is state]
        for state in states
    }
    return ", ".join(
        f"{count} {state.label.lower()} ({some(names[state])})" for state, count in ranked(states)
    )


async def ended(
    state: FilmState,
    message: str,
    data: Data,
    outcomes: Iterable[FilmState],
    subjects: Iterable[str] = (),
) -> State[Data]:
    """Return the state of a run that ended so, with the outcomes and subjects among its tags."""
    await tag_run(outcomes, subjects)
    facts: dict[str, Any] = {"name": state.label, "message": visible(message), "data": data}
    return Completed(**facts) if state.is_good else Failed(**facts)


def counted(states: Counter[FilmState]) -> str:
    """Return how many ended how: `12 filmed, 3 rejected`."""
    return ", ".join(f"{count} {state.label.lower()}" for state, count in ranked(states))


def subjects_of(models: Iterable[str], places: Iterable[str]) -> set[str]:
    """Return the tags that say what a run is about: `model:emo`, and `bucket:portraits` for S3."""
    buckets = {split_s3(place)[0] for place in places if place.startswith("s3://")}
    return {f"model:{one}" for one in models} | {f"bucket:{one}" for one in buckets}


async def tag_run(outcomes: Iterable[FilmState], subjects: Iterable[str] = ()) -> None:
    """Put outcomes and subjects among the run's tags, which is what lists are filtered by."""
    if not flow_run.id:
        return
    tags = {*flow_run.tags, *subjects, *(f"outcome:{one.value}" for one in outcomes)}
    async with get_client() as client:
        await client.update_flow_run(flow_run.id, tags=tags)
