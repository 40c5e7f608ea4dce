"""Name a bucket in the host's name where a store takes none in the path, as Alibaba's OSS does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from greenlight.aws.errors import aws_errors, is_refusal

_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn")
_OSS: Final = ".aliyuncs.com"
_IN_THE_HOST: Final = (
    "SecondLevelDomainForbidden",
    "PathStyleDomainForbidden",
    "InvalidPathAccess",
)
"""By these codes OSS, Tencent's COS and Volcengine's TOS ask for it."""
_NO: Final = (400, 403)
_LEARNING: Final = threading.Lock()
_WANTS: Final[dict[str, bool]] = {}
"""Whether each endpoint that was asked wants buckets in its host's name."""


def is_aws(endpoint_url: str) -> bool:
    """Whether an endpoint is one of AWS's own, whose manners are known."""
    return str(urlsplit(endpoint_url).hostname).endswith(_AWS)


def wants_bucket_in_host(endpoint_url: str) -> bool:
    """Whether an endpoint is known to take no bucket in the path."""
    host = str(urlsplit(endpoint_url).hostname)
    return host.endswith(_OSS) or _WANTS.get(endpoint_url, False)


def heed_refused_paths(client: Any) -> None:
    """Let a client of S3 send again, with the bucket in the host, what is refused for the bucket in its path.

    boto3 puts it there for every endpoint that is not AWS's. What is sent later is sent rightly at once.
    """
    client.meta.events.register("needs-retry.s3", partial(_send_again, client))
    client.meta.events.register("before-call.s3", partial(_send_rightly, client))


def _send_again(
    client: Any, response: Any, request_dict: dict[str, Any], **_: object
) -> float | None:
    """Return the seconds to wait before it is sent again, as botocore's handlers do; nothing if it is not."""
    bucket = _bucket_in_path(client, request_dict)
    if not (bucket and response and response[0].status_code in _NO):
        return None
    if response[1].get("Error", {}).get("Code") in _IN_THE_HOST:
        _WANTS[client.meta.endpoint_url] = True
    elif request_dict["method"] == "HEAD":
        _ask(client, bucket)
    _send_rightly(client, request_dict)
    return None if _bucket_in_path(client, request_dict) else 0.0


def _send_rightly(client: Any, params: dict[str, Any], **_: object) -> None:
    """Move a request's bucket from the path into the host where that is known to be wanted."""
    bucket = _bucket_in_path(client, params)
    if bucket and wants_bucket_in_host(client.meta.endpoint_url):
        url = urlsplit(params["url"])
        path = url.path.removeprefix(f"/{bucket}")
        params["url"] = urlunsplit(url._replace(netloc=f"{bucket}.{url.netloc}", path=path))


def _bucket_in_path(client: Any, request_dict: Mapping[str, Any]) -> str:
    """Return the bucket that stands in a request's path, if it does not stand in the host."""
    url = urlsplit(request_dict["url"])
    is_in_host = url.netloc != urlsplit(client.meta.endpoint_url).netloc
    return "" if is_in_host else url.path.split("/")[1]


def _ask(client: Any, bucket: str) -> None:
    """Ask once for what tells the reason, because the answer to a HEAD has no room for one."""
    endpoint_url = client.meta.endpoint_url
    # One at a time: those who come first together wait for what the first is told.
    with _LEARNING:
        if endpoint_url in _WANTS:
            return
        try:
            client.list_objects_v2(Bucket=bucket, MaxKeys=1)
        except aws_errors() as error:
            if not is_refusal(error):
                return
        _WANTS.setdefault(endpoint_url, False)
