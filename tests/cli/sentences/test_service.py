"""What the vendor answers when it does not do what it is asked, and no answer at all."""

from __future__ import annotations

import pytest

from greenlight.studio.server import StudioServer
from tests.cli.sentences.shell import Says
from tests.steering import add_fault

CHECK = "greenlight check anna.png --model emo"
TRIES = 6
ERRORS = (
    (401, "InvalidApiKey", "Invalid API-key provided."),
    (403, "Model.AccessDenied", "Model access denied."),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing."),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted."),
    (404, "ModelNotFound", "Model can not be found."),
    (400, "InvalidURL", "The image could not be downloaded."),
    (400, "InvalidParameter", "Required body invalid."),
    (400, "InvalidFile.Format", "The file format is not supported."),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content."),
    (418, "", ""),
)


def test_no_key(says: Says) -> None:
    says(
        CHECK,
        "greenlight film anna.png --model emo",
        "greenlight sweep . --model emo",
        "greenlight collect",
        "greenlight reconcile",
        f"DASHSCOPE_API_KEY='sk-\tkey' {CHECK}",
        f"DASHSCOPE_API_KEY=ключ {CHECK}",
    )


def test_nobody_answers(says: Says) -> None:
    at = "DASHSCOPE_API_KEY=sk-local DASHSCOPE_HTTP_BASE_URL="
    says(
        f"{at}http://127.0.0.1:1/api/v1 {CHECK}",
        f"{at}http://127.0.0.1:1/api/v1 {CHECK} --json",
        f"{at}http://nowhere.invalid/api/v1 {CHECK}",
    )


@pytest.mark.usefixtures("settings")
def test_errors(says: Says, studio: StudioServer) -> None:
    for status, code, message in ERRORS:
        add_fault(studio, "error", "check", status=status, code=code, message=message)
    says(*[CHECK] * len(ERRORS))


@pytest.mark.usefixtures("settings")
def test_errors_that_pass(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "throttle", "check", times=TRIES)
    add_fault(studio, "error", "check", times=TRIES, status=500, code="InternalError")
    add_fault(studio, "html", "check", times=TRIES, status=503)
    add_fault(studio, "drop", "check", times=TRIES)
    says(*[CHECK] * 4)


@pytest.mark.usefixtures("settings")
def test_answers_that_fit_nothing(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "html", "check")
    add_fault(studio, "html", "check", status=301)
    add_fault(studio, "cut_json", "check")
    add_fault(studio, "code_in_200", "check", times=TRIES)
    says(*[CHECK] * 4)


@pytest.mark.usefixtures("settings")
def test_a_deployment_that_is_not_there(says: Says) -> None:
    says(f"{CHECK} --deployment emo-detect-v1=mine")
