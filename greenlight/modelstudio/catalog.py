"""Say what the vendor offers: its families and their models, rates and retirements.

Facts are those of the vendor's documents as read on the date in `PRICES_AS_OF`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from greenlight.modelstudio.families import FAMILIES
from greenlight.modelstudio.family import Family, Role
from greenlight.modelstudio.limits import SoundLimits, VideoLimits
from greenlight.modelstudio.model import Model

logger = logging.getLogger(__name__)

BEIJING_BASE_URL: Final = "https://dashscope.aliyuncs.com/api/v1"
PRICES_AS_OF: Final = date(2026, 11, 20)
RETIREMENT_NOTICE: Final = "https://www.aliyun.com/notice/118434"

TASK_REQUESTS_PER_SECOND: Final = 20
"""Fetches, lists and cancels that an account may send in a second (manage-asynchronous-tasks)."""
UPLOAD_POLICIES_PER_SECOND: Final = 100
TASK_LIFETIME: Final = timedelta(hours=24)
"""How long a task id answers, and how long a result link lives (manage-asynchronous-tasks)."""
LONGEST_JOB_SECONDS: Final = 3.25 * 3600
"""How long a job is waited for: the vendor fails a task that is not finished after 3 hours."""
POLL_SECONDS: Final = 15.0
"""The pause between two fetches of one task that the video models' documents advise."""


@functools.cache
def families() -> Mapping[str, Family]:
    """Return every model family by its name for people, those that stay first."""
    return {family.name: family for family in FAMILIES}


DEFAULT_FAMILY: Final = FAMILIES[0].name
"""What is meant where nobody names a model: one that stays."""


def names_in_words() -> str:
    """Return the names of all families for a form; those that retire stand last, and say so."""
    staying = ", ".join(family.name for family in FAMILIES if not family.is_retired)
    retiring = ", ".join(family.name for family in FAMILIES if family.is_retired)
    return f"{staying} (or, for your own deployments, the retired {retiring})"


def filming(subject: Role) -> list[str]:
    """Return the names of the families that film a portrait, or a clip."""
    return [family.name for family in FAMILIES if family.subject is subject]


def to_film(subject: Role) -> str:
    """Return in words which families to choose for a portrait or a clip: those that stay, else all."""
    names = filming(subject)
    staying = [name for name in names if not families()[name].is_retired]
    return ", ".join(staying or names)


def taking(role: Role) -> list[str]:
    """Return the names of the families that take an input of a role."""
    return [family.name for family in FAMILIES if family.input_of(role)]


def formats(kind: type[SoundLimits | VideoLimits]) -> list[str]:
    """Return the formats of sounds, or of videos, that any model takes."""
    taken = [one.limits for family in FAMILIES for one in family.inputs]
    return sorted({name for one in taken if isinstance(one, kind) for name in one.formats})


def largest_input_bytes() -> int:
    """Return the size of the largest sound or video that any model takes."""
    taken = [one.limits for family in FAMILIES for one in family.inputs]
    return max(one.max_bytes for one in taken if isinstance(one, SoundLimits | VideoLimits))


def subjects_in_words(names: Iterable[str], count: int) -> str:
    """Return what some of the families film: `portraits`, `clip`, `portraits or clips`."""
    roles = dict.fromkeys(one.subject for one in FAMILIES if one.name in set(names))
    return " or ".join(role if count == 1 else f"{role}s" for role in sorted(roles, reverse=True))


def unchecked() -> list[str]:
    """Return the names of the families that have no check."""
    return [family.name for family in FAMILIES if family.check is None]


def for_families(names: Iterable[str]) -> str:
    """Return for which families something is: `For wan-s2v, emo`."""
    told = ", ".join(names)
    return f"For {told}" if told else "For no model at present"


def family(name: str) -> Family:
    """Return the family of that name; `KeyError` names those there are."""
    try:
        return families()[name]
    except KeyError:
        raise KeyError(f"{name} is not a model; choose from {', '.join(families())}") from None


def models() -> Mapping[str, Model]:
    """Return every model of every family by the vendor's id."""
    return {model.id: model for one in families().values() for model in one.models}


@functools.cache
def warn_of_retirement(model_id: str) -> None:
    """Log once a process that the vendor has announced to switch this model off.

    Nothing is logged for a model that stays, or for the name of a deployment of one's own.
    """
    model = models().get(model_id)
    if model is None or model.retires_on is None:
        return
    staying = [family.name for family in FAMILIES if not family.is_retired]
    logger.warning(
        "%s: the vendor has announced to switch it off on %s (%s); not on that list is %s",
        model.id,
        model.retires_on.isoformat(),
        RETIREMENT_NOTICE,
        ", ".join(staying),
    )
