"""See that a flow run's results can be kept, before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.context import FlowRunContext
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore

from greenlight.aws.errors import reason_of
from greenlight.errors import SettingsError

PROBE = "greenlight-reachable"
"""What is written into a result store, and read back, to see whether it keeps anything."""


async def require_result_store() -> None:
    """Raise a `SettingsError` if this run's result store does not take results, or not give them back.

    To Prefect a store that cannot be reached is one without results: every cached verdict would be a miss,
    without a word. A folder of this machine is not tried.
    """
    store = _store()
    storage = store.result_storage if store else None
    if store is None or storage is None or isinstance(storage, LocalFileSystem):
        return
    name = getattr(storage, "_block_document_name", None) or type(storage).__name__
    # Like a task's results: the metadata beside the content, and nothing given back from memory.
    as_of_tasks = {"metadata_storage": None, "cache_result_in_memory": False}
    probing = store.model_copy(update=as_of_tasks)
    with _expect(name, "written"):
        await probing.awrite(PROBE, key=PROBE)
    with _expect(name, "read"):
        await probing.aread(PROBE)


def place_of_results() -> str | None:
    """Return where this run's results lie in S3, as s3://bucket/folder; `None` where they lie elsewhere."""
    store = _store()
    storage = store.result_storage if store else None
    bucket = getattr(storage, "bucket_name", None)
    return f"s3://{bucket}/{getattr(storage, 'bucket_folder', '')}" if bucket else None


def _store() -> ResultStore | None:
    context = FlowRunContext.get()
    return context.result_store if context else None


@contextmanager
def _expect(store: str, done: str) -> Iterator[None]:
    """Raise a `SettingsError` if something cannot be done with a store."""
    try:
        yield
    # Each kind of store has its own errors, and so has unpacking.
    except Exception as error:  # noqa: BLE001 - to Prefect all of them are a miss
        raise SettingsError(
            f"the result store {store} cannot be {done} ({reason_of(error)})",
            "repair it, or name another in PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
        ) from None
