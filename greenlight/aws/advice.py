"""Say what to do about what AWS, or a store that speaks its protocol, does not do."""

from __future__ import annotations

from typing import Final

from greenlight.aws.errors import THROTTLING, code_of

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
OF_THE_MOMENT: Final = (*THROTTLING, "SlowDown", "ServiceUnavailable", "InternalError")
RENEW: Final = "renew the AWS credentials, and check their source"
LOG_IN: Final = "log in again with `aws sso login`"
ADVICE: Final = (
    *((code, "check the name and the region") for code in NOT_THERE),
    *((code, "give these credentials permission for it") for code in DENIED),
    *((code, RENEW) for code in OF_CREDENTIALS),
    *((code, "run it again later") for code in OF_THE_MOMENT),
    ("RequestTimeTooSkewed", "set this machine's clock, and keep it right with NTP"),
    ("PermanentRedirect", "set AWS_DEFAULT_REGION to its region"),
    ("AuthorizationHeaderMalformed", "set AWS_DEFAULT_REGION to its region"),
)


def advice_on(error: Exception) -> str:
    """Return what a person can do about an error of boto3's."""
    from botocore import exceptions

    network = "check the network, AWS_ENDPOINT_URL and the region"
    keys = (
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
    )
    https = "check AWS_ENDPOINT_URL, and name the certificate in AWS_CA_BUNDLE if it is your own"
    for kind, words in (
        (exceptions.ProxyConnectionError, "check HTTPS_PROXY, or name the host in NO_PROXY"),
        (exceptions.SSLError, https),
        (exceptions.ConnectionError, network),
        (exceptions.HTTPClientError, network),
        (exceptions.NoRegionError, "set AWS_DEFAULT_REGION"),
        (exceptions.NoCredentialsError, keys),
        (exceptions.CredentialRetrievalError, RENEW),
        (exceptions.ProfileNotFound, "check AWS_PROFILE, and the profiles of this machine"),
        (exceptions.SSOError, LOG_IN),
        (exceptions.TokenRetrievalError, LOG_IN),
        # botocore has no kind of its own for credentials that have ended and are not renewed.
        (RuntimeError, RENEW),
    ):
        if isinstance(error, kind):
            return words
    return dict(ADVICE).get(code_of(error), "check the AWS settings")
