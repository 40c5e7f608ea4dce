"""Sign links of objects in S3, each in the region of its bucket."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from greenlight.aws.addressing import is_aws
from greenlight.aws.clients import aws_client
from greenlight.aws.errors import aws_errors, is_refusal

_ASKING: Final = threading.Lock()
_REGIONS: Final[WeakKeyDictionary[Any, dict[str, str | None]]] = WeakKeyDictionary()
"""What each client was told of the buckets that it asked."""


def sign_link(client: Any, wanted: Mapping[str, str], *, lifetime_seconds: int) -> str:
    """Return an address that gives an object to whoever has it; `wanted` names it as S3's requests do.

    A client is redirected when its region is not the bucket's; a link is not, and S3 refuses one that was
    signed for another. So a bucket is asked for its region, once as long as the client is kept, which blocks;
    the client's own is taken where nobody tells.
    """
    signer = _signer(client, _region_of(client, wanted["Bucket"]))
    return str(
        signer.generate_presigned_url("get_object", Params=dict(wanted), ExpiresIn=lifetime_seconds)
    )


def _signer(client: Any, region: str | None) -> Any:
    """Return the client that signs for a region."""
    if is_aws(client.meta.endpoint_url):
        # boto3 by itself has links lead to the one host of all regions. It knows no bucket of a newer region,
        # and sends away from a new bucket of any (Amazon S3, "Virtual hosting of general purpose buckets").
        return aws_client("s3", region=region, addressing="virtual")
    # The bucket that was asked for its region has shown whether its name may stand in the path.
    return aws_client("s3", region=None if region == client.meta.region_name else region)


def _region_of(client: Any, bucket: str) -> str | None:
    """Return the region that a bucket is in, if it is told; who does not answer is asked again next time."""
    # One at a time: those who come first together would each ask.
    with _ASKING:
        known = _REGIONS.setdefault(client, {})
        try:
            if bucket not in known:
                known[bucket] = _told_region(client, bucket)
        except aws_errors():
            return None
        return known[bucket]


def _told_region(client: Any, bucket: str) -> str | None:
    """Return what a bucket answers; S3 tells its region also to those whom it tells nothing else."""
    from botocore.exceptions import ClientError, InvalidRegionError
    from botocore.utils import validate_region_name

    try:
        answer = client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if not is_refusal(error):
            raise
        answer = error.response
    region = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
    try:
        validate_region_name(region)
    except InvalidRegionError:
        return None
    return str(region) if region else None
