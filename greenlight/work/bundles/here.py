"""Check and film bundles in this process, without runs of their own."""

from __future__ import annotations

from dataclasses import dataclass

from greenlight.errors import OverBudget
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Film
from greenlight.work.case import Case
from greenlight.work.reports import FilmReport
from greenlight.work.walk import Walk


@dataclass(frozen=True, slots=True)
class Here:
    """The walk that each bundle's brief takes, and where the videos go."""

    walk: Walk
    out: str

    async def check(self, bundle_state: BundleState, family: Family) -> Verdict:
        """Check a subject, and know by itself what is known already."""
        assert bundle_state.subject is not None  # noqa: S101 - a check is the step of an examined subject
        return await self.walk.check(bundle_state.subject, bundle_state.brief.question(family))

    async def film(self, bundle_state: BundleState, film: Film) -> FilmReport:
        """Film what has passed; its files were read already."""
        assert bundle_state.subject is not None  # noqa: S101 - it has passed
        return await self.walk.film(Case(film.brief, bundle_state.subject, film.drives, self.out))

    def show_known(self, bundle_state: BundleState, verdict: Verdict) -> None:
        """Show nothing: the command line says how portraits stand by numbers."""

    def refuse(self, error: OverBudget) -> None:
        """Tell nobody else: the report says it."""
