"""Put a local file where one model of the vendor can read it for 48 hours (get-temporary-file-url).

The vendor gives a policy, its file store takes a form with the file last, and the file is then known
as `oss://` and its key. It is bound to the account and to the model that the policy was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from greenlight.modelstudio.answers import Answer, read_success, read_text, unfit
from greenlight.modelstudio.errors import UploadRefused

UPLOAD_DEADLINE_SECONDS: Final = 3600.0
_MEBIBYTE: Final = 1024 * 1024
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ERROR_FIELD: Final = "<{0}>([^<]*)</{0}>"


@dataclass(frozen=True, slots=True)
class UploadPolicy:
    """The permission to store one file, valid for some minutes; its parts are secrets."""

    host: str
    directory: str
    form: Mapping[str, str] = field(repr=False)
    """The fields that stand before the file, without the key."""
    max_bytes: int | None = None

    def key_for(self, path: Path) -> str:
        """Return the place of the file in the store; its name keeps only what any URL can bear."""
        return f"{self.directory}/{_UNSAFE.sub('_', path.name)}"

    def form_for(self, key: str) -> dict[str, str]:
        """Return the fields in the order that the store wants; the file follows last."""
        return {
            "OSSAccessKeyId": self.form["oss_access_key_id"],
            "Signature": self.form["signature"],
            "policy": self.form["policy"],
            "key": key,
            "x-oss-object-acl": self.form["x_oss_object_acl"],
            "x-oss-forbid-overwrite": self.form["x_oss_forbid_overwrite"],
            "success_action_status": "200",
        }

    def expect_to_fit(self, path: Path) -> None:
        """Raise `UploadRefused` for a file above the policy's limit, before a byte is sent."""
        size = path.stat().st_size
        if self.max_bytes is not None and size > self.max_bytes:
            raise UploadRefused(
                f"{path.name} has {size} bytes, the store takes at most {self.max_bytes}"
            )


def read_policy(answer: Answer) -> UploadPolicy:
    """Return the policy of an answered `getPolicy`."""
    payload = read_success(answer)
    data = payload.get("data")
    names = (
        "upload_host",
        "upload_dir",
        "oss_access_key_id",
        "signature",
        "policy",
        "x_oss_object_acl",
        "x_oss_forbid_overwrite",
    )
    if not isinstance(data, dict) or not all(read_text(data, name) for name in names):
        raise unfit(answer, "the upload policy is not complete", payload)
    return UploadPolicy(
        host=data["upload_host"],
        directory=data["upload_dir"].strip("/"),
        form={name: data[name] for name in names[2:]},
        max_bytes=_max_bytes(data),
    )


def expect_stored(answer: Answer) -> None:
    """Raise `UploadRefused` unless the store took the file; it explains itself in XML."""
    if answer.is_success:
        return
    text = answer.content.decode("utf-8", "replace")
    message = _xml_field(text, "Message")
    raise UploadRefused(
        message,
        code=_xml_field(text, "Code"),
        request_id=_xml_field(text, "RequestId"),
        status=answer.status,
        # The next upload asks for a new policy.
        retryable=answer.status >= 500 or "expired" in message.casefold(),
    )


def _max_bytes(data: Mapping[str, Any]) -> int | None:
    limit = data.get("max_file_size_mb")
    return limit * _MEBIBYTE if type(limit) is int else None


def _xml_field(text: str, name: str) -> str:
    found = re.search(_ERROR_FIELD.format(name), text)
    return found[1] if found else ""
