"""Sum up what became of a brief, as the command line and the flow report it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, PlainSerializer, SerializeAsAny

from greenlight.errors import Explanation, GreenlightError, OverBudget, explain
from greenlight.ledger import Job, JobState
from greenlight.modelstudio import catalog
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.failed_tasks import hint_for, may_try_again
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
    """What became of one brief: fields as `greenlight film --json` prints them."""

    state: FilmState
    message: str = ""
    """One sentence for people: why, and what to do next."""
    note: str = ""
    """What was done otherwise than the brief asked, in words."""
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


def report_job(job: Job, verdicts: list[Verdict], *, cached: bool, note: str = "") -> FilmReport:
    """Return the report of a brief whose video was ordered, as its job stands."""
    state = STATE_OF_JOB[job.state]
    message = "; ".join(filter(None, (_sentence(state, job), note)))
    if refused := refused_by_its_task(job):
        state, verdicts = FilmState.REJECTED, [*verdicts[:-1], refused]
    return FilmReport(
        state=state,
        message=message,
        note=note,
        verdict=verdicts[-1] if verdicts else None,
        verdicts=verdicts,
        job=job.key,
        task_id=job.task_id,
        video=job.place,
        sha256=job.sha256,
        seconds=job.seconds,
        cached=cached,
        error=None
        if state.is_good
        else Explanation(state.label, _sentence(state, job), _spent(job)),
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
    report = report_job(job, verdicts, cached=False)
    message = "; ".join(filter(None, (f"the motion's template: {report.message}", later)))
    return report.model_copy(update={"message": message})


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


def report_over_budget(plan: Plan, max_cny: Decimal) -> FilmReport:
    """Return the report of a brief that could come to more than it may."""
    message = (
        f"it could come to {plan.price_cny} CNY, and {max_cny} CNY are allowed; nothing was sent"
    )
    return FilmReport(
        state=FilmState.OVER_BUDGET,
        message=message,
        verdicts=plan.verdicts,
        price_cny=plan.price_cny,
        error=Explanation("OverBudget", f"{message}.", spent=False),
    )


def report_refused_by_budget(error: OverBudget, verdicts: list[Verdict]) -> FilmReport:
    """Return the report of a brief whose next paying request did not fit into a budget."""
    told = explain(error)
    return FilmReport(
        state=FilmState.OVER_BUDGET,
        message=told.message,
        verdict=verdicts[-1] if verdicts else None,
        verdicts=verdicts,
        error=told,
    )


def report_rejection(
    verdicts: list[Verdict], opinions: Mapping[str, object] | None = None
) -> FilmReport:
    """Return the report of a subject that no model passes; the judge's opinions, by model, are added."""
    reasons = []
    for verdict in verdicts:
        said = verdict.reason or verdict.code or "refused without a reason"
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


def report_error(
    error: GreenlightError | ModelStudioError, verdicts: Sequence[Verdict] = ()
) -> FilmReport:
    """Return the report of a brief that came no further, because of what is wrong with it or on the way."""
    told = explain(error)
    return FilmReport(
        state=FilmState.FAILED,
        message=told.message,
        verdict=verdicts[-1] if verdicts else None,
        verdicts=list(verdicts),
        error=told,
    )


def _sentence(state: FilmState, job: Job) -> str:
    match state:
        case FilmState.FILMED:
            cost_cny = job.cost_cny or Decimal(0)
            return f"{job.seconds or 0:.2f} s for {cny(cost_cny)}, stored as {job.place}"
        case FilmState.FILMING:
            return (
                f"the vendor goes on with task {job.task_id}, {_price(job)}; `greenlight collect`, or the "
                "same again, fetches the video within 24 hours and pays nothing more"
            )
        case FilmState.AMBIGUOUS:
            return (
                f"nobody knows whether the paying request was accepted ({job.message}), {_price(job)}; it "
                "is not sent again before that is known: `greenlight reconcile` looks for its task"
            )
        case FilmState.EXPIRED:
            return f"its video was paid and is lost: {job.message} (task {job.task_id})"
        case _:
            said = ": ".join(filter(None, (job.code, job.message.rstrip("."))))
            why = f"({said})" if said else "without a reason"
            ended = f"the vendor ended task {job.task_id} as {state.value} {why}"
            what_next = f"it was not charged, and {_way_on(job)}"
            return "; ".join(filter(None, (ended, what_next, hint_for(job.code, job.message))))


def _price(job: Job) -> str:
    return f"for at most {cny(job.reserved_cny)}"


def _way_on(job: Job) -> str:
    """Return what makes a video after one that failed."""
    if job.may_be_ordered_again:
        return "running it again tries it anew"
    if not may_try_again(job.code, job.message):
        return "running it again does not try it anew: the same would be refused again"
    return f"after {job.attempts} attempts only a higher --take makes a new one"


def _spent(job: Job) -> bool:
    return job.state in {JobState.AMBIGUOUS, JobState.EXPIRED}
