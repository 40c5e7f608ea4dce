"""What the environment says of the deployments."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from deployments.choices import CHOICES, WORK_POOL, read_choices
from greenlight import settings
from greenlight.errors import SettingsError
from greenlight.settings import OF_DEPLOYMENTS, SETTINGS

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
PLACES = {"GREENLIGHT_UPLOADS": "s3://portraits/uploads/", "GREENLIGHT_OUT": "s3://videos/out/"}


def test_two_places_are_enough() -> None:
    assert read_choices(PLACES) == {
        "uploads": "s3://portraits/uploads/",
        "out": "s3://videos/out/",
        "models": ["wan-s2v"],
        "needs": ["sound"],
        "credentials": None,
        "python": sys.executable,
        "sweep_cron": "0 3 * * *",
        "timezone": "UTC",
    }


def test_everything_can_be_chosen() -> None:
    choices = read_choices(
        {
            "GREENLIGHT_UPLOADS": "s3://portraits",
            "GREENLIGHT_OUT": "videos",
            "GREENLIGHT_MODELS": "emo, wan-s2v,emo",
            "GREENLIGHT_NEEDS": "sound,json",
            "GREENLIGHT_CREDENTIALS": "beijing",
            "GREENLIGHT_PYTHON": "/opt/my python/bin/python",
            "GREENLIGHT_SWEEP_CRON": "30 22 * * 1-5",
            "GREENLIGHT_TIMEZONE": "Asia/Shanghai",
        }
    )
    assert choices == {
        "uploads": "s3://portraits/",
        "out": str(Path.cwd() / "videos"),
        "models": ["emo", "wan-s2v"],
        "needs": ["sound", "json"],
        "credentials": "beijing",
        "python": "'/opt/my python/bin/python'",
        "sweep_cron": "30 22 * * 1-5",
        "timezone": "Asia/Shanghai",
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("GREENLIGHT_UPLOADS", "", "is not set; use a place like s3://my-portraits/uploads/"),
        ("GREENLIGHT_OUT", "", "is not set; use a place like s3://my-videos/videos/"),
        ("GREENLIGHT_OUT", "~nobody-at-all/videos", "home folder that does not exist"),
        ("GREENLIGHT_OUT", "https://videos/out/", "use a place like s3://"),
        ("GREENLIGHT_OUT", "s3:///out/", "use a place like s3://"),
        ("GREENLIGHT_OUT", "s3://portraits/uploads/videos/", "every video would start another run"),
        ("GREENLIGHT_MODELS", "emo,wan", "names 'wan'; choose from wan-s2v, "),
        ("GREENLIGHT_MODELS", "emo,", "names ''"),
        ("GREENLIGHT_NEEDS", "motion", "choose from sound, json, separated"),
        ("GREENLIGHT_SWEEP_CRON", "60 3 * * *", "GREENLIGHT_SWEEP_CRON is '60 3 .*Invalid cron"),
        ("GREENLIGHT_TIMEZONE", "Mars/Base", "GREENLIGHT_TIMEZONE is 'Mars/Base': Invalid"),
    ],
)
def test_a_choice_that_makes_no_sense_is_named(name: str, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_choices(PLACES | {name: text})


def test_a_misspelled_choice_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    settings._warn_once.cache_clear()
    read_choices(PLACES | {"GREENLIGHT_TIMEZON": "Asia/Shanghai"})
    (message,) = caplog.messages
    assert message.endswith("so it is ignored; did you mean GREENLIGHT_TIMEZONE?")


def test_the_core_takes_nothing_that_is_read_here_for_a_mistake() -> None:
    files = [file for file in DEPLOYMENTS.rglob("*") if file.suffix in {".yaml", ".env"}]
    named = {name for file in files for name in re.findall(r"GREENLIGHT_\w+", file.read_text())}
    read = {one.name for one in (*CHOICES.values(), WORK_POOL)}
    assert named | read == OF_DEPLOYMENTS | (named & {one.name for one in SETTINGS.values()})
