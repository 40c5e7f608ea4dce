"""Bring a bundle as far as it goes: read it, check its subject, have it filmed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from greenlight.errors import Explained, InputError, LedgerError, OverBudget, Overwritten
from greenlight.modelstudio.errors import AccountError, ModelStudioError
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles import Bundle, bundle_of
from greenlight.work.bundles.casting import may_have_subject
from greenlight.work.bundles.output import require_output
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Check, Film, Read, Settled, next_step
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.reports import FilmReport, report_error, report_refused_by_budget

LOOKS = 3
"""How often a bundle is looked at that is overwritten while it is worked on."""


class Doer(Protocol):
    """Does what is paid for, in its own way: by tasks and runs, or in this process."""

    @property
    def out(self) -> str | None:
        """Where the videos go."""

    async def check(self, bundle_state: BundleState, family: Family) -> Verdict:
        """Return a family's verdict on an examined subject."""

    async def film(self, bundle_state: BundleState, film: Film) -> FilmReport:
        """Return the report of a subject that has passed."""

    def show_known(self, bundle_state: BundleState, verdict: Verdict) -> None:
        """Take note of a verdict that nobody had to be asked for."""

    def refuse(self, error: OverBudget) -> None:
        """Take note of a request that did not fit into a budget."""


@dataclass(slots=True)
class BundleWork:
    """What bundles are worked on with."""

    surveyor: Surveyor
    doer: Doer
    films: bool = True
    """Whether what passes is filmed; otherwise it is only screened."""

    async def prepare(self) -> None:
        """Raise what is wrong with that which holds for every brief, before anything is paid."""
        if self.films:
            await asyncio.to_thread(require_output, self.doer.out)
            await self.surveyor.prepare()
        else:
            self.surveyor.defaults.check()

    async def bring_on(self, bundle_state: BundleState) -> FilmReport:
        """Return how a bundle stands after all that could be done for it.

        What is wrong with it or on the way is a report too, and so is a budget without room. Raised is only
        what would come again for every other bundle, like a refused key.
        """
        looks_left = LOOKS
        while True:
            looks_left -= 1
            try:
                return await self._take_steps(bundle_state)
            except OverBudget as error:
                self.doer.refuse(error)
                return report_refused_by_budget(error, [])
            except InputError as error:
                newest = await self._look_again(bundle_state, error) if looks_left else None
                if newest is None or (error.spent and not self._has_subject(newest)):
                    return report_error(error)
                (bundle_state,) = await self.surveyor.survey([newest])
            except Explained as error:
                if concerns_all(error):
                    raise
                return report_error(error)

    async def _take_steps(self, bundle_state: BundleState) -> FilmReport:
        asked: set[str] = set()
        while True:
            match next_step(bundle_state, films=self.films):
                case Settled(report):
                    self._show_known(bundle_state, report.verdicts, asked)
                    return report
                case Read() as step:
                    await self.surveyor.read(bundle_state, step)
                case Check(family):
                    bundle_state.verdicts[family.name] = await self.doer.check(bundle_state, family)
                    asked.add(family.name)
                case Film(verdicts=verdicts):
                    self._show_known(bundle_state, verdicts, asked)
                    # The books may know more by now: a page of a sweep takes minutes.
                    await self.surveyor.look_up(bundle_state)
                    if isinstance(film := next_step(bundle_state), Film):
                        return await self.doer.film(bundle_state, film)

    def _show_known(
        self, bundle_state: BundleState, verdicts: list[Verdict], asked: set[str]
    ) -> None:
        """Put the verdicts that nobody had to be asked for beside those that were."""
        for verdict in verdicts:
            if bundle_state.subject is not None and verdict.model not in asked:
                self.doer.show_known(bundle_state, verdict)

    def _has_subject(self, bundle: Bundle) -> bool:
        return may_have_subject(bundle, self.surveyor.defaults.models)

    async def _look_again(self, bundle_state: BundleState, error: InputError) -> Bundle | None:
        """Return what lies there now, or nothing if an error has not come of a change."""
        try:
            newest = await asyncio.to_thread(bundle_of, bundle_state.place)
        except InputError:
            return None
        has_changed = newest is not None and newest.parts != bundle_state.bundle.parts
        return newest if has_changed or isinstance(error, Overwritten) else None


def concerns_all(error: BaseException) -> bool:
    """Whether an error would come again for every other bundle."""
    if isinstance(error, ModelStudioError):
        return error.refuses_all or isinstance(error, AccountError)
    return isinstance(error, LedgerError)
