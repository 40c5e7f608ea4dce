"""Say which models the vendor has announced to switch off, and whether one of them was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from greenlight.doctor.findings import Finding, broken, ok, warning
from greenlight.errors.advice import ChooseModel, ReplaceModel
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family
from greenlight.modelstudio.times import CHINA

SUBJECT: Final = "models"
NEAR: Final = timedelta(days=90)


def today_at_vendors() -> date:
    """Return the vendor's day, by which it switches models off."""
    return datetime.now(UTC).astimezone(CHINA).date()


def examine_models(
    chosen: Sequence[str], *, own: Mapping[str, str], is_vendors: bool, today: date | None = None
) -> Iterator[Finding]:
    """Yield a finding for each model that was chosen, or one for all there are.

    A chosen model that the vendor has switched off by its own word is broken where the vendor is called,
    and a warning elsewhere; a model id in `own` is called as a deployment of one's own, which stays.
    """
    today = today or today_at_vendors()
    if not chosen:
        yield _all(own, today)
    for name in chosen:
        yield _chosen(catalog.family(name), own, is_vendors=is_vendors, today=today)


def _chosen(family: Family, own: Mapping[str, str], *, is_vendors: bool, today: date) -> Finding:
    ends = _end(family, own)
    if ends is None or ends - today > NEAR:
        instead = any(model.id in own for model in family.models)
        says = "called as a deployment of your own" if instead else "no shutdown is near"
        return ok(SUBJECT, f"{family.name}: {says}")
    ids = ", ".join(_retiring(family, own))
    advice = ReplaceModel(_staying(own), next(iter(_retiring(family, own))))
    if ends > today:
        return warning(
            SUBJECT, f"{family.name} is scheduled for shutdown on {ends} ({ids})", advice
        )
    says = f"{family.name} is retired: the vendor announced the shutdown of {ids} for {ends}"
    if is_vendors:
        return broken(SUBJECT, says, advice)
    return warning(
        SUBJECT, f"{says}; this service, which is not the vendor's, may continue", advice
    )


def _all(own: Mapping[str, str], today: date) -> Finding:
    ends = {one.name: _end(one, own) for one in catalog.families().values()}
    near = {name: day for name, day in ends.items() if day is not None and day - today <= NEAR}
    if not near:
        return ok(SUBJECT, "the vendor has announced no shutdown for the near future")
    each = ", ".join(f"{name} ({day})" for name, day in near.items())
    return warning(
        SUBJECT,
        f"the vendor announced the shutdown of {each} ({catalog.RETIREMENT_NOTICE})",
        ChooseModel(_staying(own)),
    )


def _retiring(family: Family, own: Mapping[str, str]) -> list[str]:
    """Return the ids of a family's models that end and that no own deployment stands for."""
    return [one.id for one in family.models if one.retires_on and one.id not in own]


def _end(family: Family, own: Mapping[str, str]) -> date | None:
    days = [one.retires_on for one in family.models if one.retires_on and one.id not in own]
    return min(days, default=None)


def _staying(own: Mapping[str, str]) -> str:
    return ", ".join(one.name for one in catalog.families().values() if _end(one, own) is None)
