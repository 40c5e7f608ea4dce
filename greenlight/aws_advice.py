"""Say what to do about what AWS, or a store that speaks its protocol, does not do."""

from __future__ import annotations

from typing import Final

from greenlight.aws import code_of

NOT_THERE: Final = (
    "NoSuchBucket",
    "NoSuchKey",
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
    *((code, "look at the name and the region") for code in NOT_THERE),
    *((code, "give these credentials the right to it") for code in DENIED),
    *((code, "renew the AWS credentials, and look at their source") for code in OF_CREDENTIALS),
    ("RequestTimeTooSkewed", "set this machine's clock, and keep it right with NTP"),
    ("PermanentRedirect", "set AWS_DEFAULT_REGION to its region"),
    ("AuthorizationHeaderMalformed", "set AWS_DEFAULT_REGION to its region"),
)


def advice_on(error: Exception) -> str:
    """Return what a person can do about an error of boto3's."""
    from botocore import exceptions

    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return "look at the network, AWS_ENDPOINT_URL and the region"
    if isinstance(error, exceptions.NoRegionError):
        return "set AWS_DEFAULT_REGION"
    if isinstance(error, exceptions.NoCredentialsError | exceptions.CredentialRetrievalError):
        return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
    return dict(ADVICE).get(code_of(error), "look at the AWS settings")
