"""Looking at the vendor's announcements."""

from __future__ import annotations

from datetime import date

from greenlight.doctor.findings import Finding, State
from greenlight.doctor.models import examine_models

LONG_BEFORE, SOON_BEFORE, AFTER = date(2026, 1, 1), date(2026, 9, 1), date(2026, 11, 20)


def look(*models: str, today: date = AFTER, vendors: bool = True, **own: str) -> Finding:
    of_own = {name.replace("_", "-"): value for name, value in own.items()}
    (found,) = examine_models(models, own=of_own, is_vendors=vendors, today=today)
    return found


def test_a_retired_model_that_is_chosen_is_broken_at_the_vendors() -> None:
    found = look("emo")
    assert found.state is State.BROKEN
    assert found.sentence.startswith("emo is retired")
    assert "2026-10-10" in found.sentence
    assert "choose from wan-s2v" in str(found.advice)


def test_a_local_studio_goes_on_with_it() -> None:
    assert look("emo", vendors=False).state is State.WARNING


def test_an_end_that_is_near_is_a_warning() -> None:
    found = look("liveportrait", today=SOON_BEFORE)
    assert found.state is State.WARNING
    assert "is scheduled for shutdown on 2026-10-10" in found.sentence
    assert look("liveportrait", today=LONG_BEFORE).state is State.OK


def test_a_deployment_of_ones_own_stays() -> None:
    found = look("emo", emo_v1="mine", emo_detect_v1="mine-too")
    assert (found.state, found.sentence) == (
        State.OK,
        "emo: called as a deployment of your own",
    )
    half = look("emo", emo_v1="mine")
    assert half.state is State.BROKEN
    assert half.advice.model == "emo-detect-v1"


def test_a_model_that_stays_is_fine() -> None:
    assert look("wan-s2v").state is State.OK


def test_each_model_that_is_chosen_is_looked_at() -> None:
    found = examine_models(["emo", "wan-s2v"], own={}, is_vendors=True, today=AFTER)
    assert [one.state for one in found] == [State.BROKEN, State.OK]


def test_without_a_choice_all_that_end_are_named() -> None:
    found = look()
    assert found.state is State.WARNING
    assert "emo (2026-10-10), liveportrait (2026-10-10)" in found.sentence
    assert look(today=LONG_BEFORE).state is State.OK
