"""Answers of the service that fit no known shape: never a pass, a task or a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer
from tests.cli.books import ambiguous, submitted
from tests.cli.sentences.shell import Says
from tests.cli.sentences.test_open_jobs import begin
from tests.cli.test_collect import UNKNOWN_TASK
from tests.steering import add_fault
from tests.website import Website

ID = {"request_id": UNKNOWN_TASK}
BOXES = {"face_bbox": [172, 67, 277, 172], "ext_bbox": [120, 15, 330, 225]}
PASSED = {"check_pass": True}
MOST_BYTES = 1024 * 1024
POLICY = {
    "upload_host": "http://127.0.0.1:1",
    "upload_dir": "dashscope-instant",
    "oss_access_key_id": "id",
    "signature": "signature",
    "policy": "policy",
    "x_oss_object_acl": "private",
    "x_oss_forbid_overwrite": "true",
}
FILM = "greenlight film anna.png --model liveportrait --audio hello.wav"


def answer(studio: StudioServer, on: str, body: Any, **particulars: Any) -> None:
    """Let the next request of a kind be answered with this, its identity with it."""
    told = body | ID if isinstance(body, dict) else body
    add_fault(studio, "answer", on, body=told, **particulars)


@pytest.mark.usefixtures("settings")
def test_no_verdicts(says: Says, studio: StudioServer) -> None:
    outputs = {
        "emo": (
            {},
            {"check_pass": "yes"},
            PASSED | {"code": "InvalidFile.NoHuman"},
            PASSED,
            PASSED | BOXES | {"face_bbox": [172, 67, 900, 172]},
            PASSED | BOXES | {"ext_bbox": [120, 15, 330, 100]},
        ),
        "animate-anyone": (PASSED | {"bodystyle": "quarter"},),
        "wan-s2v": (PASSED | {"humanoid": "perhaps"},),
    }
    for output in outputs["emo"]:
        answer(studio, "check", {"output": output}, model="emo-detect-v1")
    for model in ("animate-anyone-detect-gen2", "wan2.2-s2v-detect"):
        (output,) = outputs[model.partition("-detect")[0].replace("wan2.2", "wan")]
        answer(studio, "check", {"output": output}, model=model)
    says(
        *(
            f"greenlight check anna.png --model {model}"
            for model, told in outputs.items()
            for _ in told
        )
    )


@pytest.mark.usefixtures("settings")
def test_no_answers(says: Says, studio: StudioServer) -> None:
    answer(studio, "check", ["passed"])
    answer(studio, "check", {"output": "passed"})
    answer(studio, "check", {"output": PASSED | BOXES}, status=202)
    answer(studio, "check", "passed" * MOST_BYTES)
    answer(studio, "check", {"code": "Undecided", "message": "Ask somebody else."})
    says(*["greenlight check anna.png --model emo"] * 5)


@pytest.mark.usefixtures("settings")
def test_no_permission_to_upload(says: Says, studio: StudioServer) -> None:
    answer(studio, "policy", {"data": {"upload_dir": "dashscope-instant"}})
    answer(studio, "policy", {"data": POLICY | {"max_file_size_mb": 0}})
    says(*["greenlight check anna.png --model emo"] * 2)


def test_no_task(says: Says, studio: StudioServer, settings: Settings) -> None:
    task = {"task_id": "task-2", "task_status": "PENDING"}
    answer(studio, "create", {"output": task, "code": "Undecided"})
    answer(studio, "create", {"output": {"task_status": "PENDING"}})
    answer(studio, "create", {"output": task})
    submitted(settings, "task-2")
    says(FILM, f"{FILM} --take 2", f"{FILM} --take 3")


def test_nothing_of_a_task(says: Says, studio: StudioServer, settings: Settings) -> None:
    begin(studio, settings)
    answer(studio, "fetch", {"output": {"task_id": "another", "task_status": "SUCCEEDED"}})
    ambiguous(settings)
    answer(studio, "list", {"data": {"task_id": "another"}})
    answer(studio, "list", {"data": {"task_id": "another"}})
    says("greenlight collect", "greenlight reconcile")


def test_an_answer_that_cannot_be_unpacked(
    says: Says, studio: StudioServer, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-local")
    monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", f"{website.url}/api/v1")
    submitted(read_settings(), "task-2")
    website.put("/api/v1/tasks/task-2", b"{}", headers={"content-encoding": "gzip"})
    says("greenlight collect")


def test_a_sound_behind_the_link(
    says: Says, studio: StudioServer, settings: Settings, website: Website, desk: Path
) -> None:
    begin(studio, settings)
    link = website.put("/video.mp4", (desk / "hello.wav").read_bytes())
    output = {"task_status": "SUCCEEDED", "results": {"video_url": link}}
    answer(studio, "fetch", {"output": output})
    says("greenlight collect")
