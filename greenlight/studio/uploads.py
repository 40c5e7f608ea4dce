"""Take temporary uploads: hand out a policy, then receive a form at the address that it names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from starlette.responses import Response

from greenlight.studio.answers import answer, invalid_parameter, xml_error
from greenlight.studio.calls import Call
from greenlight.studio.forms import FormError, FormReader

UPLOAD_PATH: Final = "/_studio/oss"
MAX_MEGABYTES: Final = 1024
ACCESS_KEY_ID: Final = "LTAI-studio"


async def policy(call: Call) -> Response:
    """Answer with the policy of one upload for one model."""
    if call.request.query_params.get("action") != "getPolicy":
        raise invalid_parameter("The action must be getPolicy.")
    call.studio.offer(call.model)
    folder = call.studio.files.new_upload_folder(call.model, call.studio.secret)
    until = datetime.now(UTC) + timedelta(seconds=call.studio.settings.policy_seconds)
    text = json.dumps(
        {"expiration": until.isoformat(), "conditions": [["starts-with", "$key", folder]]}
    )
    encoded = base64.b64encode(text.encode()).decode()
    data = {
        "policy": encoded,
        "signature": _signature(call.studio.secret, encoded),
        "upload_dir": folder,
        "upload_host": f"{str(call.request.base_url).rstrip('/')}{UPLOAD_PATH}",
        "expire_in_seconds": round(call.studio.settings.policy_seconds),
        "max_file_size_mb": MAX_MEGABYTES,
        "capacity_limit_mb": 999999999,
        "oss_access_key_id": ACCESS_KEY_ID,
        "x_oss_object_acl": "private",
        "x_oss_forbid_overwrite": "true",
    }
    return answer({"data": data}, call.request_id)


async def upload(call: Call) -> Response:
    """Receive one file to disk, piece by piece; the answer of a good upload is empty."""
    try:
        form = FormReader(
            call.request.headers.get("Content-Type", ""), aiter(call.request.stream())
        )
        fields = await form.fields()
        refusal = _refusal(call.studio.secret, fields)
        return refusal or await _keep(call, form, fields["key"])
    except FormError as error:
        return xml_error("MalformedPOSTRequest", str(error), status=400)


async def _keep(call: Call, form: FormReader, key: str) -> Response:
    target = call.studio.files.upload(key)
    if target.exists():
        return xml_error(
            "FileAlreadyExists", "The object you specified already exists.", status=409
        )
    part = call.studio.files.fetched / f"upload-{uuid4().hex}"
    size_bytes = 0
    try:
        with part.open("wb") as file:
            async for piece in form.file():
                size_bytes += file.write(piece)
                if size_bytes > MAX_MEGABYTES * 1024 * 1024:
                    return xml_error("EntityTooLarge", "Your upload is too large.", status=400)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return Response(status_code=200)


def _refusal(secret: bytes, fields: Mapping[str, str]) -> Response | None:
    encoded = fields.get("policy", "")
    good = _signature(secret, encoded)
    if not hmac.compare_digest(fields.get("Signature", "").encode(), good.encode()):
        return xml_error("SignatureDoesNotMatch", "The signature does not match.", status=403)
    promised: dict[str, Any] = json.loads(base64.b64decode(encoded))
    if datetime.fromisoformat(promised["expiration"]) < datetime.now(UTC):
        return _denied("Policy expired.")
    folder = promised["conditions"][0][2]
    if not fields.get("key", "").startswith(f"{folder}/"):
        return _denied('Policy Condition failed: ["starts-with", "$key"]')
    return None


def _denied(why: str) -> Response:
    return xml_error("AccessDenied", f"Invalid according to Policy: {why}", status=403)


def _signature(secret: bytes, policy: str) -> str:
    signed = hmac.new(secret, policy.encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()
