"""Every error that people got from the vendor means what it should, for a check and for a paying request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.error_codes import meaning_of
from greenlight.modelstudio.errors import ModelStudioError
from greenlight.modelstudio.families.wan_s2v import WanS2vVerdict
from greenlight.modelstudio.submissions import leaves_doubt
from tests.calling import check, submit
from tests.modelstudio.films import film_request

PICTURE = "https://example.com/a.png"
SOUND = "https://example.com/a.mp3"
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "modelstudio"
RECORDED = sorted(folder.name for folder in (FIXTURES / "recorded").iterdir())
PARAMETERS = (
    "InvalidParameter",
    "InvalidParameter.DataInspection",
    "invalid_parameter_error",
    "InternalError.Algo.InvalidParameter",
)


async def film(studio: ModelStudio) -> None:
    family = catalog.family("wan-s2v")
    request = film_request(
        family,
        PICTURE,
        SOUND,
        verdict=WanS2vVerdict(passed=True),
        parameters=family.parameters(),
    )
    await submit(studio, request)


@pytest.mark.parametrize("name", RECORDED)
async def test_a_check_ends_with_what_the_answer_means(
    name: str, vendor: Any, studio: ModelStudio
) -> None:
    case = vendor.case(f"recorded/{name}")
    expected = case.read("expected")
    vendor.replay(case)
    if expected.get("refuses_portrait"):
        verdict = await check(studio, catalog.family("wan-s2v"), PICTURE)
        assert (verdict.passed, verdict.charged) == (False, False)
        return
    with pytest.raises(ModelStudioError) as caught:
        await check(studio, catalog.family("wan-s2v"), PICTURE)
    _expect(caught.value, expected)
    assert not caught.value.may_have_cost


@pytest.mark.parametrize("name", RECORDED)
async def test_a_paying_request_ends_with_what_the_answer_means_and_only_a_fault_leaves_a_doubt(
    name: str, vendor: Any, studio: ModelStudio
) -> None:
    case = vendor.case(f"recorded/{name}")
    expected = case.read("expected")
    vendor.replay(case)
    with pytest.raises(ModelStudioError) as caught:
        await film(studio)
    assert leaves_doubt(caught.value) is expected["leaves_doubt"]
    _expect(caught.value, expected)


def _expect(error: ModelStudioError, expected: dict[str, Any]) -> None:
    assert type(error).__name__ == expected["type"]
    assert (error.retryable, error.refuses_all) == (expected["retryable"], expected["refuses_all"])
    assert expected["hint"] in str(error.advice)
    assert expected["hint"] in str(error)


@pytest.mark.parametrize("code", PARAMETERS)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Unable to download the media resource during the data inspection.", "InputUnreachable"),
        ("Failed to find the requested media resource.", "InputUnreachable"),
        ("Don't have authorization to access the media resource.", "InputUnreachable"),
        ("Failed to decode the image during the data inspection.", "InputRefused"),
        ("The media format is not supported or incorrect.", "InputRefused"),
        ("Invalid image format or corrupted file", "InputRefused"),
        ("read video error.", "InputRefused"),
        ("the size of input image is too small or too large.", "InputRefused"),
        ("The image size is not supported for the data inspection.", "InputRefused"),
        ("The image content does not comply with green network verification", "ContentRefused"),
        ("url error, please check url", "ModelUnavailable"),
        ("Model not exist.", "ModelUnavailable"),
        ("The style_level is invalid.", "InvalidRequest"),
    ],
)
def test_a_text_on_parameters_means_the_same_under_each_of_their_codes(
    code: str, text: str, kind: str
) -> None:
    meaning = meaning_of(code, text)
    assert meaning is not None
    assert meaning.kind.__name__ == kind


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("InvalidURL.Timeout", "The download took longer than 60 s.", "InputUnreachable"),
        ("InvalidURL", "The input audio is longer than 20s.", "InputRefused"),
        ("InvalidURL", "File size is larger than 15MB.", "InputRefused"),
        ("InternalError.Algo", "The model could not download its weights.", "ServerFault"),
        ("Throttling.RateQuota", "Download more slowly.", "Throttled"),
        ("Throttling", "The free quota is used up.", "AccountError"),
        ("Throttling", "The free tier is used up.", "AccountError"),
        ("Throttling", "Your token-plan quota has been exhausted.", "AccountError"),
        ("insufficient_quota", "", "AccountError"),
        ("InternalError.Algo.DataInspectionFailed", "Input data.", "ContentRefused"),
        ("InternalError.Algo.NeverHeard", "", "ServerFault"),
    ],
)
def test_a_text_decides_only_where_the_code_leaves_it_open(code: str, text: str, kind: str) -> None:
    meaning = meaning_of(code, text)
    assert meaning is not None
    assert meaning.kind.__name__ == kind


def test_every_recorded_answer_stands_in_the_index() -> None:
    index = (FIXTURES / "README.md").read_text()
    assert [name for name in RECORDED if f"`recorded/{name}`" not in index] == []
