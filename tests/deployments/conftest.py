"""Give the tests of the deployments a Prefect server with its services, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient

from tests.deployments.servers import PrefectServer, on_postgres
from tests.postgresql import PostgresServer


@pytest.fixture(scope="session")
def _server(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectServer]:
    server = PrefectServer(tmp_path_factory.mktemp("server"), **on_postgres(postgres))
    with server.running():
        yield server


@pytest.fixture
def server(_server: PrefectServer) -> PrefectServer:
    """One server for all tests of this process that need one on PostgreSQL."""
    return _server


@pytest.fixture
def prefect(server: PrefectServer) -> Iterator[SyncPrefectClient]:
    """A client of it."""
    with server.client() as client:
        yield client
