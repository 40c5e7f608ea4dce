"""What became of a film, or why it was not begun."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.bucket import Bucket, refuse
from tests.cli.books import in_books, no_room
from tests.cli.conftest import Greenlight
from tests.cli.sentences.shell import Says
from tests.conftest import SAMPLES, make_sound
from tests.steering import add_fault
from tests.studio.conftest import make_motion

FILM = "greenlight film anna.png --model liveportrait --audio hello.wav"
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture(autouse=True)
def motion(desk: Path) -> None:
    shutil.copyfile(SAMPLES / "wave.mp4", desk / "wave.mp4")


def test_filmed(says: Says) -> None:
    says(
        f"{FILM} --out videos",
        f"{FILM} --out videos",
        f"{FILM} --out anna.mp4 --json",
        f"{FILM} --dry-run",
    )


def test_signed_addresses(says: Says) -> None:
    says(
        "greenlight film 'https://host.example/anna.png?X-Amz-Signature=hidden' --model emo",
        "greenlight film anna.png --model emo --audio 'https://host.example/a.mp3?token=hidden'",
        "greenlight sweep . --model emo --audio https://anna:hidden@host.example/a.mp3",
    )


def test_filmed_with_a_motion(says: Says) -> None:
    says("greenlight film anna.png --model animate-anyone --motion wave.mp4")


def test_rejected(says: Says) -> None:
    says(
        "greenlight film two.jpg --model emo --model wan-s2v --audio hello.wav",
        "greenlight film cat.png --model emo --model liveportrait --audio hello.wav",
        "greenlight film two.jpg --model emo --dry-run",
    )


def test_waiting(says: Says) -> None:
    says(
        "greenlight film anna.png --model emo",
        "greenlight film anna.png --model animate-anyone",
        f"{FILM} --wait 0",
        "greenlight film anna.png --model emo --dry-run",
    )


def test_planned(says: Says, greenlight: Greenlight) -> None:
    greenlight("check", "anna.png", "--model", "emo", "--model", "animate-anyone")
    says(
        f"{FILM} --dry-run",
        "greenlight film anna.png --model emo --audio hello.wav --dry-run",
        "greenlight film anna.png --model animate-anyone --motion wave.mp4 --dry-run",
        "greenlight film anna.png --model animate-anyone --motion AACT.1.abc --dry-run",
    )


def test_over_budget(says: Says) -> None:
    says(
        f"{FILM} --max-cny 0.02",
        f"GREENLIGHT_MAX_CNY_PER_DAY=0.003 {FILM}",
        f"GREENLIGHT_MAX_CNY_PER_DAY=0.02 {FILM}",
        f"GREENLIGHT_MAX_CNY_PER_DAY=0.02 {FILM} --json",
    )


def test_ambiguous(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "drop", "create", when="after")
    says(FILM, FILM)


def test_failed(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "job_fails", "create", code="InternalError", message="The model failed.")
    add_fault(studio, "error", "create", status=400, code="Arrearage", message="Unpaid bills.")
    sound = {"code": "InvalidFile.AudioLengthError", "message": "The audio is too long."}
    add_fault(studio, "error", "create", status=400, **sound)
    says(FILM, FILM, FILM, f"DASHSCOPE_API_KEY=sk-wrong {FILM}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param("InvalidFile.AudioLengthError", "The sound is too long.", id="its input"),
        pytest.param("DataInspectionFailed", "It may be inappropriate.", id="its content"),
        pytest.param("InvalidURL.Timeout", "The download timed out.", id="what it did not get"),
    ],
)
def test_failed_because_of(says: Says, studio: StudioServer, code: str, message: str) -> None:
    add_fault(studio, "job_fails", "create", code=code, message=message)
    says(FILM)


def test_failed_too_often(says: Says, studio: StudioServer, greenlight: Greenlight) -> None:
    add_fault(studio, "job_fails", "create", code="", message="", times=3)
    for _ in range(2):
        greenlight(*FILM.split()[1:])
    says(FILM, FILM)


def test_no_template(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "job_fails", "create", code="InternalError", message="No movement.")
    says("greenlight film anna.png --model animate-anyone --motion wave.mp4")


def test_lost(says: Says, greenlight: Greenlight, desk: Path, settings: Settings) -> None:
    greenlight(*FILM.split()[1:], "--out", "videos")
    shutil.rmtree(desk / "videos")
    greenlight(*FILM.split()[1:], "--wait", 0, "--take", 2)
    with Ledger(settings.ledger_url) as ledger:
        (job,) = ledger.jobs.newest(states=[JobState.SUBMITTED])
        ledger.jobs.expire(job.id, message="the vendor forgets a task after 24 hours")
    says(f"{FILM} --out videos", f"{FILM} --take 2")


def test_a_video_that_is_gone_for_good(
    says: Says, greenlight: Greenlight, desk: Path, studio: StudioServer
) -> None:
    greenlight(*FILM.split()[1:], "--out", "videos")
    shutil.rmtree(desk / "videos")
    studio.turn_clock(25 * 3600)
    says(f"{FILM} --out videos")


def test_a_verdict_that_is_not_booked(
    says: Says, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.paying.payer.BOOKING_SECONDS", 0)
    in_books(settings, *no_room("BEFORE UPDATE OF verdict ON checks"))
    says("greenlight check anna.png --model emo")


def test_accepted_too_late(says: Says, settings: Settings) -> None:
    # As if the job had been released before the answer came, and sent by another process.
    in_books(
        settings,
        "CREATE TRIGGER another_process AFTER INSERT ON jobs WHEN NEW.task_id IS NULL "
        "BEGIN UPDATE jobs SET claim = 'another' WHERE id = NEW.id; END",
    )
    says(FILM)


def test_begun_and_not_booked(
    says: Says, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.paying.payer.BOOKING_SECONDS", 0)
    in_books(settings, *no_room("BEFORE UPDATE OF task_id ON jobs WHEN NEW.task_id IS NOT NULL"))
    says(FILM)


def test_a_copy_that_cannot_be_made(says: Says, greenlight: Greenlight, desk: Path) -> None:
    video = Path(greenlight(*FILM.split()[1:], "--out", "videos", "--json").line["video"])
    (desk / "elsewhere" / video.name).mkdir(parents=True)
    says(f"{FILM} --out elsewhere")


def test_another_video_in_the_place(says: Says, bucket: Bucket) -> None:
    video = bucket.put("videos/anna.mp4", b"another video")
    says(
        f"{FILM} --out {video}",
        f"{FILM} --out {video.replace('videos', 'films')}",
        f"{FILM} --out wave.mp4 --take 2",
        f"{FILM} --out wave.mp4",
    )


def test_a_bucket_that_lets_nobody_put(says: Says, bucket: Bucket) -> None:
    with bucket.meddling("PutObject", refuse):
        says(f"{FILM} --out s3://{bucket.name}/videos/")


def test_no_portrait(says: Says, desk: Path) -> None:
    (desk / "note.jpg").write_text("no picture at all")
    says(
        "greenlight film gone.png --model emo",
        "greenlight film . --model emo",
        "greenlight film note.jpg --model emo --dry-run",
        "greenlight film http://127.0.0.1:1/a.png --model emo",
    )


def test_no_sound(says: Says, desk: Path) -> None:
    make_sound(desk / "long.wav", seconds=61)
    make_sound(desk / "heavy.wav", seconds=5, rate=2_000_000)
    (desk / "note.wav").write_text("no sound at all")
    film = "greenlight film anna.png --dry-run --model emo --audio"
    says(
        f"{film} long.wav",
        f"{film} heavy.wav",
        f"{film} note.wav",
        f"{film} gone.wav",
        f"{film} anna.png",
        f"{film} wave.mp4",
    )


def test_no_motion(says: Says, desk: Path) -> None:
    make_motion(desk / "small.mp4", seconds=2, size=(96, 96))
    make_motion(desk / "long.mp4", seconds=2, size=(200, 800))
    make_motion(desk / "slow.mp4", seconds=2, size=(240, 240), rate=10)
    make_motion(desk / "short.mp4", seconds=1, size=(240, 240))
    (desk / "note.mp4").write_text("no video at all")
    film = "greenlight film anna.png --dry-run --model animate-anyone --motion"
    says(
        f"{film} small.mp4",
        f"{film} long.mp4",
        f"{film} slow.mp4",
        f"{film} short.mp4",
        f"{film} note.mp4",
        f"{film} hello.wav",
        f"{film} anna.png",
    )


def test_no_parameter(says: Says) -> None:
    says(
        f"{FILM} --param calm",
        f"{FILM} --param mood=good",
        f"{FILM} --param head_move_strength=9",
        "greenlight film anna.png --model emo --param style_level=wild",
    )


def test_no_place_for_the_video(says: Says, desk: Path, bucket: Bucket) -> None:
    (desk / "folder.mp4").mkdir()
    says(
        f"{FILM} --out folder.mp4",
        f"{FILM} --out anna.png/videos",
        f"{FILM} --out s3:/videos",
        f"{FILM} --out s3://nowhere-4711/videos/",
    )
