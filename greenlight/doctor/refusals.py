"""Say what to do about what AWS, or a store that speaks its protocol, does not do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from greenlight.aws import code_of, reason_of
from greenlight.doctor.findings import Finding, broken

ATTEMPTS: Final = "AWS_MAX_ATTEMPTS"
NOT_THERE: Final = (
    "NoSuchBucket",
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
)
DENIED: Final = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403")
OF_CREDENTIALS: Final = (
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "InvalidSecurity",
    "UnrecognizedClientException",
)
ADVICE: Final = (
    *((code, "look at the name and the region, or make it") for code in NOT_THERE),
    *((code, "give these credentials the right to it") for code in DENIED),
    *((code, "renew the AWS credentials, and look at their source") for code in OF_CREDENTIALS),
    ("RequestTimeTooSkewed", "set this machine's clock, and keep it right with NTP"),
    ("PermanentRedirect", "set AWS_DEFAULT_REGION to its region"),
    ("AuthorizationHeaderMalformed", "set AWS_DEFAULT_REGION to its region"),
)


def refused(subject: str, what: str, error: Exception) -> Finding:
    """Return the finding of a call that failed, in the words of whoever refused it."""
    return broken(subject, f"{what} ({reason_of(error)})", _advice(error))


def _advice(error: Exception) -> str:
    from botocore import exceptions

    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return "look at the network, AWS_ENDPOINT_URL and the region"
    if isinstance(error, exceptions.NoRegionError):
        return "set AWS_DEFAULT_REGION"
    if isinstance(error, exceptions.NoCredentialsError | exceptions.CredentialRetrievalError):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
    return dict(ADVICE).get(code_of(error), "look at the AWS settings")


@contextmanager
def asking_once() -> Iterator[None]:
    """Let boto3 not try again what fails, by its own setting, for the time of a `with` block."""
    before = os.environ.get(ATTEMPTS)
    os.environ[ATTEMPTS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ATTEMPTS]
        else:
            os.environ[ATTEMPTS] = before
