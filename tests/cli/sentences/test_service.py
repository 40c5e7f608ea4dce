"""What the vendor answers when it does not do what it is asked, and no answer at all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from greenlight.studio.server import StudioServer
from tests.cli.sentences.shell import Says
from tests.steering import add_fault

CHECK = "greenlight check anna.png --model emo"
TRIES = 6
INSPECTION = "InvalidParameter.DataInspection"
ERRORS = (
    (401, "InvalidApiKey", "Invalid API-key provided."),
    (403, "Model.AccessDenied", "Model access denied."),
    (403, "Workspace.AccessDenied", "Workspace access denied."),
    (403, "Endpoint.AccessDenied", "Workspace endpoint access denied."),
    (403, "AccessDenied", "Access denied."),
    (403, "AccessDenied", "Current user api does not support synchronous calls."),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing."),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted."),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded."),
    (404, "ModelNotFound", "Model can not be found."),
    (400, "InvalidURL", "The image could not be downloaded."),
    (400, INSPECTION, "Don't have authorization to access the media resource."),
    (400, INSPECTION, "Failed to decode the image during the data inspection."),
    (400, "InvalidParameter", "No connection adapters were found for 'oss://uploads/anna.png'"),
    (400, "InvalidParameter", "Required body invalid."),
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
    )


@pytest.mark.usefixtures("settings")
def test_no_connection_in_time(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stall(*_: object) -> None:
        raise httpx.ConnectTimeout("")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", stall)
    says(CHECK)


@pytest.mark.usefixtures("settings")
def test_errors(says: Says, studio: StudioServer) -> None:
    for status, code, message in ERRORS:
        add_fault(studio, "error", "check", status=status, code=code, message=message)
    says(*[CHECK] * len(ERRORS))


@pytest.mark.usefixtures("settings")
def test_an_input_that_the_vendor_refuses(says: Says, studio: StudioServer) -> None:
    refusal = {"code": "InvalidFile.Format", "message": "The file format is not supported."}
    add_fault(studio, "error", "check", status=400, **refusal)
    says(CHECK)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"fault": "throttle"}, id="too many requests"),
        pytest.param({"fault": "error", "status": 500}, id="its own fault"),
        pytest.param({"fault": "html", "status": 503}, id="no answer of its own"),
        pytest.param({"fault": "drop"}, id="no answer"),
        pytest.param({"fault": "code_in_200"}, id="a fault with the status of success"),
    ],
)
def test_what_is_tried_again(says: Says, studio: StudioServer, fault: dict[str, Any]) -> None:
    add_fault(studio, on="check", times=TRIES, **fault)
    says(CHECK)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"fault": "html"}, id="a page"),
        pytest.param({"fault": "html", "status": 301}, id="a page elsewhere"),
        pytest.param({"fault": "html", "status": 403}, id="a page that refuses"),
        pytest.param({"fault": "cut_json"}, id="half an answer"),
    ],
)
def test_answers_that_fit_nothing(says: Says, studio: StudioServer, fault: dict[str, Any]) -> None:
    add_fault(studio, on="check", **fault)
    says(CHECK)


@pytest.mark.usefixtures("settings")
def test_an_upload_that_is_refused(says: Says, studio: StudioServer) -> None:
    add_fault(studio, "error", "upload", status=403)
    add_fault(studio, "error", "policy", status=400, code="InvalidParameter", message="No policy.")
    says(CHECK, CHECK)


@pytest.mark.usefixtures("settings")
def test_a_deployment_that_is_not_there(says: Says) -> None:
    says(f"{CHECK} --deployment emo-detect-v1=mine")
