"""See that a flow run's results can be kept, before anything is paid for."""

from __future__ import annotations

from prefect.context import FlowRunContext
from prefect.filesystems import LocalFileSystem

from greenlight.aws import aws_errors, reason_of
from greenlight.errors import SettingsError

PROBE = "greenlight-reachable"
"""What is written into a result store to see whether it takes anything."""


async def require_result_store() -> None:
    """Raise a `SettingsError` if this run's result store does not take results.

    To Prefect a store that cannot be reached is one without results: every cached verdict would be a miss,
    without a word. A folder of this machine is not tried.
    """
    context = FlowRunContext.get()
    store = context.result_store if context else None
    storage = store.result_storage if store else None
    if store is None or storage is None or isinstance(storage, LocalFileSystem):
        return
    unreachable: tuple[type[Exception], ...] = (OSError, *aws_errors())
    try:
        await store.awrite(PROBE, key=PROBE)
    except unreachable as error:
        name = getattr(storage, "_block_document_name", None) or type(storage).__name__
        raise SettingsError(
            f"the result store {name} cannot be written ({reason_of(error)}); mend it, or name another in "
            "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK"
        ) from None
