"""Check the subjects of bundles by tasks, and hand over to film runs what has passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from blocks import ModelStudioCredentials
from flows.film_runs import FilmRuns
from greenlight.errors import OverBudget
from greenlight.modelstudio.family import Family, Verdict
from greenlight.work.bundles.state import BundleState
from greenlight.work.bundles.steps import Film
from greenlight.work.bundles.surveying import Surveyor
from greenlight.work.reports import FilmReport
from tasks import detect
from tasks.artifacts import Gallery
from tasks.events import tell_budget_spent

FREE = Decimal(0)


@dataclass(slots=True)
class ByRuns:
    """What a flow's checks are made with, and its film runs begun."""

    surveyor: Surveyor
    credentials: ModelStudioCredentials
    runs: FilmRuns
    max_cny: float | None = None
    """What this run may spend."""
    explains: bool = False
    """Whether the judge looks at each refusal without a word at once; else at those that are shown."""
    gallery: Gallery = field(default_factory=Gallery)
    """The verdicts on what there was something to do for, those that were known too."""

    @property
    def out(self) -> str | None:
        """Where the videos go."""
        return self.runs.out

    def show_known(self, bundle_state: BundleState, verdict: Verdict) -> None:
        """Put a verdict that nobody had to be asked for beside those that were."""
        if bundle_state.subject is not None:
            self.gallery.add(bundle_state.subject, verdict)

    def refuse(self, error: OverBudget) -> None:
        """Tell by an event that a budget has no room."""
        tell_budget_spent(error, service=self.credentials.service)

    async def check(self, bundle_state: BundleState, family: Family) -> Verdict:
        """Check a subject by the task of the family's detector."""
        subject = bundle_state.subject
        assert subject is not None  # noqa: S101 - a check is the step of an examined subject
        verdict = await detect(
            subject,
            bundle_state.brief.question(family),
            explain=self.explains,
            max_cny=self.max_cny,
            credentials=self.credentials,
        )
        price_cny = family.check_price_cny if verdict.charged else FREE
        self.gallery.add(subject, verdict, price_cny=price_cny)
        return verdict

    async def film(self, bundle_state: BundleState, film: Film) -> FilmReport:
        """Hand a passed subject over, within what the run may still spend."""
        subject = bundle_state.subject
        assert subject is not None  # noqa: S101 - it has passed
        plan = await self.surveyor.plan(bundle_state, film.drives)
        return await self.runs.start(film, subject.identity, plan.video_cny)
