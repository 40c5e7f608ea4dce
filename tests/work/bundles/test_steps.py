"""What comes next for a bundle, out of the books and what lies there; nobody is asked and nothing paid."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from greenlight.errors import InputError, SettingsError
from greenlight.ledger import JobState
from greenlight.ledger.job import MAX_ATTEMPTS
from greenlight.media.recordings import Motion, Sound
from greenlight.modelstudio.families.animate_anyone import AnimateAnyoneVerdict
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from greenlight.work.bundles.steps import Check, Film, Read, Settled, Step, next_step
from greenlight.work.drives import Drives
from greenlight.work.reports import FilmReport, FilmState
from tests.conftest import SAMPLES
from tests.ledger.values import PASSED, REFUSED
from tests.work.bundles.desk import Desk

WAN_PASSED = WanS2vVerdict(passed=True, humanoid=True)
MOVED = AnimateAnyoneVerdict(passed=True, bodystyle="full")


def report_of(step: Step) -> FilmReport:
    assert isinstance(step, Settled), step
    return step.report


def state_of(step: Step) -> FilmState:
    return report_of(step).state


def film_of(step: Step) -> Film:
    assert isinstance(step, Film), step
    return step


async def test_a_portrait_alone_is_checked_and_then_waits_until_its_sound_comes(
    desk: Desk,
) -> None:
    step = await desk.step()
    assert isinstance(step, Check)
    assert step.family.name == "emo"
    await desk.book_verdict(PASSED)
    assert state_of(await desk.step()) is FilmState.WAITING_FOR_SOUND
    desk.lay("anna.wav")
    film = film_of(await desk.step())
    assert (film.family.name, film.verdicts) == ("emo", [PASSED])
    assert film.brief.sound == str(desk.folder / "anna.wav")
    assert isinstance(film.drives.sound, Sound)
    assert film.drives.sound.seconds == pytest.approx(1.0)


async def test_models_are_asked_one_after_the_other(desk: Desk) -> None:
    models = {"models": ("emo", "wan-s2v")}
    await desk.book_verdict(REFUSED)
    step = await desk.step(**models)
    assert isinstance(step, Check)
    assert step.family.name == "wan-s2v"
    await desk.book_verdict(WAN_PASSED)
    desk.lay("anna.wav")
    assert film_of(await desk.step(**models)).family.name == "wan-s2v"
    assert state_of(await desk.step()) is FilmState.REJECTED


async def test_a_portrait_that_breaks_a_rule_is_not_asked_about(desk: Desk) -> None:
    shutil.copyfile(SAMPLES / "chelsea.png", desk.folder / "anna.png")
    report = report_of(await desk.step())
    assert report.state is FilmState.REJECTED
    assert report.verdict is not None
    assert report.verdict.by == "preflight"


@pytest.mark.parametrize(
    ("sound", "words"),
    [(61, "s long"), (b"no sound at all", "is not a sound that can be read"), (b"", "is empty")],
)
async def test_a_bad_sound_is_told_before_a_check_is_paid(
    desk: Desk, sound: object, words: str
) -> None:
    desk.lay("anna.wav", sound)
    surveyor = desk.surveyor()
    bundle_state = await desk.bundle_state(surveyor)
    try:
        while isinstance(step := next_step(bundle_state), Read):
            await surveyor.read(bundle_state, step)
        said = report_of(step).message
    except InputError as error:
        said = str(error)
    assert said.startswith(str(desk.folder / "anna.wav"))
    assert words in said


async def test_a_refused_portrait_needs_no_look_at_its_sound(desk: Desk) -> None:
    await desk.book_verdict(REFUSED)
    desk.lay("anna.wav", b"no sound at all")
    assert state_of(await desk.step()) is FilmState.REJECTED


async def test_a_json_that_must_come_is_waited_for_with_its_name(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    desk.lay("anna.wav")
    report = report_of(await desk.step("sound", "json"))
    assert report.state is FilmState.WAITING_FOR_JSON
    assert report.message.endswith("the video needs anna.json")
    desk.lay("anna.json", {"parameters": {"style_level": "calm"}})
    assert film_of(await desk.step("sound", "json")).brief.parameters == {"style_level": "calm"}


async def test_what_was_ordered_is_not_ordered_again(desk: Desk) -> None:
    desk.lay("anna.wav")
    await desk.book_verdict(PASSED)
    job = await desk.book_job(PASSED, sound=str(desk.folder / "anna.wav"))
    report = report_of(await desk.step())
    assert (report.state, report.job, report.cached) == (FilmState.FILMING, job.key, True)
    assert report.note == ""
    # Nor when the deployment's parameters were changed since, which is said.
    note = report_of(await desk.step(parameters={"style_level": "active"})).note
    assert "a take of 2 makes, and pays for, a new one" in note


@pytest.mark.parametrize(
    "late",
    [
        {"parameters": {"style_level": "active"}},
        {"ratio": "3:4"},
        {"models": ["wan-s2v"]},
        {"models": ["wan-s2v", "emo"]},
        {"deployments": {"emo-v1": "mine"}},
    ],
)
async def test_a_json_that_comes_late_makes_no_second_video_and_pays_no_check(
    desk: Desk, late: dict[str, Any]
) -> None:
    desk.lay("anna.wav")
    await desk.book_verdict(PASSED)
    job = await desk.book_job(PASSED, sound=str(desk.folder / "anna.wav"))
    desk.lay("anna.json", late)
    report = report_of(await desk.step())
    assert (report.state, report.job) == (FilmState.FILMING, job.key)
    assert '"take": 2 in anna.json makes, and pays for, a new one' in report.note
    assert report.note in report.message
    desk.lay("anna.json", late | {"take": 2})
    assert not isinstance(await desk.step(), Settled)


async def test_the_take_that_was_told_makes_the_video(desk: Desk) -> None:
    desk.lay("anna.wav")
    await desk.book_verdict(PASSED)
    sound = str(desk.folder / "anna.wav")
    await desk.book_job(PASSED, sound=sound)
    desk.lay("anna.json", {"parameters": {"style_level": "active"}, "take": 2})
    assert film_of(await desk.step()).brief.take == 2
    second = await desk.book_job(PASSED, sound=sound, parameters={"style_level": "active"}, take=2)
    report = report_of(await desk.step())
    assert (report.job, report.note) == (second.key, "")
    (desk.folder / "anna.json").unlink()
    assert report_of(await desk.step()).job == second.key


async def test_a_late_json_that_names_another_sound_makes_no_second_video(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    usual, other = desk.lay("usual.wav"), desk.lay("other.wav", 2)
    job = await desk.book_job(PASSED, sound=str(usual))
    desk.lay("anna.json", {"sound": "other.wav"})
    report = report_of(await desk.step(sound=str(usual)))
    assert (report.job, '"take": 2' in report.note) == (job.key, True)
    desk.lay("anna.json", {"sound": "other.wav", "take": 2})
    assert film_of(await desk.step(sound=str(usual))).brief.sound == str(other)


async def test_the_same_portrait_elsewhere_with_a_sound_of_its_own_is_another_video(
    desk: Desk,
) -> None:
    await desk.book_verdict(PASSED)
    voice, other = desk.lay("voice.wav"), desk.lay("eve/other.wav", 2)
    await desk.book_job(PASSED, sound=str(voice))
    desk.lay("eve/eve.png")
    desk.lay("eve/eve.json", {"sound": "other.wav"})
    assert film_of(await desk.step(name="eve/eve.png")).brief.sound == str(other)


async def test_the_same_contents_elsewhere_are_the_same_video_unless_their_json_says_otherwise(
    desk: Desk,
) -> None:
    await desk.book_verdict(PASSED)
    job = await desk.book_job(PASSED, sound=str(desk.lay("anna.wav")))
    for name in ("eve.png", "eve.wav"):
        desk.lay(f"eve/{name}")
    assert report_of(await desk.step(name="eve/eve.png")).job == job.key
    desk.lay("eve/eve.json", {"parameters": {"style_level": "normal"}})
    assert report_of(await desk.step(name="eve/eve.png")).job == job.key
    desk.lay("eve/eve.json", {"parameters": {"style_level": "calm"}})
    film_of(await desk.step(name="eve/eve.png"))


async def test_two_deployments_with_models_of_their_own_both_film_a_portrait(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    await desk.book_verdict(WAN_PASSED)
    await desk.book_job(PASSED, sound=str(desk.lay("anna.wav")))
    assert film_of(await desk.step(models=("wan-s2v",))).family.name == "wan-s2v"
    # A json that leaves the model open changes nothing about that.
    desk.lay("anna.json", {"take": 1})
    assert film_of(await desk.step(models=("wan-s2v",))).family.name == "wan-s2v"


async def test_a_sound_that_was_replaced_makes_a_new_video(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    await desk.book_job(PASSED, sound=str(desk.lay("anna.wav")))
    desk.lay("anna.wav", 2)
    film_of(await desk.step())


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        (JobState.SUCCEEDED, FilmState.FILMED),
        (JobState.EXPIRED, FilmState.EXPIRED),
        (None, FilmState.FILMING),
    ],
)
async def test_a_job_stands_as_the_books_say(
    desk: Desk, ends: JobState | None, state: FilmState
) -> None:
    await desk.book_verdict(PASSED)
    await desk.book_job(PASSED, sound=str(desk.lay("anna.wav")), ends=ends)
    assert state_of(await desk.step()) is state


async def test_what_failed_is_tried_again_but_not_for_ever(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    sound = str(desk.lay("anna.wav"))
    for _ in range(MAX_ATTEMPTS):
        film_of(await desk.step())
        await desk.book_job(PASSED, sound=sound, ends=JobState.FAILED)
    assert state_of(await desk.step()) is FilmState.FAILED


@pytest.mark.parametrize("code", ["InvalidFile.AudioLengthError", "DataInspectionFailed"])
async def test_what_was_refused_is_not_tried_again_until_its_content_is_another(
    desk: Desk, code: str
) -> None:
    await desk.book_verdict(PASSED)
    sound = desk.lay("anna.wav")
    await desk.book_job(PASSED, sound=str(sound), ends=JobState.FAILED, code=code)
    report = report_of(await desk.step())
    assert report.state is FilmState.FAILED
    assert "running it again would be refused again" in report.message
    desk.lay("anna.wav", 2)
    film_of(await desk.step())


@pytest.mark.parametrize("code", ["", "InternalError.Algo", "InvalidURL.Timeout", "Never.Heard"])
async def test_what_failed_by_no_fault_of_its_content_is_tried_again(desk: Desk, code: str) -> None:
    await desk.book_verdict(PASSED)
    sound = str(desk.lay("anna.wav"))
    await desk.book_job(PASSED, sound=sound, ends=JobState.FAILED, code=code)
    film_of(await desk.step())


async def test_a_motion_beside_it_drives_animate_anyone_and_a_sound_does_not(desk: Desk) -> None:
    models = {"models": ("animate-anyone",)}
    await desk.book_verdict(MOVED)
    desk.lay("anna.wav")
    report = report_of(await desk.step(**models))
    assert report.state is FilmState.WAITING_FOR_SOUND
    assert report.message.endswith("the video needs a motion video or a template")
    motion = desk.lay("anna.mp4")
    film = film_of(await desk.step(**models))
    assert (film.brief.motion, film.brief.sound) == (str(motion), None)
    assert isinstance(film.drives.motion, Motion)
    await desk.book_job(MOVED, motion=str(motion))
    assert state_of(await desk.step(**models)) is FilmState.FILMING


async def test_a_template_for_all_drives_animate_anyone(desk: Desk) -> None:
    defaults: dict[str, Any] = {"models": ("animate-anyone",), "motion": "AACT.xyz"}
    await desk.book_verdict(MOVED)
    assert film_of(await desk.step(**defaults)).drives == Drives(motion="AACT.xyz")
    await desk.book_job(MOVED, motion="AACT.xyz")
    assert state_of(await desk.step(**defaults)) is FilmState.FILMING


async def test_what_moves_no_model_of_the_brief_is_not_even_read(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    desk.lay("anna.wav")
    desk.lay("anna.mp4", b"no video at all")
    film = film_of(await desk.step())
    assert film.brief.motion is None


async def test_a_sound_for_all_moves_who_has_none(desk: Desk) -> None:
    await desk.book_verdict(PASSED)
    usual = desk.lay("usual.wav")
    assert film_of(await desk.step(sound=str(usual))).brief.sound == str(usual)
    own = desk.lay("anna.wav", 2)
    assert film_of(await desk.step(sound=str(usual))).brief.sound == str(own)


async def test_a_bad_sound_for_all_is_told_before_any_portrait_is_looked_at(desk: Desk) -> None:
    with pytest.raises(InputError, match="does not exist"):
        await desk.surveyor(sound=str(desk.folder / "none.wav")).prepare()
    with pytest.raises(InputError, match="s long"):
        await desk.surveyor(sound=str(desk.lay("long.wav", 61))).prepare()
    with pytest.raises(SettingsError, match="mood is not a parameter"):
        await desk.surveyor(parameters={"mood": "good"}).prepare()


async def test_without_films_a_portrait_is_screened_and_its_sound_left_alone(desk: Desk) -> None:
    desk.lay("anna.wav", b"no sound at all")
    assert isinstance(await desk.step(films=False), Check)
    await desk.book_verdict(PASSED)
    assert state_of(await desk.step(films=False)) is FilmState.PASSED


async def test_a_malformed_brief_is_refused_before_anything_is_paid(desk: Desk) -> None:
    desk.lay("anna.json", {"mood": "good"})
    report = report_of(await desk.step())
    assert report.state is FilmState.FAILED
    assert report.message.startswith(
        f"{desk.folder / 'anna.json'} cannot be used: mood: there is no such field"
    )
    assert report.message.endswith("; nothing was spent.")


async def test_no_secret_of_a_link_stands_in_what_is_known(desk: Desk, website: Any) -> None:
    await desk.book_verdict(PASSED)
    good = website.put("/v.mp3", (SAMPLES / "hello.mp3").read_bytes())
    bad = website.put("/bad.mp3", b"no sound at all")
    film = film_of(await desk.step(sound=f"{good}?key=hidden"))
    assert film.drives.sound is not None
    assert "hidden" not in film.drives.sound.shown + film.drives.sound.name
    with pytest.raises(InputError) as told:
        await desk.step(sound=f"{bad}?key=hidden")
    assert str(told.value).startswith(f"{bad} is not a sound that can be read")
    assert "hidden" not in str(told.value)


async def test_a_link_that_may_be_signed_in_a_json_is_a_malformed_brief(
    desk: Desk, website: Any
) -> None:
    good = website.put("/v.mp3", (SAMPLES / "hello.mp3").read_bytes())
    written = desk.lay("anna.json", {"sound": f"{good}?Signature=hidden"})
    report = report_of(await desk.step())
    assert report.state is FilmState.FAILED
    assert report.message.startswith(
        f"{written} cannot be used: sound: a web address with a query, a fragment or"
    )
    assert "hidden" not in report.model_dump_json()
    assert website.requests == []
    desk.lay("anna.json", {"sound": good})
    await desk.book_verdict(PASSED)
    assert film_of(await desk.step()).brief.sound == good


def test_the_verdicts_of_the_tests_are_of_their_families() -> None:
    assert isinstance(PASSED, EmoVerdict)
    assert {one.model for one in (PASSED, WAN_PASSED, MOVED)} == {
        "emo",
        "wan-s2v",
        "animate-anyone",
    }
