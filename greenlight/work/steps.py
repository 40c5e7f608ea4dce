"""Decide what comes next for a brief, from what is known of it and nothing else.

Runs, sweeps, uploads, plans and forecasts all ask here; doing a step makes more known.
"""

from __future__ import annotations

from dataclasses import dataclass

from greenlight.filming.orders import (
    TemplateOrder,
    VideoOrder,
    needs_template,
    order_template,
    order_video,
)
from greenlight.media.recordings import Motion
from greenlight.modelstudio.family import Family, Verdict
from greenlight.modelstudio.question import Question
from greenlight.work.case import Case


@dataclass(frozen=True, slots=True)
class Refused:
    """No model passes the subject."""

    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class Check:
    """A family is to be asked about the subject."""

    question: Question


@dataclass(frozen=True, slots=True)
class Waiting:
    """The subject has passed, and there is nothing yet that it shall move by."""

    family: Family
    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class MakeTemplate:
    """The motion must become a template first."""

    order: TemplateOrder
    verdicts: list[Verdict]
    film: VideoOrder
    """What it is made for."""


@dataclass(frozen=True, slots=True)
class Film:
    """The video is to be made."""

    order: VideoOrder
    verdicts: list[Verdict]


Step = Refused | Check | Waiting | MakeTemplate | Film


def next_step(case: Case) -> Step:
    """Return the one step that comes next."""
    family, verdicts = case.judged()
    if family is None:
        return Refused(verdicts)
    if not (verdicts and verdicts[-1].passed):
        return Check(case.brief.question(family))
    drive = case.drives.of(family)
    if drive is None:
        return Waiting(family, verdicts)
    order = order_video(case.brief, family, case.subject, verdicts[-1], drive, out=case.out)
    if isinstance(drive, Motion) and needs_template(order):
        if case.template_id is None:
            return MakeTemplate(order_template(case.brief, family, drive), verdicts, order)
        order = order.model_copy(update={"template_id": case.template_id})
    return Film(order, verdicts)
