"""Bring a bundle as far as it goes: read it, check its portrait, hand it over to be filmed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from blocks import ModelStudioCredentials
from flows.allowance import Allowance
from flows.film_runs import FilmRuns
from greenlight.bundles import bundle_of
from greenlight.bundles.sight import Sight
from greenlight.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.bundles.surveying import Surveyor
from greenlight.drives import Drives, require_drives
from greenlight.errors import EXPLAINED, LedgerError, OverBudget, Overwritten
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.family import Family, Verdict
from greenlight.planning import Planner
from greenlight.portraits.media import Motion
from greenlight.reports import FilmReport, report_error, report_passed
from tasks import DETECTORS

LOOKS = 3
"""How often a bundle is looked at again that is overwritten while it is worked on."""


@dataclass(slots=True)
class BundleWork:
    """What bundles are worked on with."""

    surveyor: Surveyor
    credentials: ModelStudioCredentials
    runs: FilmRuns
    allowance: Allowance
    films: bool = True
    """Whether what passes is filmed; otherwise it is only screened."""

    async def bring_on(self, sight: Sight) -> FilmReport:
        """Return how a bundle stands after all that could be done for it.

        What is wrong with it or on the way is a report too. Raised is only what concerns every bundle: a
        refused key, and `OverBudget`.
        """
        for look in range(LOOKS):
            try:
                return await self._take_steps(sight)
            except Overwritten as error:
                newest = await asyncio.to_thread(bundle_of, sight.bundle.portraits[0].place)
                if look == LOOKS - 1 or newest is None or not newest.portraits:
                    return report_error(error)
                (sight,) = await self.surveyor.survey([newest])
            except EXPLAINED as error:
                if concerns_all(error):
                    raise
                return report_error(error)
        raise AssertionError("the last look returns")

    async def _take_steps(self, sight: Sight) -> FilmReport:
        while True:
            match next_step(sight):
                case Settled(report):
                    return report
                case Read() as step:
                    await self.surveyor.read(sight, step)
                case Check(family):
                    sight.verdicts[family.name] = await self._check(sight, family)
                case Film() as film:
                    return await self._film(sight, film)

    async def _check(self, sight: Sight, family: Family) -> Verdict:
        assert sight.briefing is not None  # noqa: S101 - a check is the step of a brief
        brief = sight.briefing.brief
        self.allowance.take(family.check.prices_cny["image"])
        verdict: Verdict = await DETECTORS[family.name](
            sight.portrait,
            ratio=brief.ratio if family.ratios else None,
            deployment=brief.deployments.get(family.check.id),
            credentials=self.credentials,
        )
        return verdict

    async def _film(self, sight: Sight, film: Film) -> FilmReport:
        """Hand a passed portrait over, within what the run may still spend."""
        portrait = sight.portrait
        assert portrait is not None  # noqa: S101 - it has passed
        if not self.films:
            return report_passed(film.verdicts)
        drives = _drives(film)
        require_drives(drives, film.brief.families())
        plan = await Planner(
            brief=film.brief,
            portrait=portrait,
            drives=drives,
            service=self.surveyor.service,
            ledger=self.surveyor.ledger,
        ).plan()
        self.allowance.take(plan.video_cny)
        is_limited = self.allowance.max_cny is not None
        return await self.runs.start(
            film, portrait.identity, max_cny=float(plan.video_cny) if is_limited else None
        )


def concerns_all(error: BaseException) -> bool:
    """Whether an error would come again for every other bundle."""
    if isinstance(error, ModelStudioError):
        return error.refuses_all
    return isinstance(error, OverBudget | LedgerError)


def _drives(film: Film) -> Drives:
    if film.family.template:
        return Drives(motion=film.drive if isinstance(film.drive, str | Motion) else None)
    return Drives(sound=None if isinstance(film.drive, str) else film.drive)
