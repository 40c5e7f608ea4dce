"""Nobody pays twice for the same check."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from greenlight.ledger import Ledger
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AnswerLost, AuthenticationError, Throttled
from greenlight.modelstudio.family import Verdict
from greenlight.screening.screener import Screener, Screening
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import SECRET, Bucket
from tests.conftest import SAMPLES
from tests.screening.conftest import screen
from tests.steering import add_fault, paid, received
from tests.website import Website

EMO = catalog.family("emo")
ANIMATE = catalog.family("animate-anyone")


async def test_a_check_is_paid_and_booked(
    screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    found = await screen(screener, astronaut)
    assert (found.verdict.passed, found.verdict.by, found.cached) == (True, "vendor", False)
    assert found.cost_cny == Decimal("0.004")
    assert paid(studio) == {"emo-detect-v1": 1}


@pytest.mark.parametrize("model", list(catalog.families()))
async def test_a_second_check_is_free_and_gives_the_same_verdict(
    model: str, screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    first = await screen(screener, astronaut, model)
    second = await screen(screener, astronaut, model)
    assert second == Screening(first.verdict, cached=True, cost_cny=Decimal(0))
    assert type(second.verdict) is catalog.family(model).verdict
    assert paid(studio) == {catalog.family(model).check.model.id: 1}


async def test_a_refusal_is_not_paid_twice_either(screener: Screener, studio: StudioServer) -> None:
    for cached in (False, True):
        found = await screen(screener, SAMPLES / "made_two.jpg", "animate-anyone")
        assert (found.verdict.passed, found.cached) == (False, cached)
        assert "two people" in found.verdict.reason
    assert paid(studio) == {"animate-anyone-detect-gen2": 1}


async def test_a_copy_under_another_name_and_in_another_place_is_free(
    screener: Screener,
    astronaut: Path,
    website: Website,
    bucket: Bucket,
    tmp_path: Path,
    studio: StudioServer,
) -> None:
    content = astronaut.read_bytes()
    copy = tmp_path / "another name.png"
    copy.write_bytes(content)
    places: list[Path | str] = [
        copy,
        website.put("/anna.png", content),
        bucket.put("anna.png", content, ChecksumAlgorithm="SHA256"),
    ]
    await screen(screener, astronaut)
    assert [(await screen(screener, place)).cached for place in places] == [True, True, True]
    assert paid(studio) == {"emo-detect-v1": 1}


async def test_an_object_is_presigned_anew_and_checked_once(
    screener: Screener, bucket: Bucket, astronaut: Path, studio: StudioServer
) -> None:
    place = bucket.put("人像/anna +1%.png", astronaut.read_bytes())
    first = await screen(screener, place)
    again = bucket.put("人像/anna +1%.png", astronaut.read_bytes())
    assert (await screen(screener, again)).verdict == first.verdict
    assert paid(studio) == {"emo-detect-v1": 1}
    assert received(studio, "upload") == 0


async def test_a_new_signature_of_the_same_address_is_free(
    screener: Screener, website: Website, astronaut: Path, studio: StudioServer
) -> None:
    address = website.put("/anna.png", astronaut.read_bytes())
    await screen(screener, f"{address}?signature=first")
    assert (await screen(screener, f"{address}?signature=second")).cached
    assert paid(studio) == {"emo-detect-v1": 1}


async def test_another_ratio_another_deployment_and_another_picture_are_paid(
    ledger: Ledger, astronaut: Path, tmp_path: Path
) -> None:
    settings = StudioSettings(home=tmp_path / "own", deployments={"my-emo": "emo-detect-v1"})
    portrait = await examine(str(astronaut))
    changed = tmp_path / "changed.png"
    changed.write_bytes(astronaut.read_bytes() + b"\0")
    with StudioServer(settings) as studio:
        async with ModelStudio("sk-local", base_url=studio.base_url) as client:
            screener = Screener(client=client, ledger=ledger)
            found = [
                await screener.screen(portrait, EMO),
                await screener.screen(portrait, EMO, ratio="3:4"),
                await screener.screen(portrait, EMO, deployment="my-emo"),
                await screen(screener, changed),
                await screener.screen(portrait, EMO, ratio="1:1"),
            ]
        assert [one.cached for one in found] == [False, False, False, False, True]
        assert paid(studio) == {"emo-detect-v1": 3, "my-emo": 1}


async def test_another_service_is_paid(
    screener: Screener, ledger: Ledger, astronaut: Path, studio: StudioServer, tmp_path: Path
) -> None:
    await screen(screener, astronaut)
    with StudioServer(StudioSettings(home=tmp_path / "elsewhere")) as elsewhere:
        async with ModelStudio("sk-local", base_url=elsewhere.base_url) as client:
            found = await screen(Screener(client=client, ledger=ledger), astronaut)
        assert not found.cached
        assert paid(elsewhere) == {"emo-detect-v1": 1}
    assert paid(studio) == {"emo-detect-v1": 1}


async def test_another_workspace_is_paid(
    screener: Screener, ledger: Ledger, astronaut: Path, studio: StudioServer
) -> None:
    await screen(screener, astronaut)
    async with ModelStudio("sk-local", base_url=studio.base_url, workspace="ws-2") as client:
        assert not (await screen(Screener(client=client, ledger=ledger), astronaut)).cached


async def test_fresh_pays_on_purpose_and_the_newer_verdict_counts(
    screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    portrait = await examine(str(astronaut))
    first = await screener.screen(portrait, EMO)
    fresh = await screener.screen(portrait, EMO, fresh=True)
    assert (fresh.cached, fresh.cost_cny) == (False, Decimal("0.004"))
    assert fresh.verdict.request_id != first.verdict.request_id
    assert (await screener.screen(portrait, EMO)).verdict == fresh.verdict
    assert paid(studio) == {"emo-detect-v1": 2}


async def test_a_preflight_refusal_pays_and_uploads_nothing(
    screener: Screener, studio: StudioServer
) -> None:
    found = await screen(screener, SAMPLES / "chelsea.png")
    assert (found.verdict.passed, found.verdict.by) == (False, "preflight")
    assert (found.cached, found.cost_cny) == (False, Decimal(0))
    assert received(studio, "check") == received(studio, "policy") == 0


async def test_what_needs_no_check_is_found_without_asking_anybody(
    screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    portrait = await examine(str(astronaut))
    assert await screener.find(portrait, EMO) is None
    first = await screener.screen(portrait, EMO)
    assert await screener.find(portrait, EMO) == replace(first, cached=True, cost_cny=Decimal(0))
    assert await screener.find(portrait, EMO, ratio="3:4") is None
    by_header = await screener.find(await examine(str(SAMPLES / "chelsea.png")), EMO)
    assert by_header is not None
    assert by_header.verdict.by == "preflight"
    assert received(studio, "check") == 1


@pytest.mark.parametrize("callers", [2, 8])
async def test_of_several_at_once_one_pays_and_all_get_the_verdict(
    callers: int, screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    found = await asyncio.gather(*(screen(screener, astronaut) for _ in range(callers)))
    assert len({one.verdict.request_id for one in found}) == 1
    assert [one.cached for one in found].count(False) == 1
    assert sum(one.cost_cny for one in found) == Decimal("0.004")
    assert received(studio, "check") == 1


async def test_of_several_at_once_the_next_pays_when_the_first_fails(
    screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    add_fault(studio, "error", "check", status=500, when="before")
    found = await asyncio.gather(
        *(screen(screener, astronaut) for _ in range(3)), return_exceptions=True
    )
    assert [isinstance(one, Screening) for one in found].count(True) == 2
    assert paid(studio) == {"emo-detect-v1": 1}


IN_A_NEW_PROCESS = """
import asyncio, json, sys
from greenlight.ledger import Ledger
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.media.portraits import examine
from greenlight.screening.screener import Screener

async def main(portrait, base_url, books):
    with Ledger(books) as ledger:
        async with ModelStudio("sk-local", base_url=base_url) as studio:
            screener = Screener(client=studio, ledger=ledger)
            found = await screener.screen(await examine(portrait), catalog.family("emo"))
    print(json.dumps([found.cached, float(found.cost_cny), found.verdict.model_dump_json()]))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_new_process_pays_nothing_for_what_this_one_paid(
    screener: Screener, astronaut: Path, studio: StudioServer, tmp_path: Path
) -> None:
    here = await screen(screener, astronaut)
    books = f"sqlite:///{tmp_path / 'ledger.db'}"
    asked = [sys.executable, "-c", IN_A_NEW_PROCESS, str(astronaut), studio.base_url, books]
    answer = await asyncio.to_thread(subprocess.check_output, asked, text=True, timeout=60)
    assert json.loads(answer) == [True, 0.0, here.verdict.model_dump_json()]
    assert paid(studio) == {"emo-detect-v1": 1}


@pytest.mark.parametrize("shape", [1, 2, 3, 4, 5])
async def test_a_refusal_of_every_shape_is_booked(
    shape: int, screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    words = {"code": "InvalidFile.NoHuman", "message": "No human face detected."}
    add_fault(studio, "refusal", "check", shape=shape, **words)
    first = await screen(screener, astronaut)
    assert not first.verdict.passed
    again = await screen(screener, astronaut)
    assert (again.verdict.model_dump(), again.cached) == (first.verdict.model_dump(), True)
    assert received(studio, "check") == 1
    # The vendor charges for an HTTP 200 only: shapes four and five are answered with 400.
    assert first.cost_cny == (Decimal("0.004") if shape < 4 else 0)


async def test_a_lost_answer_is_told_and_the_next_try_pays_again(
    screener: Screener, astronaut: Path, studio: StudioServer
) -> None:
    add_fault(studio, "drop", "check", when="after")
    with pytest.raises(AnswerLost) as caught:
        await screen(screener, astronaut)
    assert (caught.value.retryable, caught.value.may_have_cost) == (True, True)
    assert not (await screen(screener, astronaut)).cached
    assert paid(studio) == {"emo-detect-v1": 2}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"fault": "throttle", "retry_after": "0"}, Throttled),
        ({"fault": "error", "status": 401, "code": "InvalidApiKey"}, AuthenticationError),
    ],
)
async def test_an_error_is_never_booked_as_a_verdict(
    fault: dict[str, object],
    error: type[Exception],
    screener: Screener,
    astronaut: Path,
    studio: StudioServer,
) -> None:
    add_fault(studio, on="check", **fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        await screen(screener, astronaut)
    assert paid(studio) == {}
    assert not (await screen(screener, astronaut)).cached


async def test_neither_the_key_nor_a_signature_gets_into_the_books(
    ledger: Ledger,
    website: Website,
    bucket: Bucket,
    astronaut: Path,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    address = website.put("/anna.png", astronaut.read_bytes()) + "?Signature=c0ffee"
    other = bucket.put("other.png", astronaut.read_bytes() + b"\0")
    async with ModelStudio("sk-local", base_url=studio.base_url) as client:
        screener = Screener(client=client, ledger=ledger)
        for place in (address, other):
            verdict: Verdict = (await screen(screener, place)).verdict
            assert verdict.passed
    books = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.db*"))
    assert b"/anna.png" in books
    assert b"other.png" in books
    for secret in ("sk-local", "c0ffee", "X-Amz", SECRET):
        assert secret.encode() not in books
