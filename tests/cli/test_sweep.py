"""`greenlight sweep`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket
from tests.cli.conftest import Greenlight
from tests.conftest import SAMPLES, make_sound
from tests.steering import add_fault, counters, paid

PNG = (SAMPLES / "astronaut.png").read_bytes()
CHECK, VIDEO = "emo-detect-v1", "emo-v1"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a portrait and its sound, one alone, and one that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "anna.png").write_bytes(PNG)
    make_sound(folder / "anna.wav", seconds=1)
    (folder / "bob.png").write_bytes(PNG + b"1")
    (folder / "cleo.png").write_bytes(b"no picture at all")
    return folder


def test_a_dry_run_says_what_there_is_to_do_and_pays_nothing(
    greenlight: Greenlight, photos: Path, studio: StudioServer
) -> None:
    ran = greenlight("sweep", photos, "--model", "emo", "--dry-run")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "Nothing to do for 1 failed.",
        "To check: 2, at most 0.008 CNY.",
        "To film: 0, at most 0 CNY.",
        "To film if they pass: 1, at most 0.16 CNY.",
        "At most 0.168 CNY in all; nothing was paid.",
    ]
    assert greenlight("sweep", photos, "--model", "emo", "--dry-run", "--json").line == {
        "checks": 2,
        "checks_cny": 0.008,
        "films": 0,
        "films_cny": 0.0,
        "films_if_passed": 1,
        "films_if_passed_cny": 0.16,
        "settled": {"failed": 1},
        "price_cny": 0.168,
    }
    only_checks = greenlight("sweep", photos, "--model", "emo", "--dry-run", "--no-film", "--json")
    assert only_checks.line["price_cny"] == 0.008
    assert counters(studio)["requests"] == {}


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("via", "paid_cny"),
    [
        ("here", "Paid by this run: 0.088 CNY, of it 0.08 CNY for videos."),
        ("prefect", "Paid for checks by this run: 0.008 CNY."),
    ],
)
def test_a_sweep_says_how_many_stand_how_and_what_is_wrong(
    greenlight: Greenlight,
    photos: Path,
    tmp_path: Path,
    studio: StudioServer,
    via: str,
    paid_cny: str,
) -> None:
    sweep = ("sweep", photos, "--model", "emo", "--out", tmp_path / "videos", "--wait", 20)
    sweep = (*sweep, "--via", via)
    ran = greenlight(*sweep)
    assert ran.code == 1
    wrong, states, cost = ran.out.splitlines()
    assert wrong.startswith(f"{photos}/cleo.png is not a picture that can be read")
    assert states.startswith(f"3 portraits in {photos}: ")
    assert {"1 failed", "1 filmed", "1 waiting for sound"} == set(
        states.partition(": ")[2].removesuffix(".").split(", ")
    )
    assert cost == paid_cny
    assert len(list((tmp_path / "videos").glob("*.mp4"))) == 1
    (photos / "cleo.png").unlink()
    again = greenlight(*sweep, "--json")
    assert again.code == 0
    assert again.line["known"] == again.line["portraits"] == 2
    assert again.line["cost_cny"] == 0
    assert paid(studio) == {CHECK: 2, VIDEO: 1}


def test_a_bucket_is_swept_into_a_bucket(
    greenlight: Greenlight, bucket: Bucket, studio: StudioServer, tmp_path: Path
) -> None:
    bucket.put("in/陽子 +%41.png", PNG)
    bucket.put("in/陽子 +%41.wav", make_sound(tmp_path / "v.wav", seconds=1).read_bytes())
    sweep = ("sweep", f"s3://{bucket.name}/in/", "--model", "emo", "--json", "--wait", 20)
    ran = greenlight(*sweep, "--out", f"s3://{bucket.name}/out/")
    assert (ran.code, ran.line["states"]) == (0, {"filmed": 1})
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="out/")["Contents"]
    assert sorted(one["Key"].rpartition(".")[2] for one in listed) == ["json", "mp4"]
    inside = greenlight(*sweep, "--out", f"s3://{bucket.name}/in/videos/", "--dry-run")
    assert inside.code == 1
    assert "is within the watched" in inside.err


def test_a_budget_ends_it_with_its_reason(
    greenlight: Greenlight, photos: Path, studio: StudioServer
) -> None:
    ran = greenlight("sweep", photos, "--model", "emo", "--max-cny", "0.004")
    assert ran.code == 1
    assert "Stopped: budget exceeded for this run: " in ran.out
    assert "the next sweep continues from there." in ran.out
    assert paid(studio) == {CHECK: 1}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--needs", "video"), 2, "video is neither sound nor json"),
        (("--model", "emu"), 2, "emu is not a model"),
        (("--max-cny", "-1"), 2, "--max-cny"),
        (("--param", "mood=good"), 1, "parameters: mood is not a parameter of emo"),
        (("--audio", "none.mp3", "--dry-run"), 1, "none.mp3 does not exist"),
        (("--out", "anna.mp4", "--dry-run"), 1, "anna.mp4 is one file"),
    ],
)
def test_wrong_options_are_one_sentence(
    options: tuple[str, ...],
    code: int,
    words: str,
    greenlight: Greenlight,
    photos: Path,
    studio: StudioServer,
) -> None:
    ran = greenlight("sweep", photos, "--model", "emo", *options)
    assert ran.code == code
    assert words in " ".join(ran.err.replace("│", " ").split())
    assert code == 2 or ran.err.count("\n") == 1
    assert counters(studio)["requests"] == {}


def test_no_folder_is_one_sentence(greenlight: Greenlight, tmp_path: Path) -> None:
    ran = greenlight("sweep", tmp_path / "none", "--model", "emo", "--dry-run")
    assert ran.code == 1
    assert ran.err == (
        f"greenlight: {tmp_path}/none is not a folder; give one, or s3://bucket/prefix/.\n"
    )


def test_a_folder_without_portraits_says_so(greenlight: Greenlight, tmp_path: Path) -> None:
    ran = greenlight("sweep", tmp_path, "--model", "emo", "--dry-run")
    assert ran.out == f"There are no portraits in {tmp_path}; nothing was paid.\n"


def outcomes(settings: Settings) -> Counter[str]:
    """Return how many checks of the books ended how."""
    engine = create_engine(settings.ledger_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT outcome FROM checks")).scalars().all()
    engine.dispose()
    return Counter(rows)


def test_a_sweep_that_was_killed_goes_on_where_it_was(
    greenlight: Greenlight,
    tmp_path: Path,
    studio: StudioServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    count = 20
    for number in range(count):
        (photos / f"{number:02}.png").write_bytes(PNG + bytes([number]))
    monkeypatch.setenv("GREENLIGHT_LEASE_SECONDS", "3")
    add_fault(studio, "slow", "check", when="after", times=None, seconds=0.3)
    victim = subprocess.Popen(
        [sys.executable, "-m", "cli", "sweep", str(photos), "--model", "emo"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends_at = time.monotonic() + 100
    while paid(studio).get(CHECK, 0) < 4 and time.monotonic() < ends_at:
        assert victim.poll() is None
        time.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    # The studio may still be answering what the dead process had asked.
    before = paid(studio)[CHECK]
    assert 4 <= before < count

    ran = greenlight("sweep", photos, "--model", "emo", "--json")
    assert (ran.code, ran.line["states"]) == (0, {"waiting_for_sound": count}), ran.line
    books = outcomes(settings)
    assert books["answered"] == count
    # Only what the dead process was asking about may have been paid twice, and the books say so.
    assert paid(studio)[CHECK] <= count + books["uncertain"]
    assert ran.line["known"] >= 1
