"""Say whether the service takes the key, and tell a wrong key from one of another region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from greenlight.doctor.asking import NO_TASK, who_takes
from greenlight.doctor.findings import Finding, broken, failed, ok, warning
from greenlight.doctor.regions import is_vendors
from greenlight.errors import SettingsError
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.errors import (
    AccessDenied,
    AuthenticationError,
    ModelStudioError,
)
from greenlight.modelstudio.tasks import read_task
from greenlight.settings import Settings

SUBJECT: Final = "key"


def unusable(settings: Settings) -> Finding | None:
    """Return what is wrong with the key at sight, or nothing."""
    try:
        settings.require_key()
    except SettingsError as error:
        return failed(SUBJECT, error)
    return None


def answered(
    settings: Settings, key: str, answer: Answer, *, regions: Mapping[str, str], seconds: float
) -> Finding:
    """Return what a service's answer says of the key; a refused one is shown to the other regions too."""
    try:
        read_task(answer, NO_TASK)
    except AuthenticationError:
        return _refused(settings, who_takes(key, regions, seconds=seconds))
    except AccessDenied as error:
        return broken(SUBJECT, f"the key may not be used here ({error.code})", error.advice)
    except ModelStudioError as error:
        told = f"{error.headline} ({error.code})"
        if error.retryable:
            return warning(SUBJECT, f"nobody knows yet: {told}", error.advice or "")
        return broken(SUBJECT, f"the key cannot be used: {told}", error.advice or "")
    return ok(SUBJECT, f"{settings.service} accepts it")


def _refused(settings: Settings, region: str | None) -> Finding:
    if region is not None:
        return broken(
            SUBJECT,
            f"the key is for the region {region}, and this address is in another region",
            "make a key in the China (Beijing) region, where the portrait models are, and put it into "
            "DASHSCOPE_API_KEY",
        )
    if is_vendors(settings.base_url):
        return broken(
            SUBJECT,
            "the key is wrong: no region accepts it",
            "copy it again from the console of the China (Beijing) region into DASHSCOPE_API_KEY; one of a "
            "workspace is valid only at the workspace's own address",
        )
    return broken(
        SUBJECT,
        f"the key is wrong: {settings.service} does not accept it",
        "set DASHSCOPE_API_KEY to the key that the studio was started with",
    )
