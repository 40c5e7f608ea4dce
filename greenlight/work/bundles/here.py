"""Check and film bundles in this process, without runs of their own."""

from __future__ import annotations

from dataclasses import dataclass

from greenlight.errors import OverBudget
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.sight import Sight
from greenlight.work.bundles.steps import Film
from greenlight.work.reports import FilmReport
from greenlight.work.walk import Walk


@dataclass(frozen=True, slots=True)
class Here:
    """The walk that each bundle's brief takes, and where the videos go."""

    walk: Walk
    out: str

    async def check(self, sight: Sight, family: Family) -> Verdict:
        """Check a subject, and know by itself what is known already."""
        assert sight.subject is not None  # noqa: S101 - a check is the step of an examined subject
        return await self.walk.check(sight.subject, sight.brief.question(family))

    async def film(self, sight: Sight, film: Film) -> FilmReport:  # noqa: ARG002 - the brief says it all
        """Film what has passed."""
        return await self.walk.film(film.brief, self.out)

    def show_known(self, sight: Sight, verdict: Verdict) -> None:
        """Show nothing: the command line says how portraits stand by numbers."""

    def refuse(self, error: OverBudget) -> None:
        """Tell nobody else: the report says it."""
