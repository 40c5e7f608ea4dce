"""Every error says what happened, what it may have cost and what to do, and travels between processes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator

import pytest

from greenlight.modelstudio import errors
from greenlight.modelstudio.error_codes import class_for, error_for
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.redaction import without_secrets


def _all_below(root: type[ModelStudioError]) -> Iterator[type[ModelStudioError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _all_below(kind)


ALL = list(_all_below(ModelStudioError))


@pytest.mark.parametrize("kind", ALL)
def test_an_error_survives_pickling(kind: type[ModelStudioError]) -> None:
    error = kind(
        "What was said.",
        code="Some.Code",
        request_id="r-1",
        status=418,
        task_id="t-1",
        retry_after_seconds=2.5,
        retryable=not kind.retryable,
        may_have_cost=not kind.may_have_cost,
        advice="do this",
    )
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert vars(other) == vars(error)
        assert (str(other), other.args) == (str(error), error.args)
    assert error.retryable is not kind.retryable


@pytest.mark.parametrize("kind", ALL)
def test_an_error_without_a_word_is_still_one_sentence(kind: type[ModelStudioError]) -> None:
    sentence = str(kind())
    assert sentence.startswith(kind.headline)
    assert sentence.endswith(".")
    assert "cost" in sentence
    assert str(kind.advice or "") in sentence


def test_a_sentence_names_code_status_request_cost_and_hint() -> None:
    payload = {"code": "InvalidApiKey", "message": "No API-key provided.", "request_id": "r-1"}
    assert str(error_for(401, payload)) == (
        "Model Studio does not accept the key: No API-key provided (InvalidApiKey, HTTP 401, "
        "request r-1); set DASHSCOPE_API_KEY to a key of the China (Beijing) region; the request cost "
        "nothing."
    )


def test_the_picture_of_the_tree_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn: dict[str, str] = {}
    parents = ["ModelStudioError"]
    for line in errors.__doc__.splitlines():
        if found := re.match(r"^([ |]+)[|`]-- (\w+)", line):
            depth = len(found[1]) // 5 - 1
            parents[depth + 1 :] = []
            drawn[found[2]] = parents[depth]
            parents.append(found[2])
    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in ALL[1:] if kind.__base__}


@pytest.mark.parametrize(
    ("kind", "retryable", "may_have_cost"),
    [
        (errors.ServiceUnreachable, True, False),
        (errors.AnswerLost, True, True),
        (errors.ProtocolError, False, True),
        (errors.Throttled, True, False),
        (errors.ServerFault, True, False),
        (errors.AuthenticationError, False, False),
        (errors.AccountError, False, False),
        (errors.ModelUnavailable, False, False),
        (errors.InputRefused, False, False),
    ],
)
def test_an_error_says_whether_to_try_again_and_what_it_cost(
    kind: type[ModelStudioError], *, retryable: bool, may_have_cost: bool
) -> None:
    assert (kind().retryable, kind().may_have_cost) == (retryable, may_have_cost)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://a.b/c.png?Expires=1&Signature=s now", "see https://a.b/c.png now"),
        ("'http://a.b/c?x=1', 'http://a.b/d#frag'", "'http://a.b/c', 'http://a.b/d'"),
        ("s3://bucket/key?versionId=3", "s3://bucket/key"),
        ("https://user:pass@a.b/c", "https://a.b/c"),
        ("bucket.example.com/c.png?OSSAccessKeyId=1&Signature=s", "bucket.example.com/c.png"),
        ("Incorrect API key provided: sk-abcdef123.", "Incorrect API key provided: sk-***."),
        ("sk-ws-abcdef", "sk-***"),
        ("Is it a face? No.", "Is it a face? No."),
        ("two\nlines\x1b[31m \ud800", "two lines [31m  "),
        ("x" * 5000, "x" * 1000),
    ],
)
def test_secrets_are_taken_out_of_texts(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize("kind", ALL)
def test_no_error_shows_a_key_or_a_query(kind: type[ModelStudioError]) -> None:
    error = kind(
        "GET https://a.b/c?Signature=hidden with sk-hidden123 failed",
        code="https://a.b/?hidden=1",
        request_id="sk-hidden",
    )
    shown = f"{error} {error!r} {error.args} {vars(error)}"
    assert "hidden" not in shown
    assert "https://a.b/c with" in shown


CODES: dict[type[ModelStudioError], str] = {
    errors.AuthenticationError: "InvalidApiKey invalid_api_key",
    errors.WorkspaceDenied: "Workspace.AccessDenied WorkSpaceNotFound",
    errors.ModelUnavailable: "ModelNotFound model_not_found model_not_supported Model.NotExist NotFound "
    "Model.AccessDenied Endpoint.AccessDenied",
    errors.AccountError: "Arrearage AccessDenied.Unpurchased CommodityNotPurchased PrepaidBillOverdue "
    "PostpaidBillOverdue insufficient_quota AllocationQuota.FreeTierOnly",
    errors.InputUnreachable: "InvalidURL InvalidURL.Timeout InvalidURL.ConnectionRefused "
    "InvalidFile.DownloadFailed BadRequest.InputDownloadFailed InvalidParameter.InputDownloadFailed",
    errors.InputRefused: "InvalidFile.NoHuman InvalidImage.NoHumanFace InvalidPerson "
    "InvalidImageResolution InvalidImageFormat InvalidParameter.UnsupportedFileFormat "
    "BadRequest.UnsupportedFileFormat BadRequest.TooLarge InvalidInputLength",
    errors.ContentRefused: "DataInspectionFailed data_inspection_failed IPInfringementSuspect "
    "CustomRoleBlocked",
    errors.Throttled: "Throttling Throttling.AllocationQuota LimitRequests limit_requests limit_burst_rate",
    errors.ServerFault: "InternalError internal_error SystemError ModelServiceFailed ModelServingError "
    "ModelUnavailable ServiceUnavailable GatewayTimeout RequestTimeOut ResponseTimeout",
    errors.InvalidRequest: "InvalidParameter invalid_parameter_error BadRequest.EmptyInput Conflict "
    "UnsupportedOperation",
}


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for kind, codes in CODES.items() for code in codes.split()]
)
def test_a_code_of_the_vendors_page_means_the_same_with_any_status(
    code: str, kind: type[ModelStudioError]
) -> None:
    assert class_for(code) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequest),
        (401, errors.AuthenticationError),
        (402, errors.AccountError),
        (403, errors.AccessDenied),
        (404, errors.ModelUnavailable),
        (408, errors.ServerFault),
        (409, errors.InvalidRequest),
        (429, errors.Throttled),
        (500, errors.ServerFault),
        (599, errors.ServerFault),
        (200, errors.ApiError),
    ],
)
def test_a_code_that_nobody_knows_is_matched_by_the_status(
    status: int, kind: type[ModelStudioError]
) -> None:
    assert type(error_for(status, {"code": "Never.Heard"})) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling.Anything", errors.Throttled),
        ("BadRequest.Anything", errors.InvalidRequest),
        ("InvalidParameter.Anything", errors.InvalidRequest),
        ("InvalidParamter.Anything", errors.InvalidRequest),
        ("AccessDenied.Anything", errors.AccessDenied),
        ("access_denied", errors.AccessDenied),
        ("AllocationQuota.Anything", errors.AccountError),
        ("InvalidFile.Anything", errors.InputRefused),
        ("InvalidURL.Anything", errors.InputUnreachable),
        ("InvalidVideo.Anything", errors.InputRefused),
        ("Audio.Anything", errors.InputRefused),
        ("InvalidImage.DownloadFailed", errors.InputUnreachable),
        ("ARREARAGE", errors.AccountError),
    ],
)
def test_a_code_is_matched_by_its_prefix_before_the_status(
    code: str, kind: type[ModelStudioError]
) -> None:
    assert type(error_for(418, {"code": code})) is kind


@pytest.mark.parametrize(
    "code", ["InternalError.Anything", "InternalError.Algo.Anything", "SystemError"]
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, errors.ServerFault),
        (500, errors.ServerFault),
        (503, errors.ServerFault),
        (400, errors.InvalidRequest),
        (403, errors.AccessDenied),
        (404, errors.ModelUnavailable),
        (429, errors.Throttled),
    ],
)
def test_a_servers_code_is_no_fault_of_the_server_where_the_status_says_no(
    code: str, status: int, kind: type[ModelStudioError]
) -> None:
    assert type(error_for(status, {"code": code})) is kind


def test_only_a_key_or_a_workspace_that_is_refused_stops_everything_else() -> None:
    refusing = {kind for kind in ALL if kind.refuses_all}
    assert refusing == {errors.AuthenticationError, errors.WorkspaceDenied}
