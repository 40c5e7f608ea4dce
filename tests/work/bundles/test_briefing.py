"""A brief of what lies there, what its json says, and what holds for all."""

from __future__ import annotations

from typing import Any

import pytest

from greenlight.errors.advice import AllowOrigin
from greenlight.work.bundles import BriefDefaults, Bundle, MalformedBrief, brief_of
from tests.work.bundles.test_bundle import Lying

DEFAULTS = BriefDefaults(sound="/all.mp3", take=3)


def bundle(*endings: str) -> Bundle:
    made = Bundle("s3://box/in/anna")
    for ending in endings:
        made.add(Lying(f"s3://box/in/anna.{ending}"))
    return made


def brief(details: dict[str, Any] | None, *endings: str, **defaults: Any) -> dict[str, Any]:
    lying = bundle("png", *endings, *(() if details is None else ("json",)))
    chosen = BriefDefaults(**defaults) if defaults else DEFAULTS
    return brief_of(lying, details, chosen).brief.model_dump(exclude_defaults=True)


def test_a_portrait_alone_has_what_holds_for_all() -> None:
    assert brief(None) == {"portrait": "s3://box/in/anna.png", "sound": "/all.mp3", "take": 3}


def test_what_lies_beside_it_wins_over_what_holds_for_all() -> None:
    told = brief(None, "wav", "mp4")
    assert told["sound"] == "s3://box/in/anna.wav"
    assert told["motion"] == "s3://box/in/anna.mp4"


def test_the_json_wins_over_what_holds_for_all() -> None:
    told = brief({"models": ["wan-s2v", "emo"], "take": 4, "sound": "s3://box/other.mp3"})
    assert (told["models"], told["take"]) == (("wan-s2v", "emo"), 4)
    assert told["sound"] == "s3://box/other.mp3"


def test_a_json_may_say_that_there_is_no_sound() -> None:
    assert "sound" not in brief({"sound": None})
    assert brief({"sound": None}, "mp3")["sound"] == "s3://box/in/anna.mp3"


@pytest.mark.parametrize(
    ("place", "means"),
    [
        ("voice.mp3", "s3://box/in/voice.mp3"),
        ("voices/a b.mp3", "s3://box/in/voices/a b.mp3"),
        ("s3://box/v.mp3", "s3://box/v.mp3"),
        ("S3://box/v.mp3?versionId=3", "s3://box/v.mp3?versionId=3"),
        ("~v.mp3", "s3://box/in/~v.mp3"),
    ],
)
def test_a_bare_name_in_a_json_lies_in_its_folder(place: str, means: str) -> None:
    assert brief({"sound": place})["sound"] == means


@pytest.mark.parametrize("field", ["sound", "motion"])
@pytest.mark.parametrize(
    ("place", "origin"),
    [
        ("s3://other/v.mp3", "s3://other"),
        ("S3://other/v.mp3", "s3://other"),
        ("s3://box.evil/v.mp3", "s3://box.evil"),
        ("s3://Box/v.mp3", "s3://Box"),
        ("http://169.254.169.254/latest/meta-data", "http://169.254.169.254"),
        ("HTTPS://Host:8443/v.mp3", "https://host:8443"),
        ("https://box/v.mp3", "https://box"),
    ],
)
def test_a_json_in_s3_names_only_what_lies_in_its_own_bucket(
    place: str, origin: str, field: str
) -> None:
    with pytest.raises(MalformedBrief) as told:
        brief({field: place})
    assert told.value.happened == (
        f"s3://box/in/anna.json cannot be used: {field}: a json in S3 may only name what is in its own bucket"
    )
    assert told.value.advice == AllowOrigin(origin)


@pytest.mark.parametrize(
    ("place", "means"),
    [
        ("s3://other/v.mp3", "s3://other/v.mp3"),
        ("https://host/v.mp3", "public+https://host/v.mp3"),
        ("HTTPS://HOST:443/v.mp3", "public+https://HOST:443/v.mp3"),
        ("http://host:8080/v.mp3", "public+http://host:8080/v.mp3"),
    ],
)
def test_a_deployment_may_allow_other_buckets_and_hosts_of_the_internet(
    place: str, means: str
) -> None:
    allowed = ("s3://other/", "https://host", "http://host:8080")
    assert brief({"sound": place}, also_from=allowed)["sound"] == means


@pytest.mark.parametrize(
    "place",
    [
        "http://host/v.mp3",
        "https://host:8443/v.mp3",
        "https://host.evil/v.mp3",
        "https://evil/https://host/v.mp3",
        "https://evil\\host/v.mp3",
        "https:///host/v.mp3",
        "https://anna@host/v.mp3",
        "https://host@evil/v.mp3",
        "https://ho\tst/v.mp3",
        "https://host:port/v.mp3",
    ],
)
def test_a_host_that_only_looks_allowed_is_refused(place: str) -> None:
    with pytest.raises(MalformedBrief, match=r"may only name|not an address|no host"):
        brief({"sound": place}, also_from=("https://host",))


def test_what_holds_for_all_is_the_deployments_own_and_may_lie_anywhere() -> None:
    private = "http://10.0.0.1/v.mp3"
    assert brief({"take": 2}, sound=private)["sound"] == private


@pytest.mark.parametrize("field", ["sound", "motion"])
@pytest.mark.parametrize(
    "place",
    [
        "/home/worker/x.wav",
        "~/x.wav",
        "~worker/x.wav",
        "file:///home/worker/x.wav",
        "FILE://localhost/home/worker/x.wav",
        " file:///home/worker/x.wav",
        "ftp://host/x.wav",
    ],
)
def test_a_json_in_s3_names_no_file_of_the_machine_that_works_on_it(place: str, field: str) -> None:
    for endings in ((), ("mp3", "mp4")):
        with pytest.raises(MalformedBrief) as told:
            brief({field: place}, *endings)
        assert told.value.happened == (
            f"s3://box/in/anna.json cannot be used: {field}: a json in S3 may not name a file of the machine "
            "that works on it"
        )


@pytest.mark.parametrize(
    ("place", "means"),
    [
        ("/srv/v.mp3", "/srv/v.mp3"),
        ("file:///srv/v.mp3", "file:///srv/v.mp3"),
        ("v.mp3", "/in/v.mp3"),
        ("http://127.0.0.1/v.mp3", "http://127.0.0.1/v.mp3"),
        ("s3://other/v.mp3", "s3://other/v.mp3"),
    ],
)
def test_a_json_in_a_folder_may_name_a_file_of_its_machine(place: str, means: str) -> None:
    lying = Bundle("/in/anna")
    for ending in ("png", "json"):
        lying.add(Lying(f"/in/anna.{ending}"))
    assert brief_of(lying, {"sound": place}, DEFAULTS).brief.sound == means


def test_a_template_in_a_json_is_no_file() -> None:
    told = brief({"models": ["animate-anyone"], "motion": "AACT.xyz"})
    assert told["motion"] == "AACT.xyz"


def test_a_json_that_names_the_sound_beside_it_says_nothing_new() -> None:
    lying = bundle("png", "mp3", "json")
    made = brief_of(lying, {"sound": "anna.mp3", "take": 2}, DEFAULTS)
    assert made.brief.sound == "s3://box/in/anna.mp3"
    assert made.told == {"take"}


def test_parameters_that_the_models_of_a_json_do_not_know_are_left_out() -> None:
    usual = {"resolution": "480P", "style_level": "calm"}
    both = {"models": ("wan-s2v", "emo"), "parameters": usual}
    assert brief({"models": ["emo"]}, **both)["parameters"] == {"style_level": "calm"}
    assert brief({"take": 2}, **both)["parameters"] == usual
    with pytest.raises(
        MalformedBrief, match=r"anna.json cannot be used: parameters: resolution is not a parameter"
    ):
        brief({"models": ["emo"], "parameters": {"resolution": "480P"}}, **both)


@pytest.mark.parametrize(
    ("endings", "kind"),
    [
        (("png", "JPG"), "portrait"),
        (("png", "mp3", "wav"), "sound"),
        (("png", "mp4", "mov"), "motion"),
        (("png", "json", "JSON"), "json"),
    ],
)
def test_two_of_one_name_are_malformed(endings: tuple[str, ...], kind: str) -> None:
    with pytest.raises(MalformedBrief) as told:
        brief_of(bundle(*endings), None, DEFAULTS)
    first, second = [name for name in endings if name != "png" or kind == "portrait"]
    assert told.value.happened == (
        f"s3://box/in/ has more than one {kind} of the same name, anna.{first} and anna.{second}"
    )


def test_a_json_that_names_another_sound_than_the_one_beside_it_is_malformed() -> None:
    with pytest.raises(MalformedBrief, match=r"sound: anna.mp3 is beside it and is"):
        brief({"sound": "other.mp3"}, "mp3")


def test_a_json_that_must_come_is_waited_for() -> None:
    assert brief_of(bundle("png"), None, DEFAULTS, ("sound", "json")).needs_json
    lying = bundle("png", "json")
    assert not brief_of(lying, {}, DEFAULTS, ("sound", "json")).needs_json
    assert not brief_of(bundle("png"), None, DEFAULTS).needs_json


def test_what_is_wrong_names_the_json_where_there_is_one() -> None:
    with pytest.raises(
        MalformedBrief, match=r"^s3://box/in/anna.json cannot be used: mood: there is no such"
    ):
        brief({"mood": 1})
    with pytest.raises(
        MalformedBrief, match=r"^s3://box/in/anna.png cannot be used: models: emu is not"
    ):
        brief(None, models=("emu",))
