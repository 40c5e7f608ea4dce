"""Sum up what became of a brief, as the command line and the flow report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, SerializeAsAny

from greenlight.errors import Explained, Explanation, OverBudget, Part, Say, sentence
from greenlight.errors.advice import Collect, RaiseTake, Reconcile
from greenlight.ledger import Job, JobState
from greenlight.modelstudio import catalog
from greenlight.modelstudio.failed_tasks import advice_for, may_try_again
from greenlight.modelstudio.family import Family, Role, Verdict
from greenlight.modelstudio.refusal_codes import is_refusal, is_refusal_of_clip
from greenlight.wording import cny
from greenlight.work.planning import Plan


def _read_verdict(told: object) -> object:
    """Return a verdict of JSON as its family's own, so that a report can be stored and read again."""
    family = catalog.families().get(told.get("model", "")) if isinstance(told, dict) else None
    return family.verdict.model_validate(told) if family else told


AnyVerdict = Annotated[SerializeAsAny[Verdict], BeforeValidator(_read_verdict)]
Cny = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class FilmState(StrEnum):
    """How a brief ended, for now."""

    FILMED = "filmed"
    """The video is stored."""
    REJECTED = "rejected"
    """No model passes the portrait or clip; the message has the reasons."""
    FILMING = "filming"
    """The vendor has the job; a collection fetches the video."""
    HANDED_OVER = "handed_over"
    """A run of its own films it, and says how that ends."""
    PASSED = "passed"
    """A model passes the portrait, and nothing was to be filmed."""
    WAITING_FOR_SOUND = "waiting_for_sound"
    """A model passes the portrait; what it shall move by is not there yet."""
    WAITING_FOR_JSON = "waiting_for_json"
    """A model passes the portrait; the json of its brief is not there yet."""
    WAITING_FOR_PORTRAIT = "waiting_for_portrait"
    """A sound, motion or json came before its portrait."""
    WAITING_FOR_CLIP = "waiting_for_clip"
    """A sound or json came before its clip, which the models film."""
    AMBIGUOUS = "ambiguous"
    """Nobody knows whether the paying request was accepted, and it is not sent again."""
    FAILED = "failed"
    """It came no further, or the vendor failed the job, which then costs nothing."""
    CANCELED = "canceled"
    """The vendor ended the job as canceled; it costs nothing."""
    EXPIRED = "expired"
    """Nobody fetched the video within the vendor's 24 hours: paid, and lost."""
    OVER_BUDGET = "over_budget"
    """The next paying request does not fit into a budget, and was not sent."""
    PLANNED = "planned"
    """A dry run: what would be sent next, and its price."""

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong, whatever the verdict."""
        return self in _GOOD

    @property
    def label(self) -> str:
        """Return the name of the Prefect state, like `Waiting for sound`."""
        return self.value.replace("_", " ").capitalize()


_GOOD = {
    FilmState.FILMED,
    FilmState.REJECTED,
    FilmState.FILMING,
    FilmState.HANDED_OVER,
    FilmState.PASSED,
    FilmState.WAITING_FOR_SOUND,
    FilmState.WAITING_FOR_JSON,
    FilmState.WAITING_FOR_PORTRAIT,
    FilmState.WAITING_FOR_CLIP,
    FilmState.PLANNED,
}

SPENT = {JobState.AMBIGUOUS, JobState.EXPIRED}
"""What a job ends in that is no good and may have cost money."""
STATE_OF_JOB = {
    JobState.SUCCEEDED: FilmState.FILMED,
    JobState.RESERVED: FilmState.FILMING,
    JobState.SUBMITTED: FilmState.FILMING,
    JobState.AMBIGUOUS: FilmState.AMBIGUOUS,
    JobState.FAILED: FilmState.FAILED,
    JobState.CANCELED: FilmState.CANCELED,
    JobState.EXPIRED: FilmState.EXPIRED,
}


class FilmReport(BaseModel):
    """What became of one brief.

    Its message and its note are made of parts, some of which are advice: whoever shows the report to people
    words it first.
    """

    state: FilmState
    message: str = ""
    """One sentence for people: why, and what to do next."""
    note: str = ""
    """What was done otherwise than the brief asked, in words."""
    says: tuple[Part, ...] = Field(default=(), exclude=True)
    """What the message is made of."""
    notes: tuple[Part, ...] = Field(default=(), exclude=True)
    """What the note is made of, with which the message ends."""
    verdict: AnyVerdict | None = None
    """The last verdict."""
    verdicts: list[AnyVerdict] = []
    job: str | None = None
    """The job's key in the ledger."""
    task_id: str | None = None
    video: str | None = None
    sha256: str | None = None
    seconds: float | None = None
    cost_cny: Cny = Decimal(0)
    """What this run paid: its new checks, and its video where it was this run that ordered it."""
    cached: bool = False
    """Whether the job was in the books already."""
    request: dict[str, Any] | None = None
    """Of a dry run: the paying request that would be sent next."""
    price_cny: Cny | None = None
    """Of a dry run: the most that the brief can come to from here."""
    error: Explanation | None = None

    def model_post_init(self, _context: Any) -> None:
        """Say in the core's words what it is made of."""
        if not self.message:
            vars(self).update(self._texts(str))

    def worded(self, say: Say) -> FilmReport:
        """Return the report with its advice in the words of whoever shows it."""
        return self.model_copy(update=self._texts(say))

    def _texts(self, say: Say) -> dict[str, Any]:
        """Return the texts that are made of parts; none where they have got lost, as in a JSON."""
        if not self.says:
            return {}
        message = sentence((*self.says, *self.notes), say) + ("." if self.error else "")
        error = self.error and replace(self.error, message=message)
        return {"message": message, "note": sentence(self.notes, say), "error": error}


def report_job(
    job: Job, verdicts: list[Verdict], *, cached: bool, notes: Sequence[Part] = ()
) -> FilmReport:
    """Return the report of a brief whose video was ordered, as its job stands."""
    state = STATE_OF_JOB[job.state]
    error = None if state.is_good else Explanation(state.label, "", job.state in SPENT)
    says = _parts(state, job)
    if refused := refused_by_its_task(job):
        state, verdicts = FilmState.REJECTED, [*verdicts[:-1], refused]
    return FilmReport(
        state=state,
        says=says,
        notes=tuple(filter(None, notes)),
        verdict=verdicts[-1] if verdicts else None,
        verdicts=verdicts,
        job=job.key,
        task_id=job.task_id,
        video=job.place,
        sha256=job.sha256,
        seconds=job.seconds,
        cached=cached,
        error=error,
    )


def refused_by_its_task(job: Job) -> Verdict | None:
    """Return the verdict that a failed task is, of a family without a detector: it looks only then."""
    family = catalog.family(job.family)
    refuses = is_refusal_of_clip if family.subject is Role.CLIP else is_refusal
    if family.check or job.state is not JobState.FAILED or not refuses(job.code):
        return None
    return family.verdict(
        model=family.name, passed=False, code=job.code, reason=job.message, charged=False
    )


def report_template(job: Job, verdicts: list[Verdict], *, later: str = "") -> FilmReport:
    """Return the report of a brief whose motion video has not become a template (yet)."""
    report = report_job(job, verdicts, cached=False, notes=(later,))
    what, *more = report.says
    says = (f"the motion's template: {what}", *more)
    return report.model_copy(update={"says": says}).worded(str)


def report_plan(plan: Plan) -> FilmReport:
    """Return the report of a dry run."""
    verdict = plan.verdicts[-1] if plan.verdicts else None
    if plan.is_refused:
        return report_rejection(plan.verdicts)
    message = (
        "this would be sent next" if plan.request else "nothing more would be sent for this brief"
    )
    return FilmReport(
        state=FilmState.PLANNED,
        message=message,
        verdict=verdict,
        verdicts=plan.verdicts,
        request=plan.request,
        price_cny=plan.price_cny,
    )


def report_over_budget(error: OverBudget, plan: Plan) -> FilmReport:
    """Return the report of a brief that could cost more than its run may."""
    report = report_refused_by_budget(error, plan.verdicts)
    return report.model_copy(update={"price_cny": plan.price_cny})


def report_refused_by_budget(error: OverBudget, verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a brief whose next paying request did not fit into a budget."""
    return report_error(error, verdicts).model_copy(update={"state": FilmState.OVER_BUDGET})


def report_rejection(
    verdicts: list[Verdict], opinions: Mapping[str, object] | None = None
) -> FilmReport:
    """Return the report of a subject that no model passes; the judge's opinions, by model, are added."""
    reasons = []
    for verdict in verdicts:
        said = verdict.reason or verdict.code or "no reason given"
        thought = str((opinions or {}).get(verdict.model, ""))
        reasons.append(f"{verdict.model}: {'; '.join(filter(None, (said, thought)))}")
    return FilmReport(
        state=FilmState.REJECTED,
        message="; ".join(reasons),
        verdict=verdicts[-1],
        verdicts=verdicts,
    )


def passed_by(model: str) -> str:
    """Return in words that a model passes whom it films: `emo passed the portrait`."""
    return f"{model} passed the {catalog.family(model).subject}"


def report_passed(verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a subject that passed, where nothing is to be filmed."""
    return FilmReport(
        state=FilmState.PASSED,
        message=passed_by(verdicts[-1].model),
        verdict=verdicts[-1],
        verdicts=verdicts,
    )


def report_waiting(family: Family, verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a subject that passed and has nothing to move by yet."""
    missing = "a sound"
    if family.driven_by is Role.MOTION:
        missing = "a motion video or a template" if family.template else "a motion video"
    return FilmReport(
        state=FilmState.WAITING_FOR_SOUND,
        message=f"{passed_by(family.name)}; the video needs {missing}",
        verdict=verdicts[-1],
        verdicts=verdicts,
    )


def report_waiting_for_subject(role: Role, stem: str) -> FilmReport:
    """Return the report of a sound, motion or json whose portrait or clip is not there yet."""
    is_clip = role is Role.CLIP
    return FilmReport(
        state=FilmState.WAITING_FOR_CLIP if is_clip else FilmState.WAITING_FOR_PORTRAIT,
        message=f"there is no {role} called {stem} yet",
    )


def report_waiting_for_json(name: str, verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a subject that passed and whose brief is not there yet."""
    return FilmReport(
        state=FilmState.WAITING_FOR_JSON,
        message=f"{passed_by(verdicts[-1].model)}; the video needs {name}",
        verdict=verdicts[-1],
        verdicts=verdicts,
    )


def report_error(error: Explained, verdicts: Sequence[Verdict] = ()) -> FilmReport:
    """Return the report of a brief that came no further, because of what is wrong with it or on the way."""
    return FilmReport(
        state=FilmState.FAILED,
        says=error.parts(),
        verdict=verdicts[-1] if verdicts else None,
        verdicts=list(verdicts),
        error=error.explanation(),
    )


def _parts(state: FilmState, job: Job) -> tuple[Part, ...]:
    match state:
        case FilmState.FILMED:
            cost_cny = job.cost_cny or Decimal(0)
            return (f"{job.seconds or 0:.2f} s for {cny(cost_cny)}, stored as {job.place}",)
        case FilmState.FILMING:
            return f"task {job.task_id} is still running ({_price(job)})", Collect()
        case FilmState.AMBIGUOUS:
            lost = f"the order was sent but its answer was lost ({job.message})"
            return f"{lost}, {_price(job)}", Reconcile()
        case FilmState.EXPIRED:
            lost = f"its video was paid for and is lost: {job.message} (task {job.task_id})"
            return lost, RaiseTake()
        case _:
            said = ": ".join(filter(None, (job.code, job.message.rstrip("."))))
            why = said or "no reason given"
            ended = f"the vendor ended task {job.task_id} as {state.value} ({why})"
            advice = advice_for(job.code, job.message)
            return (ended, *_way_on(job), *((advice,) if advice else ()))


def _price(job: Job) -> str:
    return f"at most {cny(job.reserved_cny)}"


def _way_on(job: Job) -> tuple[Part, ...]:
    """Return what a failed job cost, and what makes a video after it."""
    if job.may_be_ordered_again:
        return ("it was not charged, and running it again tries anew",)
    if not may_try_again(job.code, job.message):
        return ("it was not charged, and running it again would be refused again",)
    return f"it was not charged, and is not tried again after {job.attempts} attempts", RaiseTake()
