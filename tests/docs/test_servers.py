"""A server that is deployed to is started so that it loses no slot, and films do not wait long for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, GOES_ON_IN, Block, blocks_of
from tests.surroundings import LEASES

WANTED = {
    f"export PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE={LEASES}",
    "export PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS=5",
}
DEPLOYS = ("greenlight serve", "prefect --no-prompt deploy")


def starts_a_server(block: Block) -> bool:
    return any(line.startswith("prefect server start") for line in block.text.splitlines())


def deploys(document: Path) -> bool:
    lines = [line for block in blocks_of(document) for line in block.text.splitlines()]
    return any(line.startswith(DEPLOYS) for line in lines)


DEPLOYING = [
    document for document in DOCUMENTS if deploys(document) and document not in GOES_ON_IN.values()
]


@pytest.mark.parametrize("document", DEPLOYING, ids=lambda one: one.stem)
def test_the_server_of_a_deployment_keeps_slots_and_looks_for_free_ones_soon(
    document: Path,
) -> None:
    servers = [block for block in blocks_of(document) if starts_a_server(block)]
    assert servers
    for server in servers:
        assert set(server.text.splitlines()) >= WANTED, server


def test_the_pages_that_deploy_are_known() -> None:
    assert {one.stem for one in DEPLOYING} == {"deploy", "more-machines", "schedules"}
