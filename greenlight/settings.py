"""Read every setting in one place, and never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, cast, get_args

from greenlight.errors import SettingsError
from greenlight.modelstudio.catalog import BEIJING_BASE_URL, POLL_SECONDS
from greenlight.modelstudio.client import service_of

Delivery = Literal["presigned", "upload"]

LEASE_SECONDS = 180.0
SETTLE_SECONDS = 600.0
A_DAY = 86_400
NO_KEY = (
    "no key is set: put a key of the China (Beijing) region into DASHSCOPE_API_KEY, or run "
    "`greenlight studio` and point DASHSCOPE_HTTP_BASE_URL at it to work without one"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment, as the reference tells people of it."""

    name: str
    meaning: str
    default: str = ""
    """What holds without it, in words where it is no plain value; "" for nothing."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DASHSCOPE_API_KEY", meaning="The key; the vendor's are of the China (Beijing) region."
    ),
    Setting("DASHSCOPE_HTTP_BASE_URL", meaning="The service's address.", default=BEIJING_BASE_URL),
    Setting("DASHSCOPE_WORKSPACE", meaning="The id of a sub-workspace, if one is used."),
    Setting(
        "GREENLIGHT_HOME",
        meaning="The folder of the books, of local results, thumbnails and videos.",
        default="~/.greenlight",
    ),
    Setting(
        "GREENLIGHT_LEDGER_URL",
        meaning="Where the books are, for machines that share them: postgresql://USER:PASSWORD@HOST/DATABASE.",
        default="ledger.db in GREENLIGHT_HOME",
    ),
    Setting(
        "GREENLIGHT_POLL_SECONDS",
        meaning="The pause between two looks at one job.",
        default=f"{POLL_SECONDS:g}",
    ),
    Setting(
        "GREENLIGHT_LEASE_SECONDS",
        meaning="How long a dead process keeps what it has reserved.",
        default=f"{LEASE_SECONDS:g}",
    ),
    Setting(
        "GREENLIGHT_SETTLE_SECONDS",
        meaning="How long a task may be missing from the vendor's list before it never was.",
        default=f"{SETTLE_SECONDS:g}",
    ),
    Setting(
        "GREENLIGHT_EXCLUSIVE_ACCOUNT",
        meaning="on: nobody else uses the account, so a lost task may be adopted without a person.",
        default="off",
    ),
    Setting(
        "GREENLIGHT_MAX_CNY_PER_DAY",
        meaning="What may be spent on one day of UTC+8 with one service, in yuan.",
        default="no limit",
    ),
    Setting(
        "GREENLIGHT_DELIVERY",
        meaning="How the vendor gets at S3 objects: by presigned links where that is safe, or by upload.",
        default="presigned",
    ),
)
"""Every variable that `read_settings` reads, in its order of importance to people."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment decides; lengths of time in seconds."""

    api_key: str | None = field(repr=False)
    base_url: str
    workspace: str | None
    home: Path
    ledger_url: str
    poll_seconds: float
    lease_seconds: float
    settle_seconds: float
    """How long a task may be missing from the vendor's list before it never was."""
    exclusive_account: bool
    """Whether nobody else uses the account, so that a lost task may be adopted without a person."""
    max_cny_per_day: Decimal | None
    """What may be spent on one day of UTC+8 with one service."""
    delivery: Delivery

    def require_key(self) -> str:
        """Return the key, or raise a `SettingsError` that says where to get one."""
        if not self.api_key:
            raise SettingsError(NO_KEY)
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise SettingsError("DASHSCOPE_API_KEY has characters that no key has; copy it again")
        return self.api_key

    @property
    def service(self) -> str:
        """Return what every key of the books begins with."""
        return service_of(self.base_url, self.workspace)

    @property
    def results(self) -> Path:
        """Return the folder of Prefect's local results."""
        return self.home / "results"

    @property
    def videos(self) -> Path:
        """Return the folder that videos are stored in when no other place is given."""
        return self.home / "videos"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `SETTINGS` from the environment (or the mapping given); `SettingsError` names a bad one."""
    env = os.environ if environ is None else environ
    home = _home(env)
    base_url = (env.get("DASHSCOPE_HTTP_BASE_URL") or BEIJING_BASE_URL).rstrip("/")
    workspace = _workspace(env)
    try:
        service_of(base_url, workspace)
    except ValueError as error:
        raise SettingsError(
            f"DASHSCOPE_HTTP_BASE_URL cannot be used: {error}; the vendor's is {BEIJING_BASE_URL}"
        ) from None
    return Settings(
        api_key=(env.get("DASHSCOPE_API_KEY") or "").strip() or None,
        base_url=base_url,
        workspace=workspace,
        home=home,
        ledger_url=env.get("GREENLIGHT_LEDGER_URL") or f"sqlite:///{home / 'ledger.db'}",
        poll_seconds=_seconds(env, "GREENLIGHT_POLL_SECONDS", POLL_SECONDS),
        lease_seconds=_seconds(env, "GREENLIGHT_LEASE_SECONDS", LEASE_SECONDS),
        settle_seconds=_seconds(env, "GREENLIGHT_SETTLE_SECONDS", SETTLE_SECONDS),
        exclusive_account=_switch(env, "GREENLIGHT_EXCLUSIVE_ACCOUNT"),
        max_cny_per_day=_money(env, "GREENLIGHT_MAX_CNY_PER_DAY"),
        delivery=_delivery(env),
    )


def _workspace(env: Mapping[str, str]) -> str | None:
    workspace = (env.get("DASHSCOPE_WORKSPACE") or "").strip()
    if not (workspace.isascii() and workspace.isprintable()):
        raise SettingsError(
            "DASHSCOPE_WORKSPACE has characters that no workspace has; copy it again"
        )
    return workspace or None


def _home(env: Mapping[str, str]) -> Path:
    try:
        return Path(env.get("GREENLIGHT_HOME") or "~/.greenlight").expanduser().absolute()
    except RuntimeError:
        raise SettingsError(
            "this user has no home folder; name a folder of its own with GREENLIGHT_HOME"
        ) from None


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < A_DAY:
        raise SettingsError(
            f"{name} is {text!r}; it takes a number of seconds above 0 and below {A_DAY}, like 15"
        )
    return seconds


def _switch(env: Mapping[str, str], name: str) -> bool:
    text = (env.get(name) or "off").lower()
    if text not in _SWITCH:
        raise SettingsError(f"{name} is {text!r}; it takes on or off")
    return _SWITCH[text]


_SWITCH = {"on": True, "true": True, "1": True, "yes": True} | {
    "off": False,
    "false": False,
    "0": False,
    "no": False,
}


def _money(env: Mapping[str, str], name: str) -> Decimal | None:
    text = env.get(name)
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and amount >= 0):
        raise SettingsError(f"{name} is {text!r}; it takes an amount in yuan, like 20")
    return amount


def _delivery(env: Mapping[str, str]) -> Delivery:
    text = env.get("GREENLIGHT_DELIVERY") or "presigned"
    if text not in get_args(Delivery):
        raise SettingsError(f"GREENLIGHT_DELIVERY is {text!r}; it takes presigned or upload")
    return cast(Delivery, text)
