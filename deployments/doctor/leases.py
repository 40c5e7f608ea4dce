"""Say whether the Prefect server still knows after a restart which run holds which slot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient

from deployments.doctor.server import SUBJECT
from greenlight.doctor.findings import Finding, warning

IN_MEMORY: Final = "prefect.server.concurrency.lease_storage.memory"
IN_FILES: Final = "prefect.server.concurrency.lease_storage.filesystem"


def examine_leases(client: SyncPrefectClient) -> Iterator[Finding]:
    """Yield a warning where a restart would let slots be held for ever, if the server tells it.

    One collection runs at a time, so it would be the last.
    """
    if _lease_storage(client) == IN_MEMORY:
        yield warning(
            SUBJECT,
            "it keeps in memory which run holds a slot, so those that are held when it ends are never free "
            "again, and no collection begins any more",
            f"start it with PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE={IN_FILES}",
        )


def _lease_storage(client: SyncPrefectClient) -> object:
    """Return the module's name; nothing where it is not told, as Prefect Cloud does not."""
    try:
        told: Any = client.request("GET", "/admin/settings").json()
        return told["server"]["concurrency"]["lease_storage"]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return None
