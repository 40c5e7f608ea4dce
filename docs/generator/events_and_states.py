"""Tell how runs and jobs can end, and of the events that automations act on."""

from __future__ import annotations

from collections.abc import Iterator

from deployments import listener
from generator.attributes import docs_of
from generator.markdown import code, paragraph, table, write_page
from greenlight.ledger import job
from greenlight.ledger.job import JobState
from greenlight.work import reports
from greenlight.work.reports import FilmState
from tasks import events

OF_RUNS = """
The state of a run of `portrait-to-video` has the name of what became of its brief. A run that
worked on several portraits has the name that they share, or of the first that went wrong, or is
called `Done`; a sweep is called `Swept`, a collection `Collected`. Each outcome stands in a tag
too, `outcome:filmed`, by which lists are filtered.
"""
OF_EVENTS = """
Each names its subject in `prefect.resource.id` and, where it has one, `prefect.resource.name`.
Those of portraits and videos have the labels `greenlight.portrait`, `greenlight.model`,
`greenlight.reason` and `greenlight.service`.
"""


def page() -> str:
    """Return the page of events and states."""
    return write_page(
        "Events and states",
        "## States of a brief",
        paragraph(OF_RUNS),
        table(("state", "in JSON and tags", "Prefect's type", "means"), _film_states()),
        "## States of a job",
        "A job is one paid generation in the books: a video, or the template of a motion.",
        table(("state", "means"), _job_states()),
        "## Events",
        paragraph(OF_EVENTS),
        table(("event", "when"), _events()),
    )


def _film_states() -> Iterator[tuple[str, ...]]:
    docs = docs_of(reports)
    for state in FilmState:
        kind = "COMPLETED" if state.is_good else "FAILED"
        shown = state.label if state is not FilmState.PLANNED else ""
        yield shown, code(state.value), kind if shown else "", docs[f"FilmState.{state.name}"]


def _job_states() -> Iterator[tuple[str, ...]]:
    docs = docs_of(job)
    for state in JobState:
        yield code(state.value), docs[f"JobState.{state.name}"]


def _events() -> Iterator[tuple[str, ...]]:
    for module in (listener, events):
        for name, text in docs_of(module).items():
            value = getattr(module, name, None)
            if isinstance(value, str) and value.startswith("greenlight."):
                yield code(value), text
