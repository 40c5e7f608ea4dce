"""Read every setting of the core in one place, and never at import."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal, get_args

from greenlight.errors import SettingsError
from greenlight.errors.advice import GetKey
from greenlight.modelstudio.catalog import BEIJING_BASE_URL, POLL_SECONDS
from greenlight.modelstudio.client import service_of
from greenlight.wording import visible

logger = logging.getLogger(__name__)

Delivery = Literal["presigned", "upload"]

LEASE_SECONDS = 180.0
SETTLE_SECONDS = 600.0
A_DAY = 86_400
PREFIX: Final = "GREENLIGHT_"
"""What no other program's variables begin with; Model Studio's SDK reads more of `DASHSCOPE_`."""
OF_DEPLOYMENTS: Final = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("UPLOADS", "OUT", "MODELS", "NEEDS", "CREDENTIALS", "SWEEP_CRON", "TIMEZONE", "PYTHON"),
        # Read by the files there, and by no Python.
        *("WORK_POOL", "ENV", "QUEUE"),
    )
)
"""What `deployments/` reads: the core only knows that none of it is misspelled."""
SIMILAR: Final = 0.9
"""From what likeness on a known name is taken for the one that was meant."""
_SWITCH: Final = dict.fromkeys(("on", "true", "1", "yes"), True) | dict.fromkeys(
    ("off", "false", "0", "no"), False
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment, with all that is said of it anywhere."""

    name: str
    meaning: str
    default: str = ""
    """Read like a text that is set; "" for none."""
    default_in_words: str = ""
    """What the reference says instead, where the default is no plain text."""
    read: Callable[[str], Any] = str
    """Makes a value of the text, "" where there is none; its `ValueError` has what follows the name, and what
    to do."""

    def value_in(self, environ: Mapping[str, str]) -> Any:
        """Return its value; `SettingsError` says what is wrong with the text and what to use."""
        try:
            return self.read(environ.get(self.name) or self.default)
        except ValueError as error:
            raise SettingsError(*error.args, subject=self.name) from None


def read_all(
    table: Mapping[str, Setting], environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a value for each key of the table, out of the environment or the mapping given."""
    env = os.environ if environ is None else environ
    return {key: setting.value_in(env) for key, setting in table.items()}


def folder(text: str) -> Path:
    """Read a folder's path, which may begin with `~`."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"is {text!r}, which begins with a home folder that does not exist", "use a full path"
        ) from None


def _address(text: str) -> str:
    address = text.rstrip("/")
    try:
        service_of(address)
    except ValueError as error:
        raise ValueError(
            f"cannot be used: {error}", f"the vendor's is {BEIJING_BASE_URL}"
        ) from None
    return address


def _workspace(text: str) -> str | None:
    workspace = text.strip()
    if not (workspace.isascii() and workspace.isprintable()):
        raise ValueError("contains characters that no workspace ID has", "copy it again")
    return workspace or None


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(text)) < A_DAY:
            return seconds
    raise ValueError(f"is {text!r}", f"use a number of seconds above 0 and below {A_DAY}, like 15")


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ValueError(f"is {text!r}", "use on or off")
    return _SWITCH[text.lower()]


def _money(text: str) -> Decimal | None:
    if not text:
        return None
    with suppress(InvalidOperation):
        if (amount := Decimal(text)).is_finite() and amount >= 0:
            return amount
    raise ValueError(f"is {text!r}", "use an amount in yuan, like 20")


def _delivery(text: str) -> str:
    if text not in get_args(Delivery):
        raise ValueError(f"is {text!r}", f"use {' or '.join(get_args(Delivery))}")
    return text


def _variable(name: str, *, is_shown: bool = True, **said: Any) -> Any:
    """Return the field of a dataclass that is read from a variable."""
    return field(repr=is_shown, metadata={"setting": Setting(name, **said)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the environment decides, each with its variable; lengths of time in seconds."""

    api_key: str | None = _variable(
        "DASHSCOPE_API_KEY",
        is_shown=False,
        meaning="The API key; Model Studio's are of the China (Beijing) region.",
        read=lambda text: text.strip() or None,
    )
    base_url: str = _variable(
        "DASHSCOPE_HTTP_BASE_URL",
        meaning="The service's address.",
        default=BEIJING_BASE_URL,
        read=_address,
    )
    workspace: str | None = _variable(
        "DASHSCOPE_WORKSPACE",
        meaning="The ID of a sub-workspace, if you use one.",
        read=_workspace,
    )
    home: Path = _variable(  # noqa: RUF009 - a field
        "GREENLIGHT_HOME",
        meaning="The folder of the ledger, local results, thumbnails and videos.",
        default="~/.greenlight",
        read=folder,
    )
    ledger_url: str = _variable(
        "GREENLIGHT_LEDGER_URL",
        meaning="The ledger's database, if machines share it: postgresql://USER:PASSWORD@HOST/DATABASE.",
        default_in_words="ledger.db in GREENLIGHT_HOME",
    )
    poll_seconds: float = _variable(
        "GREENLIGHT_POLL_SECONDS",
        meaning="Polling interval for a job.",
        default=f"{POLL_SECONDS:g}",
        read=_seconds,
    )
    lease_seconds: float = _variable(
        "GREENLIGHT_LEASE_SECONDS",
        meaning="How long a crashed process keeps what it has reserved.",
        default=f"{LEASE_SECONDS:g}",
        read=_seconds,
    )
    settle_seconds: float = _variable(
        "GREENLIGHT_SETTLE_SECONDS",
        meaning="How long a task may be absent from the vendor's list before it is taken as never created.",
        default=f"{SETTLE_SECONDS:g}",
        read=_seconds,
    )
    exclusive_account: bool = _variable(
        "GREENLIGHT_EXCLUSIVE_ACCOUNT",
        meaning="on: nobody else uses the account, so a lost task may be adopted without asking you.",
        default="off",
        read=_switch,
    )
    max_cny_per_day: Decimal | None = _variable(  # noqa: RUF009 - a field
        "GREENLIGHT_MAX_CNY_PER_DAY",
        meaning="Spending limit for one day (UTC+8) and one service, in yuan.",
        default_in_words="no limit",
        read=_money,
    )
    delivery: Delivery = _variable(  # noqa: RUF009 - a field
        "GREENLIGHT_DELIVERY",
        meaning="How the vendor gets S3 objects: by presigned links where that is safe, or by upload.",
        default="presigned",
        read=_delivery,
    )

    def require_key(self) -> str:
        """Return the key, or raise a `SettingsError` that says where to get one."""
        if not self.api_key:
            raise SettingsError("no key is set", GetKey())
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise SettingsError(
                "contains characters that no key has", "copy it again", subject="DASHSCOPE_API_KEY"
            )
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


SETTINGS: Mapping[str, Setting] = {one.name: one.metadata["setting"] for one in fields(Settings)}
"""The variable of each field, in their order of importance to people."""


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `SETTINGS` from the environment (or the mapping given); `SettingsError` names a bad one."""
    env = os.environ if environ is None else environ
    warn_of_unknown(env)
    values = read_all(SETTINGS, env)
    values["ledger_url"] = values["ledger_url"] or f"sqlite:///{values['home'] / 'ledger.db'}"
    return Settings(**values)


def warn_of_unknown(environ: Iterable[str]) -> None:
    """Log each variable that looks like a setting and is not one, once a process."""
    known = OF_DEPLOYMENTS.union(setting.name for setting in SETTINGS.values())
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            _warn_once(name, known)


@functools.cache
def _warn_once(name: str, known: frozenset[str]) -> None:
    from difflib import get_close_matches

    similar = get_close_matches(name, known, n=1, cutoff=SIMILAR)
    advice = f"did you mean {similar[0]}?" if similar else "correct its name, or remove it"
    logger.warning("%s is not a setting, so it is ignored; %s", visible(name), advice)
