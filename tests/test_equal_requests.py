"""Many equal requests from several processes at once: one check and one video are paid."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenlight.briefs.brief import Brief
from greenlight.filming.filmer import Filmer
from greenlight.filming.orders import order_video
from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.screening.screener import Screener
from greenlight.studio.server import StudioServer
from greenlight.work.drives import examine_drives
from tests.ledger.processes import in_processes
from tests.postgresql import PostgresServer
from tests.steering import paid

PROCESSES = 4
REQUESTS = 13
"""Of each process."""


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.make_database()


def test_fifty_equal_requests_from_four_processes_pay_once(
    books: str, studio: StudioServer, astronaut: Path, sound: Path
) -> None:
    answers = in_processes(PROCESSES, ask, books, studio.base_url, astronaut, sound)
    tasks = {task_id for answer in answers for task_id in answer}
    assert sum(len(answer) for answer in answers) >= 50
    assert len(tasks - {None}) == 1
    assert paid(studio) == {"emo-detect-v1": 1, "emo-v1": 1}


def ask(books: str, base_url: str, portrait: Path, sound: Path) -> list[str | None]:
    """Ask for the same video several times at once."""
    with Ledger(books) as ledger:
        return asyncio.run(_ask(ledger, base_url, portrait, sound))


async def _ask(ledger: Ledger, base_url: str, portrait: Path, sound: Path) -> list[str | None]:
    family = catalog.family("emo")
    brief = Brief(models=("emo",), portrait=str(portrait), sound=str(sound))
    drives = await examine_drives(brief)
    assert drives.sound is not None
    async with ModelStudio("sk-local", base_url=base_url) as studio:
        screener = Screener(client=studio, ledger=ledger)
        filmer = Filmer(client=studio, ledger=ledger, poll_seconds=0.05, lease_seconds=60)

        async def once() -> str | None:
            found = await examine(str(portrait))
            screening = await screener.screen(found, family)
            order = order_video(
                brief, family, found, screening.verdict, drives.sound or "", out=Path("videos")
            )
            job, _ = await filmer.submit(
                order.new_job(studio.service),
                lambda: order.request(studio, "presigned"),
                starts_per_second=1000,
            )
            return job.task_id

        return list(await asyncio.gather(*(once() for _ in range(REQUESTS))))
