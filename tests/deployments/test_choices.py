"""What the environment says of the deployments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deployments.choices import read_choices
from greenlight.errors import SettingsError

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
        ("GREENLIGHT_UPLOADS", "", "is not set; give a place like s3://my-portraits/uploads/"),
        ("GREENLIGHT_OUT", "", "is not set; give a place like s3://my-videos/videos/"),
        ("GREENLIGHT_OUT", "https://videos/out/", "takes a place like s3://"),
        ("GREENLIGHT_OUT", "s3:///out/", "takes a place like s3://"),
        ("GREENLIGHT_OUT", "s3://portraits/uploads/videos/", "every video would start another run"),
        ("GREENLIGHT_MODELS", "emo,wan", "names 'wan'; it takes wan-s2v, emo,"),
        ("GREENLIGHT_MODELS", "emo,", "names ''"),
        ("GREENLIGHT_NEEDS", "motion", "it takes sound, json"),
        ("GREENLIGHT_SWEEP_CRON", "60 3 * * *", "GREENLIGHT_SWEEP_CRON is '60 3 .*Invalid cron"),
        ("GREENLIGHT_TIMEZONE", "Mars/Base", "GREENLIGHT_TIMEZONE is 'Mars/Base': Invalid"),
    ],
)
def test_a_choice_that_makes_no_sense_is_named(name: str, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_choices(PLACES | {name: text})
