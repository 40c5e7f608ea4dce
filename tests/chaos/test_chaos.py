"""A short set of disasters, each over a brief of its own; the long one is a benchmark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.rounds import run_round
from tests.chaos.world import World, world
from tests.postgresql import DURABLE, is_installed, run_server

SHORT = {
    "killed between check and verdict": 101,
    "killed between booking and request": 102,
    "killed between store and close": 103,
    "the answer to the create is dropped": 104,
    "the job fails": 105,
    "the video is cut off": 106,
    "the disk is full": 107,
    "the ledger's clock is wrong": 47,  # by 5 hours, and the answer is lost
    "the ledger's clock is set right meanwhile": 89,  # it was an hour behind, and the answer is lost
    "the ledger's clock goes wrong meanwhile": 30,  # by 5 minutes, and the answer is lost
    "the vendor's clock is wrong": 49,  # by 45 seconds, and the answer is lost
    "the process stands still": 3,  # within the request
    "the machine is suspended": 7,  # between booking and request
    "another account has the same ledger": 1,  # the answer is lost
    "uploads are slower than the lease": 108,
    "the books are locked when an answer comes": 8,  # to a create, and the process dies
    "interrupted while the vendor answers": 5,  # a create
    "told to end while the vendor answers": 2,  # a check
    "a gateway answers in the vendor's place": 17,  # with 404, and the create was accepted
    "the videos go to a store that refuses": 15,  # as OSS does, and the process dies before it closes
}
"""The disasters, with the seeds of rounds that go to the heart of what they can do."""
SHORT_ON_POSTGRESQL = {
    "killed between answer and store": 101,
    "the ledger's clock is set right meanwhile": 89,
    "PostgreSQL restarts when an answer comes": 5,  # to a create
    "the books are locked when an answer comes": 4,  # to a check, and the process lives
}


@pytest.fixture(scope="module")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("chaos")) as here:
        yield here


@pytest.fixture(scope="module")
def postgresql_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Books on a server of their own, which is restarted, and writes to the disk as a real one does."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    with (
        run_server(DURABLE) as server,
        world(tmp_path_factory.mktemp("chaos"), server.make_database(), server) as here,
    ):
        yield here


@pytest.mark.parametrize(("disaster", "seed"), SHORT.items(), ids=SHORT)
def test_one_video_is_paid_and_stored_whatever_happens(
    sqlite_world: World, disaster: str, seed: int
) -> None:
    outcome = run_round(sqlite_world, disaster, seed)
    assert outcome.complaints == []


@pytest.mark.parametrize(("disaster", "seed"), SHORT_ON_POSTGRESQL.items(), ids=SHORT_ON_POSTGRESQL)
def test_the_same_holds_with_the_books_in_postgresql(
    postgresql_world: World, disaster: str, seed: int
) -> None:
    outcome = run_round(postgresql_world, disaster, seed)
    assert outcome.complaints == []
