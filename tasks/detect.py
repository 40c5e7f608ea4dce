"""Check a portrait: one task a model, cached across runs and processes, retried when the error allows."""

from __future__ import annotations

from typing import Any

from prefect import Task, get_run_logger, task
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.context import TaskRunContext

from blocks import ModelStudioCredentials
from greenlight.errors import LedgerError
from greenlight.ledger.checks import question_key
from greenlight.media.portraits import Portrait
from greenlight.media.subjects import Subject
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family, Verdict
from greenlight.modelstudio.question import Question
from greenlight.pages.markdown import verdict_in_words
from greenlight.screening.preflight import known_at_once
from greenlight.screening.screener import Screening
from greenlight.settings import read_settings
from greenlight.wording import cny, visible
from tasks.events import tell_verdict
from tasks.reasons import opinions_on
from tasks.retrying import RETRIES, wait_and_retry
from tasks.services import connected, ledger_of

CACHE_VERSION = "v1"
"""Changes when a verdict's fields do, so that a cached one is never misread."""


def cache_key(family: Family, parameters: dict[str, Any]) -> str | None:
    """Return the check's key in the books, a version, and how often its verdict was renewed, if it was.

    The same portrait, wherever it lies, is a hit, but only until somebody pays for a newer verdict. `None`,
    which is no hit, while the books cannot say.
    """
    settings = read_settings()
    credentials = parameters["credentials"] or ModelStudioCredentials.from_settings(settings)
    asked = Question.of(family, ratio=parameters["ratio"], deployment=parameters["deployment"])
    key = question_key(credentials.service, asked, parameters["portrait"].identity)
    try:
        renewed = ledger_of(settings.ledger_url).renewals.count(key)
    except LedgerError:
        return None
    return ",".join((key, CACHE_VERSION, *([str(renewed)] if renewed else [])))


def _detector(family: Family) -> Task[..., Any]:
    def key(_context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
        return cache_key(family, parameters)

    @task(
        name=f"detect_{family.name.replace('-', '_')}",
        description=f"Check a portrait with {Question.of(family).model}.",
        task_run_name=f"{family.name} · {{portrait.name}}",
        cache_policy=CacheKeyFnPolicy(cache_key_fn=key),
        persist_result=True,
        result_serializer="json",
        retries=RETRIES,
        retry_condition_fn=wait_and_retry,
    )
    async def check(
        portrait: Portrait,
        *,
        ratio: str | None = None,
        deployment: str | None = None,
        explain: bool = False,
        max_cny: float | None = None,
        credentials: ModelStudioCredentials | None = None,
    ) -> Verdict:
        async with connected(credentials, max_cny=max_cny) as services:
            screening = await services.screener.screen(
                portrait, family, ratio=ratio, deployment=deployment
            )
        verdict = screening.verdict
        opinion = (
            str((await opinions_on(portrait, [verdict])).get(family.name, "")) if explain else ""
        )
        if not screening.cached:
            tell_verdict(portrait, verdict, service=services.client.service, opinion=opinion)
        _log(portrait, screening, opinion)
        return verdict

    return check


def _log(portrait: Portrait, screening: Screening, opinion: str) -> None:
    """Say the verdict in the log of the task, which is what its page shows."""
    verdict = screening.verdict
    cost = "known, 0 CNY" if screening.cached else cny(screening.cost_cny)
    words = "; ".join(filter(None, (verdict_in_words(verdict), opinion)))
    get_run_logger().info("%s · %s: %s (%s)", portrait.name, verdict.model, visible(words), cost)


DETECTORS: dict[str, Task[..., Any]] = {
    name: _detector(family)
    for name, family in catalog.families().items()
    if family.check is not None
}
"""The detect task of every model family that has a detector, by its name for people.

Each takes `portrait` (a `Portrait`), and optionally `ratio`, `deployment`, `max_cny` (what the flow run may
spend), `explain` (let the judge look at a refusal without a word, for the event and the log) and
`credentials`, and returns the family's verdict; a refusal is a verdict too. Errors are the vendor's, or an
`InputError`.
"""


async def detect(subject: Subject, question: Question, **options: Any) -> Verdict:
    """Ask a family about a subject, by the task of its detector; `options` are those of the task.

    A family without a detector needs no task: the limits of its document are all that is asked.
    """
    family = question.family
    if family.check is None and (known := known_at_once(subject, family)) is not None:
        return known
    verdict: Verdict = await DETECTORS[family.name](
        subject, ratio=question.ratio, deployment=question.deployment, **options
    )
    return verdict


detect_emo = DETECTORS["emo"]
detect_liveportrait = DETECTORS["liveportrait"]
detect_wan_s2v = DETECTORS["wan-s2v"]
detect_animate_anyone = DETECTORS["animate-anyone"]
