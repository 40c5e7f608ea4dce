"""A short set of disasters, each over a brief of its own; the long one is a benchmark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.rounds import DISASTERS, World, run_round, world
from tests.postgresql import PostgresServer

SHORT = [
    "between check and verdict",
    "between reserve and request",
    "between sent_at and request",
    "between answer and store",
    "between poll and download",
    "between download and store",
    "between store and close",
    "the answer to the check is dropped",
    "the answer to the create is dropped",
    "the create answers 500 and was not",
    "the job fails",
    "the video is cut off",
    "killed between request and answer",
    "the studio goes away",
    "the disk is full",
    "the database is locked",
]


@pytest.fixture(scope="module")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("chaos")) as here:
        yield here


@pytest.mark.parametrize("disaster", SHORT)
def test_one_video_is_paid_and_stored_whatever_happens(sqlite_world: World, disaster: str) -> None:
    outcome = run_round(sqlite_world, disaster, seed=DISASTERS.index(disaster))
    assert outcome.complaints == []


@pytest.mark.parametrize(
    "disaster",
    ["between answer and store", "between store and close", "the answer to the create is dropped"],
)
def test_the_same_holds_with_the_books_in_postgresql(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory, disaster: str
) -> None:
    with world(tmp_path_factory.mktemp("chaos"), postgres.make_database()) as here:
        outcome = run_round(here, disaster, seed=DISASTERS.index(disaster))
    assert outcome.complaints == []
