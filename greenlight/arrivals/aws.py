"""Make AWS clients by boto3's own chain, and put their errors into words."""

from __future__ import annotations

from typing import Any

from greenlight.errors import SettingsError

THROTTLING = ("Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequestsException")


def aws_client(service: str, *, region: str | None = None, read_seconds: float = 20.0) -> Any:
    """Return a client of a service; `SettingsError` says what of the surroundings cannot be used."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=read_seconds)
    try:
        return boto3.client(service, region_name=region, config=config)
    except aws_errors() as error:
        raise SettingsError(f"AWS cannot be used: {reason_of(error)}") from None
    except ValueError as error:
        raise SettingsError(f"AWS cannot be used: {error}; look at AWS_ENDPOINT_URL") from None


def aws_errors() -> tuple[type[Exception], ...]:
    """Return what a call of a client raises."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def is_refusal(error: Exception) -> bool:
    """Whether asking again will not help: the service answered with a no, or nobody says who asks."""
    from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

    if not isinstance(error, ClientError):
        return isinstance(error, NoCredentialsError | PartialCredentialsError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return bool(status < 500 and code_of(error) not in THROTTLING)


def code_of(error: Exception) -> str:
    """Return the service's code of an error, or nothing."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def reason_of(error: Exception) -> str:
    """Say what went wrong, without addresses and so without what may be signed in them."""
    from botocore.exceptions import NoCredentialsError, NoRegionError, PartialCredentialsError

    if isinstance(error, NoCredentialsError | NoRegionError | PartialCredentialsError):
        return str(error).rstrip(".")
    answer = getattr(error, "response", {}).get("Error", {})
    return str(answer.get("Message") or answer.get("Code") or type(error).__name__).rstrip(".")
