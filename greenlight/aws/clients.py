"""Make AWS clients by boto3's own chain, and say how long its credentials live."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greenlight.aws.addressing import heed_refused_paths, is_aws, wants_bucket_in_host
from greenlight.aws.advice import advice_on
from greenlight.aws.errors import aws_errors, reason_of
from greenlight.aws.headers import take_own_headers
from greenlight.errors import SettingsError
from greenlight.modelstudio.redaction import keep_links_out_of_logs

CLIENTS = 16
"""Services, regions and surroundings that one process has to do with at once; the oldest is dropped."""
CONNECTIONS = 64
_MAKING = threading.Lock()


def aws_client(
    service: str,
    *,
    region: str | None = None,
    read_seconds: float = 20.0,
    addressing: str | None = None,
) -> Any:
    """Return a client of a service, which all threads share; `SettingsError` says why there is none.

    `addressing` is how S3's addresses name a bucket ("virtual", "path"), where that is not left to boto3 and
    to what the endpoint is known to want.
    One costs some 50 ms to make, so it is kept until boto3's surroundings change: the variables that begin
    with AWS_, or the files of credentials and profiles, which tools write anew when a login ends.
    """
    keep_links_out_of_logs()
    # One at a time: those who come first together would each make their own.
    with _MAKING:
        here = _surroundings()
        made = _kept_client(service, region, read_seconds, addressing, here)
        if service == "s3" and not addressing and wants_bucket_in_host(made.meta.endpoint_url):
            return _kept_client(service, region, read_seconds, "virtual", here)
        return made


@dataclass(frozen=True, slots=True)
class Credentials:
    """How long the credentials live that sign what is sent and handed over now."""

    is_temporary: bool
    """Whether they end at all: those of a role or a login do, the keys of a user do not."""
    ends_at: datetime | None
    """When they end, in UTC, where their source tells."""

    def last_for(self, seconds: float) -> bool:
        """Whether they are known to live for so many seconds from now."""
        if self.ends_at is None:
            return not self.is_temporary
        return (self.ends_at - datetime.now(UTC)).total_seconds() >= seconds


def signing_credentials() -> Credentials:
    """Return how long the credentials live that boto3's chain finds, after they were renewed if they can be.

    Blocks while they are renewed. Raises a `SettingsError` when there are none (any more).
    """
    keep_links_out_of_logs()
    with _MAKING:
        found = _kept_session(_surroundings()).get_credentials()
    try:
        token = found.get_frozen_credentials().token if found else None
    except aws_errors() as error:
        raise _unusable(error) from None
    # botocore renews such credentials by itself, and has no public name for when.
    ends_at = getattr(found, "_expiry_time", None)
    return Credentials(bool(token or ends_at), ends_at.astimezone(UTC) if ends_at else None)


@functools.lru_cache(CLIENTS)
def _kept_session(surroundings: tuple[object, ...]) -> Any:  # noqa: ARG001 - the key of the cache
    """Return what holds the credentials of all clients of the same surroundings."""
    import boto3

    return boto3.session.Session()


@functools.lru_cache(CLIENTS)
def _kept_client(
    service: str,
    region: str | None,
    read_seconds: float,
    addressing: str | None,
    surroundings: tuple[object, ...],
) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=read_seconds,
        max_pool_connections=CONNECTIONS,
        # boto3 signs the addresses of S3 in an older way by itself, which newer regions refuse.
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": addressing} if addressing else None,
    )
    try:
        make = functools.partial(_kept_session(surroundings).client, service, region_name=region)
        made = make(config=config)
        return (
            made if service != "s3" or is_aws(made.meta.endpoint_url) else _at_others(make, config)
        )
    except aws_errors() as error:
        raise _unusable(error) from None
    except ValueError as error:
        raise SettingsError(
            f"AWS cannot be used: {error}", "check AWS_ENDPOINT_URL", could_cost=True
        ) from None


def _at_others(make: Callable[..., Any], config: Any) -> Any:
    """Return a client of S3 for a store that is not AWS's, and may not know its newer ways.

    The checksums that boto3 adds by itself, over HTTPS behind a content in chunks, are refused by some.
    """
    from botocore.config import Config

    plain = Config(
        request_checksum_calculation="when_required", response_checksum_validation="when_required"
    )
    client = make(config=config.merge(plain))
    heed_refused_paths(client)
    take_own_headers(client)
    return client


def _surroundings() -> tuple[object, ...]:
    """Return all that decides what boto3's chain finds, as far as it can be seen for nothing."""
    env = os.environ
    variables = tuple(sorted(item for item in env.items() if item[0].startswith("AWS_")))
    files = (
        env.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        env.get("AWS_CONFIG_FILE", "~/.aws/config"),
    )
    # A forked process must not write into its parent's connections.
    return os.getpid(), env.get("HOME"), variables, tuple(_state(file) for file in files)


def _state(file: str) -> tuple[int, int] | None:
    """Return when a file was last changed and its size, or nothing if it is not there."""
    try:
        # Path's own raises for a user that does not exist.
        facts = Path(os.path.expanduser(file)).stat()  # noqa: PTH111
    except (OSError, ValueError):
        return None
    return facts.st_mtime_ns, facts.st_size


def _unusable(error: Exception) -> SettingsError:
    """Return the error in words; credentials may end while work that is paid for is under way."""
    return SettingsError(
        f"AWS cannot be used: {reason_of(error)}", advice_on(error), could_cost=True
    )
