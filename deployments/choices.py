"""Read what users choose for their deployments: where uploads are, where videos go, which models, when.

The commands take names and meanings from here when they start, so Prefect is imported where it is needed.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from greenlight.errors import SettingsError
from greenlight.modelstudio import catalog
from greenlight.settings import Setting, folder, read_all

NEEDS = ("sound", "json")
"""What a portrait can wait for."""


def _place(text: str, *, like: str) -> str:
    from greenlight.media.s3 import split_s3

    if not text:
        raise ValueError("is not set", f"use a place like {like}, or a folder")
    if "://" not in text:
        return str(folder(text))
    if not text.startswith("s3://") or not split_s3(text)[0]:
        raise ValueError(f"is {text!r}", f"use a place like {like}, or a folder")
    return text if text.endswith("/") else f"{text}/"


def _names(text: str, *, known: Callable[[], Iterable[str]]) -> list[str]:
    names = [one.strip() for one in text.split(",")]
    for one in names:
        if one not in known():
            raise ValueError(
                f"names {one!r}", f"choose from {', '.join(known())}, separated by commas"
            )
    return list(dict.fromkeys(names))


CHOICES: Mapping[str, Setting] = {
    "uploads": Setting(
        "GREENLIGHT_UPLOADS",
        meaning="Where portraits are uploaded: s3://bucket/prefix/ or a folder.",
        read=partial(_place, like="s3://my-portraits/uploads/"),
    ),
    "out": Setting(
        "GREENLIGHT_OUT",
        meaning="Where videos go: s3://bucket/prefix/ or a folder.",
        read=partial(_place, like="s3://my-videos/videos/"),
    ),
    "models": Setting(
        "GREENLIGHT_MODELS",
        meaning="Models to film with, separated by commas; the first that passes a portrait films it.",
        default=catalog.DEFAULT_FAMILY,
        read=partial(_names, known=catalog.families),
    ),
    "needs": Setting(
        "GREENLIGHT_NEEDS",
        meaning="Files to wait for before a portrait is filmed: sound, json, or both, separated by a comma.",
        default=NEEDS[0],
        read=partial(_names, known=lambda: NEEDS),
    ),
    "credentials": Setting(
        "GREENLIGHT_CREDENTIALS",
        meaning="Name of the ModelStudioCredentials block that holds the key.",
        default_in_words="the key of the environment",
        read=lambda text: text or None,
    ),
    "sweep_cron": Setting(
        "GREENLIGHT_SWEEP_CRON",
        meaning="When the sweep runs, as five fields of cron.",
        default="0 3 * * *",
    ),
    "timezone": Setting(
        "GREENLIGHT_TIMEZONE",
        meaning="Time zone of the sweep's schedule, like Asia/Shanghai.",
        default="UTC",
    ),
    "python": Setting(
        "GREENLIGHT_PYTHON",
        meaning="Python that workers start runs with, if theirs is another.",
        default=sys.executable,
        default_in_words="the one that deploys",
        read=shlex.quote,
    ),
}
"""The variable of each value that `prefect.yaml` calls `{{ yours.NAME }}`; the first two must be set."""
WORK_POOL = Setting(
    "GREENLIGHT_WORK_POOL",
    meaning="Work pool of the deployments; `greenlight serve` needs none.",
)
"""Read by `prefect.yaml` itself."""


def read_choices(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read `CHOICES` from the environment (or the mapping given); `SettingsError` names a bad one."""
    from greenlight.media.s3 import split_s3
    from greenlight.settings import warn_of_unknown
    from greenlight.uploads.watching import refuse_output_inside

    env = os.environ if environ is None else environ
    warn_of_unknown(env)
    choices = read_all(CHOICES, env)
    if choices["uploads"].startswith("s3://"):
        refuse_output_inside(*split_s3(choices["uploads"]), choices["out"])
    _require_schedule(choices["sweep_cron"], choices["timezone"])
    return choices


def _require_schedule(cron: str, timezone: str) -> None:
    """Raise a `SettingsError` in Prefect's words if it would refuse to schedule the sweep."""
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=cron, timezone=timezone)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)[0]
        message = wrong["msg"].removeprefix("Value error, ")
        name = CHOICES["timezone" if "timezone" in wrong["loc"] else "sweep_cron"].name
        raise SettingsError(f"is {wrong['input']!r}: {message}", subject=name) from None
