"""Bring a bundle as far as it goes: read it, check its subject, hand it over to be filmed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

from blocks import ModelStudioCredentials
from flows.allowance import Allowance
from flows.film_runs import FilmRuns
from greenlight.errors import EXPLAINED, InputError, LedgerError, OverBudget, Overwritten
from greenlight.modelstudio.errors import AccountError, ModelStudioError
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles import Bundle, bundle_of
from greenlight.work.bundles.casting import may_have_subject
from greenlight.work.bundles.output import require_output
from greenlight.work.bundles.sight import Sight
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.planning import Planner
from greenlight.work.reports import (
    FilmReport,
    report_error,
    report_refused_by_budget,
)
from tasks import detect
from tasks.artifacts import Gallery
from tasks.events import tell_budget_spent

FREE = Decimal(0)
LOOKS = 3
"""How often a bundle is looked at that is overwritten while it is worked on."""


@dataclass(slots=True)
class BundleWork:
    """What bundles are worked on with."""

    surveyor: Surveyor
    credentials: ModelStudioCredentials
    runs: FilmRuns
    allowance: Allowance
    films: bool = True
    """Whether what passes is filmed; otherwise it is only screened."""
    explains: bool = False
    """Whether the judge looks at each refusal without a word at once; else at those that are shown."""
    gallery: Gallery = field(default_factory=Gallery)
    """The verdicts on what there was something to do for, those that were known too."""

    async def prepare(self) -> None:
        """Raise what is wrong with that which holds for every brief, before anything is paid."""
        if self.films:
            await asyncio.to_thread(require_output, self.runs.out)
            await self.surveyor.prepare()
        else:
            self.surveyor.defaults.check()

    async def bring_on(self, sight: Sight) -> FilmReport:
        """Return how a bundle stands after all that could be done for it.

        What is wrong with it or on the way is a report too, and so is a budget without room. Raised is only
        what would come again for every other bundle, like a refused key.
        """
        looks_left = LOOKS
        while True:
            looks_left -= 1
            try:
                return await self._take_steps(sight)
            except OverBudget as error:
                tell_budget_spent(error, service=self.surveyor.service)
                return report_refused_by_budget(error, [])
            except InputError as error:
                newest = await self._look_again(sight, error) if looks_left else None
                if newest is None or (error.spent and not self._has_subject(newest)):
                    return report_error(error)
                (sight,) = await self.surveyor.survey([newest])
            except EXPLAINED as error:
                if concerns_all(error):
                    raise
                return report_error(error)

    async def _take_steps(self, sight: Sight) -> FilmReport:
        asked: set[str] = set()
        while True:
            match next_step(sight, films=self.films):
                case Settled(report):
                    self._show_known(sight, report.verdicts, asked)
                    return report
                case Read() as step:
                    await self.surveyor.read(sight, step)
                case Check(family):
                    sight.verdicts[family.name] = await self._check(sight, family)
                    asked.add(family.name)
                case Film(verdicts=verdicts):
                    self._show_known(sight, verdicts, asked)
                    # The books may know more by now: a page of a sweep takes minutes.
                    await self.surveyor.look_up(sight)
                    if isinstance(film := next_step(sight), Film):
                        return await self._film(sight, film)

    def _show_known(self, sight: Sight, verdicts: list[Verdict], asked: set[str]) -> None:
        """Put the verdicts that nobody had to be asked for beside those that were."""
        for verdict in verdicts:
            if sight.subject is not None and verdict.model not in asked:
                self.gallery.add(sight.subject, verdict)

    async def _check(self, sight: Sight, family: Family) -> Verdict:
        subject = sight.subject
        assert subject is not None  # noqa: S101 - a check is the step of an examined subject
        price_cny = family.check_price_cny
        self.allowance.take(price_cny)
        verdict = await detect(
            subject,
            sight.brief.question(family),
            explain=self.explains,
            credentials=self.credentials,
        )
        self.gallery.add(subject, verdict, price_cny=price_cny if verdict.charged else FREE)
        return verdict

    async def _film(self, sight: Sight, film: Film) -> FilmReport:
        """Hand a passed subject over, within what the run may still spend."""
        subject = sight.subject
        assert subject is not None  # noqa: S101 - it has passed
        plan = await Planner(
            brief=film.brief,
            subject=subject,
            drives=film.drives,
            service=self.surveyor.service,
            ledger=self.surveyor.ledger,
        ).plan()
        self.allowance.take(plan.video_cny)
        is_limited = self.allowance.max_cny is not None
        return await self.runs.start(
            film, subject.identity, max_cny=float(plan.video_cny) if is_limited else None
        )

    def _has_subject(self, bundle: Bundle) -> bool:
        return may_have_subject(bundle, self.surveyor.defaults.models)

    async def _look_again(self, sight: Sight, error: InputError) -> Bundle | None:
        """Return what lies there now, or nothing if an error has not come of a change."""
        try:
            newest = await asyncio.to_thread(bundle_of, sight.place)
        except InputError:
            return None
        has_changed = newest is not None and newest.parts != sight.bundle.parts
        return newest if has_changed or isinstance(error, Overwritten) else None


def concerns_all(error: BaseException) -> bool:
    """Whether an error would come again for every other bundle."""
    if isinstance(error, ModelStudioError):
        return error.refuses_all or isinstance(error, AccountError)
    return isinstance(error, LedgerError)
