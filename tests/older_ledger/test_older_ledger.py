"""A ledger that older code has written is opened: all in it is known, and nothing is paid again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from greenlight.briefs.brief import Brief
from greenlight.filming.orders import Order
from greenlight.media.portraits import examine
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.services import Services, connect
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from greenlight.work import Case, Check, Film, MakeTemplate, next_step
from greenlight.work.drives import examine_drives
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.older_ledger import keeping
from tests.older_ledger.wanted import (
    MOTION,
    PASSES,
    SPEECH,
    TONE,
    TRIES,
    fill_bucket,
    lay_out,
    options_of,
)
from tests.steering import paid, received

FAMILIES = ("emo", "liveportrait", "wan-s2v", "animate-anyone")


@dataclass(frozen=True)
class Kept:
    """The copy of the kept ledger that this test opens, and what is in it."""

    path: Path
    told: dict[str, Any]

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The checks that were answered."""
        return [check for check in self.told["checks"] if check["verdict"]]

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        return [check["verdict"] for check in self.checks]

    @property
    def lost(self) -> dict[str, Any]:
        """The check whose answer was lost."""
        (check,) = [check for check in self.told["checks"] if not check["verdict"]]
        return dict(check)

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        return {job["job"]: job for job in self.told["jobs"]}

    def films(self, *, offered: bool) -> list[dict[str, Any]]:
        return [film for film in self.told["films"] if film["is_offered"] is offered]

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture
def kept(
    settings: Settings, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Kept:
    """The kept ledger in this test's home, as one of this test's studio, folder and bucket."""
    folder = tmp_path / "portraits"
    lay_out(folder)
    monkeypatch.chdir(folder)
    fill_bucket(bucket.client, bucket.name)
    moves = {
        keeping.SERVICE: settings.service,
        keeping.FOLDER: str(folder),
        keeping.BUCKET: f"s3://{bucket.name}/",
    }
    ledger = settings.home / "ledger.db"
    keeping.unpack(ledger, moves)
    return Kept(ledger, keeping.contents(moves))


def test_it_holds_every_state_of_every_model(kept: Kept) -> None:
    held = {(job["model"], job["state"]) for job in kept.jobs.values()}
    models = ("emo-v1", "liveportrait", "wan2.2-s2v", "animate-anyone-gen2")
    states = {"succeeded", "submitted", "ambiguous", "failed", "expired"}
    for model in (*models, "animate-anyone-template-gen2"):
        assert {state for one, state in held if one == model} == states
    assert {film["key"] for film in kept.told["films"]} <= set(kept.jobs)
    told = {(one["model"], one["passed"], one["code"] != "") for one in kept.verdicts}
    assert told == set(product(FAMILIES, [False], [False, True])) | set(
        product(FAMILIES, [True], [False])
    )


def test_every_verdict_is_known_and_no_check_is_asked_again(
    kept: Kept, greenlight: Greenlight, studio: StudioServer
) -> None:
    for check in kept.checks:
        line = greenlight("check", *options_of(check["brief"]), "--json").line
        assert line["cached"], check
        assert {name: line[name] for name in check["verdict"]} == check["verdict"]
    assert received(studio, "check") == 0


def test_only_the_check_whose_answer_was_lost_is_asked_again_and_under_its_key(
    kept: Kept, greenlight: Greenlight, studio: StudioServer
) -> None:
    asked = options_of(kept.lost["brief"])
    assert greenlight("check", *asked, "--json").line["error"] is None
    assert greenlight("check", *asked, "--json").line["cached"]
    assert paid(studio) == {"liveportrait-detect": 1}
    outcomes = "SELECT outcome FROM checks WHERE key = ? ORDER BY id"
    assert kept.rows(outcomes, kept.lost["key"]) == [("uncertain",)] * TRIES + [("answered",)]


def test_every_job_is_listed_as_it_was(kept: Kept, greenlight: Greenlight) -> None:
    listed = greenlight("jobs", "--limit", 1000, "--json").lines
    found = {line["job"]: {name: line[name] for name in kept.told["jobs"][0]} for line in listed}
    assert found == kept.jobs


def test_a_plan_offers_what_may_be_ordered_again_and_nothing_else(
    kept: Kept, greenlight: Greenlight, studio: StudioServer
) -> None:
    def planned(film: dict[str, Any]) -> Any:
        plan = greenlight("film", *options_of(film["brief"]), "--dry-run", "--json").line
        return (plan["request"] or {"body": {"model": None}})["body"]["model"]

    for film in kept.films(offered=True):
        assert planned(film) == kept.jobs[film["key"]]["model"], film
    for film in kept.films(offered=False):
        job = kept.jobs[film["key"]]
        # Where a template is all that there is, its video is still to be made.
        expected = {None, "animate-anyone-gen2"} if job["kind"] == "template" else {None}
        assert planned(film) in expected, film
    assert received(studio, "check") == received(studio, "create") == 0


def test_what_is_submitted_again_is_what_may_be_and_the_others_are_found_by_their_keys(
    kept: Kept, settings: Settings, studio: StudioServer
) -> None:
    async def submit_all(films: list[dict[str, Any]]) -> None:
        async with connect(settings) as services:
            for film in films:
                await submit(services, film, kept.jobs[film["key"]]["kind"])

    known, offered = kept.films(offered=False), kept.films(offered=True)
    asyncio.run(submit_all(known))
    assert received(studio, "create") == 0
    asyncio.run(submit_all(offered))
    assert received(studio, "create") == len(offered) > 0
    assert received(studio, "check") == 0
    assert kept.rows("SELECT count(*) FROM jobs") == [(len(kept.jobs),)]


async def submit(services: Services, film: dict[str, Any], kind: str) -> None:
    """Order a film as every run does, and see that its job is the one that is kept."""
    brief = Brief(**film["brief"])
    case = Case(brief, await examine(brief.subject), await examine_drives(brief), "videos")
    order = await order_of(services, case, kind)
    new = order.new_job(services.client.service)
    assert new.key == film["key"], brief
    before = services.ledger.jobs.find(new.key)
    # The studio of this test knows no template of before, and says so.
    with suppress(ModelStudioError):
        job, was_sent = await services.filmer.submit(
            new, lambda: order.request(services.client, "presigned"), starts_per_second=1000
        )
        assert was_sent is film["is_offered"], brief
        assert was_sent or job == before


async def order_of(services: Services, case: Case, kind: str) -> Order:
    """Return the order that comes next by what is in the ledger, of a video or of its template."""
    while True:
        match next_step(case):
            case Check(question):
                found = await services.screener.find(
                    case.subject,
                    question.family,
                    ratio=question.ratio,
                    deployment=question.deployment,
                )
                assert found is not None, case.brief
                case.verdicts[question.family.name] = found.verdict
            case MakeTemplate(order) if kind == "video":
                made = services.ledger.jobs.find(order.new_job(services.client.service).key)
                assert made is not None, case.brief
                case.template_id = made.template_id
            case MakeTemplate(order) | Film(order):
                return order


SWEEPS = (
    ("emo", "--audio", TONE),
    ("emo", "--audio", TONE, "--ratio", "3:4"),
    ("emo", "--audio", SPEECH, "--param", "style_level=calm"),
    ("liveportrait", "--audio", TONE),
    ("wan-s2v", "--audio", TONE),
    ("wan-s2v", "--audio", TONE, "--param", "resolution=720P"),
    ("animate-anyone", "--motion", MOTION),
)


def test_a_sweep_has_nothing_to_pay(kept: Kept, greenlight: Greenlight, tmp_path: Path) -> None:
    swept = tmp_path / "swept"
    swept.mkdir()
    (swept / PASSES).symlink_to(tmp_path / "portraits" / PASSES)
    out = ("--out", tmp_path / "videos")
    for model, *options in SWEEPS:
        sweep = ("sweep", swept, "--model", model, *options, *out)
        forecast = greenlight(*sweep, "--dry-run", "--json").line
        assert (forecast["checks"], forecast["films"]) == (0, 0), model
        assert sum(forecast["settled"].values()) == 1
    assert kept.rows("SELECT count(*) FROM jobs") == [(len(kept.jobs),)]
