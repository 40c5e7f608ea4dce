"""Send headers of a store's own with an object that is put."""

from __future__ import annotations

from typing import Any, Final

_KEPT: Final = "greenlight_headers"


def take_own_headers(client: Any) -> None:
    """Let `put_object` of a client of S3 take `Headers`, which are signed and sent as they are."""
    client.meta.events.register("before-parameter-build.s3.PutObject", _keep)
    client.meta.events.register("before-call.s3.PutObject", _add)


def _keep(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context[_KEPT] = params.pop("Headers", {})


def _add(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["headers"].update(context.get(_KEPT, {}))
