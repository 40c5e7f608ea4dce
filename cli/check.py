"""`greenlight check`: verdicts on portraits, without Prefect, so that they come at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_MODELS, Deployments, Json, Models, RatioOption, deployments_of
from cli.speaking import say, tell, warn
from cli.stopping import run

if TYPE_CHECKING:
    from greenlight.errors import Explained
    from greenlight.media.subjects import Subject
    from greenlight.modelstudio.errors import ModelStudioError
    from greenlight.modelstudio.family import Family, Role
    from greenlight.screening.screener import Screener, Screening

AT_ONCE = 16
"""Portraits under way together; the account's pace decides how fast they start."""


def check(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="A file, a URL, s3://bucket/key or s3://bucket/prefix/."
        ),
    ],
    model: Models = DEFAULT_MODELS,
    ratio: RatioOption = None,
    deployment: Deployments = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Pay for a new verdict even if one is known.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Add what the local judge sees where no reason is given (free)."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check portraits or clips against a model, and explain refusals."""
    asked = _Asked(
        model, ratio.value if ratio else None, deployments_of(deployment), fresh, explain
    )
    failed = run(_check_all(sources, asked, as_json=as_json))
    raise typer.Exit(1 if failed else 0)


class _Asked:
    """What is asked of every source."""

    def __init__(
        self,
        models: list[str],
        ratio: str | None,
        deployments: dict[str, str],
        fresh: bool,
        explain: bool,
    ) -> None:
        from greenlight.modelstudio import catalog

        self.families = [catalog.family(name) for name in models]
        self.ratio = ratio
        self.deployments = deployments
        self.fresh = fresh
        self.explain = explain


async def _check_all(sources: list[str], asked: _Asked, *, as_json: bool) -> bool:
    """Print a line for every source and model, in their order, and return whether any has an error."""
    from greenlight.concurrency import in_order
    from greenlight.services import connect
    from greenlight.settings import read_settings

    failed = False
    async with connect(read_settings()) as services:
        checker = _Checker(asked, services.screener, services.settings.home)
        checked = in_order(_all_places(sources), checker.lines, at_once=AT_ONCE)
        async with aclosing(checked) as portraits:
            async for lines in portraits:
                failed = failed or any(line["error"] is not None for line in lines)
                for line in lines:
                    tell(line) if as_json else say(_for_people(line, explained=asked.explain))
    return failed


async def _all_places(sources: list[str]) -> AsyncIterator[str]:
    for source in sources:
        async for place in _places(source):
            yield place


async def _places(source: str) -> AsyncIterator[str]:
    """Yield the places that a source means: itself, or everything below an S3 prefix."""
    if not (source.startswith("s3://") and source.endswith("/")):
        yield source
        return
    from greenlight.media.listing import list_objects

    pages = list_objects(source)
    is_empty = True
    while page := await asyncio.to_thread(next, pages, None):
        is_empty = False
        for stored in page:
            yield stored.place
    if is_empty:
        warn(f"greenlight: {source} holds nothing to check")


class _Checker:
    """Checks one source after the other; a key that is refused once is not tried again."""

    def __init__(self, asked: _Asked, screener: Screener, home: Path) -> None:
        self._asked = asked
        self._screener = screener
        self._home = home
        self._stopped_by: ModelStudioError | None = None

    async def lines(self, source: str) -> list[dict[str, Any]]:
        from greenlight.concurrency import all_of

        families = self._asked.families
        found: dict[Role, Subject | Explained] = {
            role: await self._examined(source, role)
            for role in dict.fromkeys(family.subject for family in families)
        }

        async def line(family: Family) -> dict[str, Any]:
            return await self._line(source, found[family.subject], family)

        lines = await all_of(families, line, at_once=len(families))
        if self._asked.explain:
            for subject in found.values():
                if not isinstance(subject, Exception):
                    await self._add_opinions(subject, lines)
        return lines

    async def _examined(self, source: str, role: Role) -> Subject | Explained:
        """Return what a source is as a portrait or a clip, or why it cannot be one."""
        from greenlight.errors import Explained
        from greenlight.media.subjects import examine_subject

        try:
            return await examine_subject(source, role)
        except Explained as error:
            return error

    async def _add_opinions(self, subject: Subject, lines: list[dict[str, Any]]) -> None:
        """Add what the judge sees to the refusals that come without a word."""
        silent = {
            line["model"]: line for line in lines if line["passed"] is False and not line["reason"]
        }
        if not silent:
            return
        from greenlight.screening.opinions import opinions_of
        from greenlight.thumbnails.cache import Album

        opinions = await opinions_of(
            subject.place, silent, identity=subject.identity, album=Album.in_home(self._home)
        )
        for model, opinion in opinions.items():
            silent[model]["opinion"] = asdict(opinion) if opinion else None

    async def _line(
        self, source: str, subject: Subject | Explained, family: Family
    ) -> dict[str, Any]:
        from greenlight.errors import Explained
        from greenlight.modelstudio.errors import ModelStudioError
        from greenlight.modelstudio.retry import patiently

        if isinstance(subject, Exception):
            return self._error_line(source, family, subject)
        try:
            screening = await patiently(lambda: self._screen(subject, family))
        except Explained as error:
            if isinstance(error, ModelStudioError) and error.refuses_all:
                self._stopped_by = error
            return self._error_line(subject.shown, family, error)
        verdict = screening.verdict.model_dump(mode="json")
        return (
            self._heading(subject.shown, family)
            | {key: value for key, value in verdict.items() if key != "model"}
            | {
                "opinion": None,
                "cached": screening.cached,
                "cost_cny": float(screening.cost_cny),
                "error": None,
            }
        )

    async def _screen(self, subject: Subject, family: Family) -> Screening:
        """Return a verdict; after a refused key only one that needs no key, or that refusal as the error."""
        from greenlight.modelstudio.question import Question

        asked = self._asked
        question = Question.chosen(family, asked.ratio, asked.deployments)
        ratio, deployment = question.ratio, question.deployment
        if self._stopped_by is None:
            return await self._screener.screen(
                subject, family, ratio=ratio, deployment=deployment, fresh=asked.fresh
            )
        known = await self._screener.find(subject, family, ratio=ratio, deployment=deployment)
        if known is None or asked.fresh:
            raise self._stopped_by
        return known

    def _heading(self, subject: str, family: Family) -> dict[str, Any]:
        return {
            family.subject.value: subject,
            "model": family.name,
            "service": self._screener.client.service,
        }

    def _error_line(self, source: str, family: Family, error: Explained) -> dict[str, Any]:
        from cli.advice import as_command
        from greenlight.media.place import without_query

        nothing = dict.fromkeys(("passed", "by", "code", "reason", "request_id", "opinion"))
        shown = without_query(source) if "://" in source else source
        return (
            self._heading(shown, family)
            | nothing
            | {
                "code": error.code or None,
                "request_id": error.request_id or None,
                "cached": False,
                "cost_cny": 0.0,
                "error": asdict(error.explanation(as_command)),
            }
        )


def _for_people(line: dict[str, Any], *, explained: bool) -> str:
    place = line.get("portrait") or line["clip"]
    subject = f"{place} · {line['model']}"
    if line["error"] is not None:
        error = line["error"]
        is_named = error["subject"] == place
        return f"! {line['model'] if is_named else subject}: {error['message']}"
    cost = "known, 0 CNY" if line["cached"] else f"{line['cost_cny']:g} CNY"
    request = f", request {line['request_id']}" if line["request_id"] else ""
    if line["passed"]:
        extra = f", {line['bodystyle']} body" if line.get("bodystyle") else ""
        return f"✓ {subject}: passed{extra} ({cost}{request})"
    return f"✗ {subject}: refused by {_refusal(line, explained=explained)} ({cost}{request})"


def _refusal(line: dict[str, Any], *, explained: bool) -> str:
    """Return who refuses a portrait and why, with the judge's opinion or how to come to it."""
    by = "preflight" if line["by"] == "preflight" else "the vendor"
    why = ": ".join(filter(None, (line["code"], line["reason"])))
    words = f"{by}, {why or 'no reason given'}"
    if line["opinion"]:
        from greenlight.screening.opinions import Opinion

        return f"{words}; {Opinion(**line['opinion'])}"
    if line["reason"] or explained:
        return words
    return f"{words}; --explain adds what the local judge sees"
