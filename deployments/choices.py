"""Read what is the user's own of the deployments: where uploads lie, where videos go, which models, when."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from greenlight.arrivals.watching import refuse_output_inside
from greenlight.errors import SettingsError
from greenlight.modelstudio import catalog
from greenlight.portraits.s3 import split_s3
from greenlight.settings import Setting

MODEL = "wan-s2v"
"""Filmed with unless others are named: the vendor has announced the end of the other models."""
NEEDS = ("sound", "json")
"""What a portrait can wait for."""
SWEEP_CRON = "0 3 * * *"
TIMEZONE = "UTC"
CHOICES: tuple[Setting, ...] = (
    Setting("GREENLIGHT_UPLOADS", "Where portraits are uploaded: s3://bucket/prefix/ or a folder."),
    Setting("GREENLIGHT_OUT", "Where videos go: s3://bucket/prefix/ or a folder."),
    Setting(
        "GREENLIGHT_MODELS",
        "What portraits are filmed with, commas between: the first that passes one.",
        MODEL,
    ),
    Setting(
        "GREENLIGHT_NEEDS",
        "What must lie beside a portrait before it is filmed: sound, json, or both.",
        NEEDS[0],
    ),
    Setting(
        "GREENLIGHT_CREDENTIALS",
        "The name of a ModelStudioCredentials block.",
        "the key of the environment",
    ),
    Setting("GREENLIGHT_SWEEP_CRON", "When the sweep runs, as five fields of cron.", SWEEP_CRON),
    Setting("GREENLIGHT_TIMEZONE", "The time zone of that, like Asia/Shanghai.", TIMEZONE),
    Setting(
        "GREENLIGHT_PYTHON",
        "The Python that workers start runs with, where they have another.",
        "the one that deploys",
    ),
)
"""Every variable that `read_choices` reads; the first two must be set."""


def read_choices(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return `CHOICES` as the values that `prefect.yaml` calls `{{ yours.NAME }}`.

    `SettingsError` names a bad one.
    """
    env = os.environ if environ is None else environ
    uploads = _place(env, "GREENLIGHT_UPLOADS", like="s3://my-portraits/uploads/")
    out = _place(env, "GREENLIGHT_OUT", like="s3://my-videos/videos/")
    if uploads.startswith("s3://"):
        refuse_output_inside(*split_s3(uploads), out)
    return {
        "uploads": uploads,
        "out": out,
        "models": _names(env, "GREENLIGHT_MODELS", MODEL, tuple(catalog.families())),
        "needs": _names(env, "GREENLIGHT_NEEDS", NEEDS[0], NEEDS),
        "credentials": env.get("GREENLIGHT_CREDENTIALS") or None,
        "python": shlex.quote(env.get("GREENLIGHT_PYTHON") or sys.executable),
        **_sweep(env),
    }


def _place(env: Mapping[str, str], name: str, *, like: str) -> str:
    text = env.get(name)
    if not text:
        raise SettingsError(f"{name} is not set; give a place like {like}, or a folder")
    if "://" not in text:
        return str(Path(text).expanduser().absolute())
    if not text.startswith("s3://") or not split_s3(text)[0]:
        raise SettingsError(f"{name} is {text!r}; it takes a place like {like}, or a folder")
    return text if text.endswith("/") else f"{text}/"


def _names(env: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> list[str]:
    names = [one.strip() for one in (env.get(name) or default).split(",")]
    for one in names:
        if one not in known:
            raise SettingsError(
                f"{name} names {one!r}; it takes {', '.join(known)}, with commas between them"
            )
    return list(dict.fromkeys(names))


def _sweep(env: Mapping[str, str]) -> dict[str, str]:
    """Return when the sweep runs, as five fields of cron and a time zone."""
    cron = env.get("GREENLIGHT_SWEEP_CRON") or SWEEP_CRON
    timezone = env.get("GREENLIGHT_TIMEZONE") or TIMEZONE
    try:
        CronSchedule(cron=cron, timezone=timezone)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)[0]
        message = wrong["msg"].removeprefix("Value error, ")
        name = f"GREENLIGHT_{'TIMEZONE' if 'timezone' in wrong['loc'] else 'SWEEP_CRON'}"
        raise SettingsError(f"{name} is {wrong['input']!r}: {message}") from None
    return {"sweep_cron": cron, "timezone": timezone}
