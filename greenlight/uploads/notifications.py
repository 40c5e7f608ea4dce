"""Add to a bucket's notification configuration, and keep what others have put there.

S3 takes the configuration as a whole, so whatever is not put again is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from greenlight.errors import SettingsError
from greenlight.errors.advice import UseEventBridge
from greenlight.uploads.watching import Watch

UPLOADS = "s3:ObjectCreated:*"
RECEIVERS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}

Configuration = Mapping[str, Any]


class AnotherReceiver(SettingsError):  # noqa: N818 - who is there already
    """A bucket already notifies somebody else of the same uploads."""

    def __init__(self, watch: Watch, receiver: str) -> None:
        self.sends = f"the bucket already sends uploads of {watch.place} to {receiver}"
        super().__init__(f"{self.sends}, and S3 allows only one receiver", UseEventBridge())


def with_queue(known: Configuration, watch: Watch, queue_arn: str) -> Configuration:
    """Return a configuration that also sends a watch's uploads to its queue; it itself if it does so already.

    S3 allows one receiver for each upload, so `AnotherReceiver` names one that is there before.
    """
    for kind, receiver in RECEIVERS.items():
        for other in known.get(kind, []):
            if not _overlaps(other, watch.prefix):
                continue
            if other[receiver] == queue_arn and _covers(other, watch.prefix):
                return known
            if other.get("Id") != watch.mark:
                raise AnotherReceiver(watch, str(other[receiver]))
    # S3 takes the value of a filter encoded like a key in its messages.
    rule = {"Name": "prefix", "Value": quote_plus(watch.prefix, safe="/")}
    ours: dict[str, Any] = {"Id": watch.mark, "QueueArn": queue_arn, "Events": [UPLOADS]}
    if watch.prefix:
        ours["Filter"] = {"Key": {"FilterRules": [rule]}}
    others = [one for one in known.get("QueueConfigurations", []) if one.get("Id") != watch.mark]
    return {**known, "QueueConfigurations": [*others, ours]}


def with_eventbridge(known: Configuration) -> Configuration:
    """Return a configuration that also tells EventBridge everything; it itself if it does so already."""
    if known.get("EventBridgeConfiguration") is not None:
        return known
    return {**known, "EventBridgeConfiguration": {}}


def _overlaps(other: Configuration, prefix: str) -> bool:
    """Whether an upload below the prefix can be one of those that another configuration is for."""
    if not any(event.startswith("s3:ObjectCreated:") for event in other["Events"]):
        return False
    theirs = _filter(other, "prefix")
    return theirs.startswith(prefix) or prefix.startswith(theirs)


def _covers(other: Configuration, prefix: str) -> bool:
    """Whether every upload below the prefix is one of those that another configuration is for."""
    is_for_all = UPLOADS in other["Events"] and not _filter(other, "suffix")
    return is_for_all and prefix.startswith(_filter(other, "prefix"))


def _filter(configuration: Configuration, name: str) -> str:
    """Return the prefix or suffix of a configuration; S3 writes their names with a capital."""
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    values = [rule["Value"] for rule in rules if rule["Name"].lower() == name]
    return unquote_plus(values[0]) if values else ""
