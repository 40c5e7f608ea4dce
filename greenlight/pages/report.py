"""Put the report together out of the books: refusals, costs, open jobs, videos and the contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from greenlight.errors import Say
from greenlight.errors.advice import ListJobs
from greenlight.ledger import Cost, Ledger
from greenlight.modelstudio import catalog
from greenlight.pages.cards import Card, preload_of
from greenlight.pages.drawing import draw, write_page
from greenlight.pages.jobs import EndedJob, OpenJob, describe_ended, describe_open
from greenlight.pages.pictures import Pictures
from greenlight.pages.plot import Plot, plot_costs
from greenlight.pages.portraits import Advance, Gallery
from greenlight.pages.refusals import Share, refused_by_model, refused_by_reason
from greenlight.thumbnails.cache import Album

MOST_CARDS: Final = 300
"""Portraits with a picture; at 10 kB each the page stays below 6 MB."""
MOST_JOBS: Final = 300
OUTCOMES_OF_CHECKS: Final = frozenset({"passed", "refused", "stale", "uncertain"})


@dataclass(frozen=True, slots=True)
class ServiceCosts:
    """What one service was paid."""

    service: str
    total_cny: Decimal
    plot: Plot | None
    by_model: Sequence[tuple[str, int, Decimal]]
    """The model, how many calls it was paid for, and what they cost."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page says."""

    made_at: datetime
    since: date | None
    portraits: int
    """How many have a verdict, or were filmed without one; the newest of them have cards."""
    by_model: Sequence[Share]
    by_reason: Sequence[Share]
    costs: Sequence[ServiceCosts]
    outcomes: dict[str, int]
    open_jobs: Sequence[OpenJob]
    ended_jobs: Sequence[EndedJob]
    cards: Sequence[Card]

    @property
    def asked(self) -> int:
        """Return how many checks were answered."""
        return sum(one.of for one in self.by_model)

    @property
    def refused(self) -> int:
        """Return how many checks were refused."""
        return sum(one.count for one in self.by_model)

    @property
    def total_cny(self) -> Decimal:
        """Return what all services were paid."""
        return sum((one.total_cny for one in self.costs), Decimal(0))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.asked or self.outcomes or self.open_jobs)


def write_report(
    ledger: Ledger,
    album: Album,
    file: Path,
    *,
    since: date | None = None,
    advance: Advance = lambda: None,
    say: Say = str,
) -> tuple[Path, Report]:
    """Write the report of the books to a file, and return the file's full path and what it says.

    Portraits are shown out of the album, or of the files that still lie where they were checked; nothing is
    downloaded. `advance` is called for every portrait that has its card, `say` words the advice. Raises
    `InputError` if the file cannot be written, and `LedgerError` if the books cannot be read.
    """
    folder = file.expanduser().absolute().parent
    report = _read_books(ledger, Pictures(album), folder, since, advance=advance, say=say)
    values = {
        "report": report,
        "preload": preload_of(report.cards),
        "most_jobs": MOST_JOBS,
        "list_jobs": say(ListJobs()),
    }
    return write_page(draw("report.html", **values), file), report


def _read_books(
    ledger: Ledger,
    pictures: Pictures,
    folder: Path,
    since: date | None,
    *,
    advance: Advance,
    say: Say,
) -> Report:
    history = ledger.history
    verdicts = history.verdicts(since=since)
    costs = ledger.costs.by_outcome(since=since)
    return Report(
        made_at=ledger.now(),
        since=since,
        portraits=history.subjects(since=since, unchecked=catalog.unchecked()),
        by_model=refused_by_model(verdicts),
        by_reason=refused_by_reason(verdicts),
        costs=_costs_by_service(costs),
        outcomes=_outcomes(costs),
        open_jobs=_open_jobs(ledger, say),
        ended_jobs=[
            describe_ended(job, folder) for job in history.ended(since=since, limit=MOST_JOBS)
        ],
        cards=Gallery(ledger, pictures, folder).newest(MOST_CARDS, since=since, advance=advance),
    )


def _open_jobs(ledger: Ledger, say: Say) -> list[OpenJob]:
    describe = partial(describe_open, at=ledger.now(), say=say)
    doubts = [describe(job, doubtful=True) for job in ledger.history.in_doubt(limit=MOST_JOBS)]
    others = [describe(job, doubtful=False) for job in ledger.history.under_way(limit=MOST_JOBS)]
    return doubts + others


def _outcomes(costs: Sequence[Cost]) -> dict[str, int]:
    """Return how many videos came to each outcome: `filmed`, `failed`, `expired`, ..."""
    models = catalog.models()
    counted: Counter[str] = Counter()
    for cost in costs:
        model = models.get(cost.model)
        if cost.outcome not in OUTCOMES_OF_CHECKS and (model is None or model.kind == "video"):
            counted[cost.outcome] += cost.count
    return dict(counted)


def _costs_by_service(costs: Sequence[Cost]) -> list[ServiceCosts]:
    """Return the costs of every service, the one that was paid most first."""
    services = sorted({cost.service for cost in costs})
    found = [
        _costs_of(service, [cost for cost in costs if cost.service == service])
        for service in services
    ]
    return sorted(found, key=lambda one: -one.total_cny)


def _costs_of(service: str, costs: Sequence[Cost]) -> ServiceCosts:
    counted: Counter[str] = Counter()
    for cost in costs:
        counted[cost.model] += cost.count
    return ServiceCosts(
        service=service,
        total_cny=sum((cost.cost_cny for cost in costs), Decimal(0)),
        plot=plot_costs(costs),
        by_model=[
            (
                model,
                counted[model],
                sum((c.cost_cny for c in costs if c.model == model), Decimal(0)),
            )
            for model in sorted(counted)
        ],
    )
