"""Tell the errors of boto3 apart, and put them into words."""

from __future__ import annotations

THROTTLING = ("Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequestsException")
NOT_IMPLEMENTED = 501
"""How stores answer what they do not know: as good as a no."""


def aws_errors() -> tuple[type[Exception], ...]:
    """Return what a call of a client raises."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    # By a RuntimeError it says that credentials have ended and their source gives no newer ones.
    return (BotoCoreError, ClientError, Boto3Error, RuntimeError)


def is_refusal(error: Exception) -> bool:
    """Whether asking again will not help: the service answered with a no, or nobody says who asks."""
    from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

    if not isinstance(error, ClientError):
        return isinstance(error, NoCredentialsError | PartialCredentialsError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return bool((status < 500 or status == NOT_IMPLEMENTED) and code_of(error) not in THROTTLING)


def code_of(error: Exception) -> str:
    """Return the service's code of an error, or nothing."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def reason_of(error: Exception) -> str:
    """Say what went wrong, without addresses and so without what may be signed in them."""
    from botocore import exceptions

    says_it_itself = (
        exceptions.NoCredentialsError,
        exceptions.NoRegionError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
        RuntimeError,
    )
    if isinstance(error, says_it_itself):
        return str(error).rstrip(".")
    for kind, words in (
        (exceptions.ConnectTimeoutError, "no answer in time"),
        (exceptions.ReadTimeoutError, "no answer in time"),
        (exceptions.SSLError, "no HTTPS with a trusted certificate"),
        (exceptions.ProxyConnectionError, "the proxy refuses it"),
        (exceptions.EndpointConnectionError, "no connection"),
        # What a program said that should give credentials may hold them.
        (exceptions.CredentialRetrievalError, "the source of the credentials provides none"),
    ):
        if isinstance(error, kind):
            return words
    answer = getattr(error, "response", {}).get("Error", {})
    return str(answer.get("Message") or answer.get("Code") or type(error).__name__).rstrip(".")
