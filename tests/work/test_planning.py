"""What a dry run says is what a real run does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenlight.briefs.brief import Brief
from greenlight.filming.collecting import collect
from greenlight.filming.filmer import Filmer
from greenlight.filming.orders import Order, needs_template, order_template, order_video
from greenlight.ledger import Job, Ledger
from greenlight.media.portraits import examine
from greenlight.media.recordings import Motion
from greenlight.modelstudio import catalog
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.transport import Transport
from greenlight.screening.screener import FREE, Screener
from greenlight.studio.server import StudioServer
from greenlight.work.drives import examine_drives
from greenlight.work.planning import Plan, Planner
from greenlight.work.reports import FilmState, report_plan
from tests.conftest import SAMPLES
from tests.steering import paid, received


@dataclass
class Line:
    """The way from a brief to its video, one step at a time."""

    client: ModelStudio
    ledger: Ledger
    out: Path
    sent: list[dict[str, Any]] = field(default_factory=list)
    """The paying requests as they left."""

    async def plan(self, brief: Brief) -> Plan:
        planner = Planner(
            brief=brief,
            subject=await examine(brief.subject),
            drives=await examine_drives(brief),
            service=self.client.service,
            ledger=self.ledger,
        )
        return await planner.plan()

    async def check(self, brief: Brief) -> Decimal:
        family = brief.families()[0]
        screener = Screener(client=self.client, ledger=self.ledger)
        found = await screener.screen(
            await examine(brief.subject),
            family,
            ratio=brief.ratio,
            deployment=brief.deployments.get(family.check.model.id),
        )
        return found.cost_cny

    async def order(self, brief: Brief) -> Job:
        """Order what comes next, the template or the video, and wait for it."""
        family = brief.families()[0]
        portrait, drives = await examine(brief.subject), await examine_drives(brief)
        screening = await Screener(client=self.client, ledger=self.ledger).screen(
            portrait, family, ratio=brief.ratio
        )
        drive = drives.of(family)
        assert drive is not None
        order: Order = order_video(brief, family, portrait, screening.verdict, drive, out=self.out)
        if needs_template(order):  # type: ignore[arg-type]
            assert isinstance(drive, Motion)
            template = order_template(brief, family, drive)
            booked = self.ledger.jobs.find(template.new_job(self.client.service).key)
            if booked is None:
                order = template
            else:
                order = order.model_copy(update={"template_id": booked.template_id})
        filmer = Filmer(client=self.client, ledger=self.ledger, poll_seconds=0.02, lease_seconds=60)
        job, _ = await filmer.submit(
            order.new_job(self.client.service),
            lambda: order.request(self.client, "presigned"),
            starts_per_second=1000,
        )
        return await collect(filmer, job, self.out, wait_seconds=20)


@pytest.fixture
def line(
    client: ModelStudio, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Line:
    made = Line(client, ledger, tmp_path / "videos")
    pay = Transport.pay

    async def noted(self: Transport, request: httpx.Request, **options: Any) -> Answer:
        path = str(request.url).partition("/api/v1")[2]
        body = json.loads(request.content)
        made.sent.append({"method": request.method, "path": path, "body": body})
        return await pay(self, request, **options)

    monkeypatch.setattr(Transport, "pay", noted)
    return made


def without_urls(request: dict[str, Any] | None) -> dict[str, Any]:
    """Return a request with its addresses left out: the one is delivered, the other is not."""
    assert request is not None
    request = json.loads(json.dumps(request))
    media = request["body"]["input"]
    shown = {name: "" if name.endswith("_url") else value for name, value in media.items()}
    return request | {"body": request["body"] | {"input": shown}}


def brief_of(model: str, portrait: Path, sound: Path, **more: Any) -> Brief:
    drive = {"motion": str(SAMPLES / "wave.mp4")} if model == "animate-anyone" else {}
    return Brief(portrait=str(portrait), models=(model,), **({"sound": str(sound)} | drive | more))


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("emo", {"ratio": "3:4", "parameters": {"style_level": "calm"}}),
        ("liveportrait", {"parameters": {"video_fps": 30}}),
        ("wan-s2v", {"parameters": {"resolution": "720P"}}),
        ("animate-anyone", {}),
    ],
)
async def test_every_planned_request_is_the_one_that_is_sent(
    model: str, more: dict[str, Any], line: Line, astronaut: Path, sound: Path
) -> None:
    brief = brief_of(model, astronaut, sound, **more)
    steps = 3 if model == "animate-anyone" else 2
    for step in range(steps):
        planned = (await line.plan(brief)).request
        assert len(line.sent) == step
        await (line.order(brief) if step else line.check(brief))
        assert without_urls(planned) == without_urls(line.sent[step])
    finished = await line.plan(brief)
    assert (finished.request, finished.price_cny) == (None, FREE)
    assert len(line.sent) == steps


@pytest.mark.parametrize(
    ("model", "more", "checks", "video"),
    [
        ("emo", {}, "0.004", "0.16"),
        ("emo", {"ratio": "3:4"}, "0.004", "0.32"),
        ("liveportrait", {}, "0.004", "0.04"),
        ("wan-s2v", {}, "0.004", "1"),
        ("wan-s2v", {"parameters": {"resolution": "720P"}}, "0.004", "1.8"),
    ],
)
async def test_the_price_is_that_of_the_check_and_of_the_sounds_length(
    model: str,
    more: dict[str, Any],
    checks: str,
    video: str,
    line: Line,
    astronaut: Path,
    sound: Path,
    studio: StudioServer,
) -> None:
    plan = await line.plan(brief_of(model, astronaut, sound, **more))
    assert (plan.checks_cny, plan.video_cny) == (Decimal(checks), Decimal(video))
    assert plan.price_cny == Decimal(checks) + Decimal(video)
    assert paid(studio) == {}
    assert received(studio, "policy") == 0


async def test_a_real_run_costs_what_was_planned_at_most(
    line: Line, astronaut: Path, sound: Path, studio: StudioServer
) -> None:
    brief = brief_of("animate-anyone", astronaut, sound)
    planned = (await line.plan(brief)).price_cny
    cost_cny = await line.check(brief)
    for _ in range(2):
        cost_cny += (await line.order(brief)).cost_cny or 0
    # Of the template and of the video a begun second each is planned for as a whole one.
    assert planned - 4 * Decimal("0.08") < cost_cny <= planned


async def test_what_is_known_costs_nothing_again(line: Line, astronaut: Path, sound: Path) -> None:
    brief = brief_of("animate-anyone", astronaut, sound)
    motion = (await examine_drives(brief)).motion
    assert isinstance(motion, Motion)
    template_cny = video_cny = Decimal("0.08") * (math.ceil(motion.seconds) + 1)
    prices = [(await line.plan(brief)).price_cny]
    await line.check(brief)
    prices.append((await line.plan(brief)).price_cny)
    for _ in range(2):
        await line.order(brief)
        prices.append((await line.plan(brief)).price_cny)
    assert prices == [
        Decimal("0.004") + template_cny + video_cny,
        template_cny + video_cny,
        video_cny,
        0,
    ]


async def test_the_template_of_a_motion_serves_another_portrait(
    line: Line, astronaut: Path, sound: Path, tmp_path: Path
) -> None:
    await line.order(brief_of("animate-anyone", astronaut, sound))
    other = tmp_path / "other.png"
    other.write_bytes(astronaut.read_bytes() + b"\0")
    brief = brief_of("animate-anyone", other, sound)
    await line.check(brief)
    request = (await line.plan(brief)).request
    assert request is not None
    request = json.loads(json.dumps(request))
    assert request["body"]["model"] == "animate-anyone-gen2"
    assert request["body"]["input"]["template_id"].startswith("AACT.")


async def test_a_template_that_is_given_is_priced_as_the_longest(
    line: Line, astronaut: Path, sound: Path
) -> None:
    brief = brief_of("animate-anyone", astronaut, sound, motion="AACT.xxx.yyy")
    plan = await line.plan(brief)
    assert plan.video_cny == Decimal("4.88")
    await line.check(brief)
    request = (await line.plan(brief)).request
    assert request is not None
    request = json.loads(json.dumps(request))
    assert request["body"]["input"]["template_id"] == "AACT.xxx.yyy"


async def test_of_several_models_the_dearest_is_planned_for_until_one_is_known_to_pass(
    line: Line, astronaut: Path, sound: Path
) -> None:
    brief = Brief(portrait=str(astronaut), models=("liveportrait", "wan-s2v"), sound=str(sound))
    plan = await line.plan(brief)
    assert (plan.checks_cny, plan.video_cny) == (Decimal("0.008"), Decimal("1"))
    assert plan.request is not None
    assert plan.request["body"]["model"] == "liveportrait-detect"
    await line.check(brief)
    plan = await line.plan(brief)
    assert (plan.checks_cny, plan.video_cny) == (FREE, Decimal("0.04"))
    assert plan.passed


async def test_own_deployments_are_asked_in_the_models_place(
    line: Line, astronaut: Path, sound: Path
) -> None:
    names = {"emo-detect-v1": "my-check", "emo-v1": "my-video"}
    brief = brief_of("emo", astronaut, sound, deployments=names)
    request = (await line.plan(brief)).request
    assert request is not None
    request = json.loads(json.dumps(request))
    assert request["body"]["model"] == "my-check"


async def test_a_refusal_by_preflight_is_planned_as_one(line: Line, sound: Path) -> None:
    plan = await line.plan(brief_of("emo", SAMPLES / "chelsea.png", sound))
    assert (plan.is_refused, plan.price_cny, plan.request) == (True, FREE, None)
    report = report_plan(plan)
    assert report.state is FilmState.REJECTED
    assert report.verdict is not None
    assert report.verdict.by == "preflight"


async def test_a_known_refusal_is_planned_as_one(
    line: Line, sound: Path, studio: StudioServer
) -> None:
    brief = brief_of("animate-anyone", SAMPLES / "made_two.jpg", sound)
    await line.check(brief)
    plan = await line.plan(brief)
    assert (plan.is_refused, plan.price_cny) == (True, FREE)
    assert "two people" in report_plan(plan).message
    assert paid(studio) == {"animate-anyone-detect-gen2": 1}


async def test_a_portrait_without_a_sound_is_planned_to_be_screened_only(
    line: Line, astronaut: Path
) -> None:
    brief = Brief(models=("emo",), portrait=str(astronaut))
    plan = await line.plan(brief)
    assert (plan.price_cny, plan.video_cny) == (Decimal("0.004"), FREE)
    await line.check(brief)
    plan = await line.plan(brief)
    assert (plan.is_refused, plan.request, plan.price_cny) == (False, None, FREE)


async def test_a_plan_shows_no_signature(line: Line, sound: Path, astronaut: Path) -> None:
    from tests.website import serve_website

    with serve_website() as website:
        address = website.put("/anna.png", astronaut.read_bytes())
        brief = brief_of("emo", Path("anna.png"), sound).model_copy(
            update={"portrait": f"{address}?Signature=c0ffee"}
        )
        for _ in range(2):
            report = report_plan(await line.plan(brief))
            assert report.state is FilmState.PLANNED
            assert address in report.model_dump_json()
            assert "c0ffee" not in report.model_dump_json() + repr(report)
            await line.check(brief)


def test_every_family_has_a_price_for_its_defaults() -> None:
    for family in catalog.families().values():
        assert family.price_per_second_cny(family.parameters(), None) > 0
