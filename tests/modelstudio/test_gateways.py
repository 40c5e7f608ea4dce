"""Something on the way answers in the vendor's place, which is no "no" to a request that costs money."""

from __future__ import annotations

from typing import Any

import pytest

from greenlight.modelstudio import catalog, errors
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import ModelStudioError, ProtocolError
from greenlight.modelstudio.submissions import leaves_doubt
from tests.calling import check
from tests.modelstudio.test_recorded import PICTURE, film

PAGE = b"<html><body>Not now</body></html>"
HTML = {"content-type": "text/html"}
REFUSALS = (400, 401, 403, 404, 408, 429)
ANSWERS: dict[str, Any] = {
    "a page": PAGE,
    "nothing": b"",
    "a text of JSON": b'"Forbidden"',
    "JSON without a code": {"message": "Forbidden", "request_id": "r-1"},
    "the status as a code": {"code": 403, "message": "Forbidden"},
    "the status as a text": {"code": "403", "message": "Forbidden"},
    "an empty code": {"code": "", "message": "Forbidden"},
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_paying_request_stays_in_doubt(
    status: int, body: Any, vendor: Any, studio: ModelStudio
) -> None:
    vendor.answer(status, body, HTML if body == PAGE else None)
    with pytest.raises(ModelStudioError) as caught:
        await film(studio)
    assert leaves_doubt(caught.value)
    assert caught.value.status == status


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_check_counts_as_perhaps_paid(
    status: int, body: Any, vendor: Any, studio: ModelStudio
) -> None:
    vendor.answer(status, body, HTML if body == PAGE else None)
    with pytest.raises(ProtocolError) as caught:
        await check(studio, catalog.family("wan-s2v"), PICTURE)
    assert (caught.value.may_have_cost, caught.value.retryable) == (True, False)
    assert "HTTPS_PROXY" in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("body", [PAGE, {"message": "Look there."}])
async def test_being_sent_elsewhere_is_no_refusal_either(
    status: int, body: Any, vendor: Any, studio: ModelStudio
) -> None:
    for _ in range(2):
        vendor.answer(status, body)
    for call in (film(studio), check(studio, catalog.family("wan-s2v"), PICTURE)):
        with pytest.raises(ProtocolError) as caught:
            await call
        assert caught.value.may_have_cost
        assert leaves_doubt(caught.value)


@pytest.mark.parametrize("body", [PAGE, {"message": "upstream timed out"}])
async def test_a_check_whose_gateway_gave_up_may_have_been_paid_and_is_asked_again(
    body: Any, vendor: Any, studio: ModelStudio
) -> None:
    vendor.answer(504, body)
    with pytest.raises(errors.ServerFault) as caught:
        await check(studio, catalog.family("wan-s2v"), PICTURE)
    assert (caught.value.may_have_cost, caught.value.retryable) == (True, True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
async def test_the_vendors_own_refusal_costs_nothing_and_leaves_no_doubt(
    status: int, vendor: Any, studio: ModelStudio
) -> None:
    for _ in range(2):
        vendor.answer(status, {"code": "Never.Heard", "message": "No."})
    for call in (film(studio), check(studio, catalog.family("wan-s2v"), PICTURE)):
        with pytest.raises(errors.ApiError) as caught:
            await call
        assert not caught.value.may_have_cost
        assert not leaves_doubt(caught.value)


async def test_a_request_that_ran_out_of_time_says_nothing_of_what_it_began(
    vendor: Any, studio: ModelStudio
) -> None:
    """The one status below 500 that is no "no", even in the vendor's own words."""
    vendor.answer(408, {"code": "RequestTimeOut", "message": "Request timed out."})
    with pytest.raises(ModelStudioError) as caught:
        await film(studio)
    assert leaves_doubt(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AuthenticationError),
        (403, errors.AccessDenied),
        (404, ProtocolError),
        (408, errors.ServerFault),
        (429, errors.Throttled),
        (503, errors.ServerFault),
    ],
)
async def test_a_page_tells_enough_where_nothing_is_paid(
    status: int, kind: type[ModelStudioError], vendor: Any, studio: ModelStudio
) -> None:
    vendor.answer(status, PAGE, HTML)
    with pytest.raises(kind) as caught:
        await studio.fetch("t")
    assert not caught.value.may_have_cost
    assert caught.value.retryable is (status in {408, 429, 503})
