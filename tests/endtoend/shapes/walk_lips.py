"""What a family without a portrait, of a clip and a sound, goes through; run in a copy that has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

import greenlight as core
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.conftest import make_sound
from tests.endtoend.shapes.conftest import PORTRAIT
from tests.steering import add_fault, paid, received
from tests.studio.conftest import make_clip, until

pytestmark = pytest.mark.usefixtures("prefect_server", "settings")

LIPS = ("--model", "lips")


@pytest.fixture
def clip(media: Path) -> Path:
    return media / "speaker.mp4"


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "short.wav", seconds=1.5)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "long.wav", seconds=4)


def test_a_check_asks_nobody_and_refuses_by_the_header(
    greenlight: Greenlight, clip: Path, studio: StudioServer, tmp_path: Path
) -> None:
    ran = greenlight("check", clip, *LIPS, "--json")
    told = (ran.code, ran.line["clip"], ran.line["passed"], ran.line["by"], ran.line["cost_cny"])
    assert told == (0, str(clip), True, "unchecked", 0)
    small = make_clip(tmp_path / "small.mp4", PORTRAIT, seconds=1, edge=200)
    refused = greenlight("check", small, *LIPS, "--json").line
    assert (refused["by"], refused["code"]) == ("preflight", "InvalidFile.Resolution")
    assert refused["reason"].startswith(
        "the clip is 200x200 px; use one whose edges are 240 to 2048 px"
    )
    assert paid(studio) == {}
    assert received(studio, "check") == 0


def test_each_model_says_of_the_other_kind_what_to_use(
    greenlight: Greenlight, clip: Path, studio: StudioServer
) -> None:
    both = (*LIPS, "--model", "wan-s2v")
    lines = {line["model"]: line for line in greenlight("check", clip, *both, "--json").lines}
    assert lines["lips"]["passed"]
    assert "is a video; use a JPEG, PNG" in lines["wan-s2v"]["error"]["message"]
    assert "a model that films a clip: lips" in lines["wan-s2v"]["error"]["message"]
    ran = greenlight("film", PORTRAIT, *LIPS)
    assert ran.code == 1
    assert "astronaut.png is not a video; use an mp4, mov or avi, or a model that" in ran.err
    assert "films a portrait: wan-s2v" in ran.err
    ran = greenlight("film", clip, *both)
    assert ran.code == 1
    assert "wan-s2v films a portrait and lips a clip; choose models that film the same" in ran.err
    assert paid(studio) == {}
    assert received(studio, "check") == 0


def test_a_plan_is_as_long_as_the_shorter(
    greenlight: Greenlight, clip: Path, short: Path, long: Path
) -> None:
    prices = []
    for sound in (short, long):
        planned = greenlight("film", clip, *LIPS, "--audio", sound, "--dry-run", "--json").line
        body = planned["request"]["body"]
        assert (body["model"], set(body["input"])) == ("lips-1", {"video_url", "audio_url"})
        prices.append(planned["price_cny"])
    assert prices == pytest.approx([(2 + 1) * 0.08, (3 + 1) * 0.08])


async def test_it_is_filmed_and_paid_once_and_shown_by_a_frame(
    greenlight: Greenlight,
    clip: Path,
    long: Path,
    bucket: Bucket,
    studio: StudioServer,
    tmp_path: Path,
) -> None:
    out = f"s3://{bucket.name}/videos/"
    waiting = await core.film(str(clip), models=("lips",), out=out)
    assert waiting.message == "lips passed the clip; the video needs a sound"
    asked = (*LIPS, "--audio", long, "--out", out, "--via", "prefect", "--json")
    first = greenlight("film", clip, *asked).line
    again = await core.film(clip=str(clip), sound=str(long), models=("lips",), out=out)
    told = first["state"], first["verdict"]["by"], first["seconds"]
    assert told == ("filmed", "unchecked", 2.4)
    assert (again.state, again.cost_cny, again.video) == ("filmed", 0, first["video"])
    assert paid(studio) == {"lips-1": 1}
    assert first["cost_cny"] == pytest.approx(2.4 * 0.08)
    expect_film_of(clip, first["video"], bucket, tmp_path)
    assert "speaker.mp4" in greenlight("jobs").out
    assert_shown_in_prefect("speaker.mp4 · lips")
    assert_shown_by_the_studio(studio)
    page = tmp_path / "report.html"
    assert "The report on 1 portrait is" in greenlight("report", "--out", page).out
    cards = re.findall(r"<article.*?</article>", page.read_text(), re.DOTALL)
    (card,) = (one for one in cards if "speaker.mp4" in one)
    assert "data:image/jpeg;base64," in card
    assert "filmed" in card


def expect_film_of(clip: Path, video: str, bucket: Bucket, folder: Path) -> None:
    """See that a video shows the clip's own frames, and that the JSON beside it says so."""
    key = video.removeprefix(f"s3://{bucket.name}/")
    assert key.startswith("videos/speaker-lips-")
    bucket.client.download_file(bucket.name, key, str(folder / "video.mp4"))
    bucket.client.download_file(bucket.name, f"{key[:-4]}.json", str(folder / "video.json"))
    shown, made = last_frame(clip), last_frame(folder / "video.mp4")
    assert shown.shape == made.shape
    assert np.abs(shown.astype(int) - made).mean() < 6
    told = json.loads((folder / "video.json").read_text())
    assert (told["clip"], told["clip_seconds"], told["sound_seconds"]) == (str(clip), 2.4, 4.0)
    assert told["clip_identity"].startswith("sha256-")
    assert "portrait" not in told


def last_frame(video: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with av.open(str(video)) as container:
        *_, last = container.decode(video=0)
        return last.to_ndarray(format="rgb24").astype(np.uint8)


def assert_shown_in_prefect(run_name: str) -> None:
    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(any_=[run_name]))
        (run,) = client.read_flow_runs(flow_run_filter=named)
        artifacts = client.read_artifacts(flow_run_filter=named)
    (page,) = (str(one.data) for one in artifacts if one.type == "markdown")
    assert run.state_name == "Filmed"
    assert "data:image/jpeg;base64," in page
    assert "| Clip |" in page


def assert_shown_by_the_studio(studio: StudioServer) -> None:
    page = httpx.get(f"{studio.url}/", verify=False).text
    (poster,) = set(re.findall(r'poster="([^"]+)"', page))
    jpeg = httpx.get(f"{studio.url}{poster}", verify=False)
    assert jpeg.headers["content-type"] == "image/jpeg"


def test_a_lost_answer_is_found_again_by_the_length_of_the_shorter(
    greenlight: Greenlight,
    clip: Path,
    long: Path,
    studio: StudioServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_EXCLUSIVE_ACCOUNT", "on")
    add_fault(studio, "drop", "create", when="after")
    asked = ("film", clip, *LIPS, "--audio", long, "--out", tmp_path / "videos", "--json")
    assert greenlight(*asked).line["state"] == "ambiguous"

    def adopted() -> bool:
        return greenlight("reconcile", "--json").line["outcome"] == "adopted"

    until(adopted)
    assert greenlight(*asked).line["state"] == "filmed"
    assert paid(studio) == {"lips-1": 1}


def test_who_is_refused_by_the_video_model_is_rejected_at_no_cost(
    greenlight: Greenlight, media: Path, short: Path, tmp_path: Path
) -> None:
    asked = ("film", media / "pair.mp4", *LIPS, "--audio", short, "--json")
    for _ in range(2):
        ran = greenlight(*asked, "--out", tmp_path / "videos")
        told = (ran.code, ran.line["state"], ran.line["cost_cny"], ran.line["verdict"]["by"])
        assert told == (0, "rejected", 0, "vendor")
        assert ran.line["verdict"]["code"] == "InvalidVideo.NoHuman"
