"""Looking at a service by one free request."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from greenlight.doctor import key
from greenlight.doctor.address import reached, unreachable
from greenlight.doctor.findings import Finding, State
from greenlight.doctor.regions import is_in_beijing, is_vendors
from greenlight.doctor.service import examine_service
from greenlight.errors.advice import GetKey
from greenlight.modelstudio.answers import Answer
from greenlight.modelstudio.catalog import BEIJING_BASE_URL
from greenlight.settings import read_settings
from greenlight.studio.server import StudioServer, StudioSettings
from tests.steering import add_fault, paid, received
from tests.website import Website

PATIENT = 60.0


def look(
    base_url: str,
    api_key: str = "sk-local",
    regions: Mapping[str, str] | None = None,
    **environ: str,
) -> dict[str, Finding]:
    variables = {"DASHSCOPE_HTTP_BASE_URL": base_url, "DASHSCOPE_API_KEY": api_key} | environ
    found = examine_service(read_settings(variables), seconds=PATIENT, regions=regions)
    return {one.subject: one for one in found}


def states(found: dict[str, Finding]) -> list[State]:
    return [found[subject].state for subject in ("key", "address", "clock")]


@pytest.fixture
def singapore(tmp_path: Path) -> Iterator[StudioServer]:
    """Another region, where another key is good."""
    with StudioServer(StudioSettings(home=tmp_path / "singapore", key="sk-singapore")) as server:
        yield server


def test_a_service_that_takes_the_key_is_asked_once_and_not_paid(studio: StudioServer) -> None:
    assert states(look(studio.base_url)) == [State.OK] * 3
    assert received(studio, "fetch") == 1
    assert paid(studio) == {}


@pytest.mark.parametrize("none", ["", "  "])
def test_no_key_is_named_and_the_address_is_looked_at_all_the_same(
    studio: StudioServer, none: str
) -> None:
    found = look(studio.base_url, none)
    assert states(found) == [State.BROKEN, State.OK, State.OK]
    assert found["key"].sentence == "no key is set"
    assert found["key"].advice == GetKey()


def test_a_key_that_cannot_be_one_is_sent_to_nobody(studio: StudioServer) -> None:
    found = look(studio.base_url, "sk-schlüssel")
    assert states(found) == [State.BROKEN, State.OK, State.OK]
    assert "characters that no key has" in found["key"].sentence


def test_a_wrong_key_is_told_from_one_of_another_region(
    studio: StudioServer, singapore: StudioServer
) -> None:
    regions = {"nowhere": "http://127.0.0.1:9/api/v1", "Singapore": singapore.base_url}
    of_another = look(studio.base_url, "sk-singapore", regions)["key"]
    assert of_another.state is State.BROKEN
    assert "is for the region Singapore" in of_another.sentence
    wrong = look(studio.base_url, "sk-wrong", regions)["key"]
    assert wrong.state is State.BROKEN
    assert wrong.sentence.startswith("the key is wrong")
    assert paid(studio) == paid(singapore) == {}


def test_a_key_is_shown_to_other_regions_only_where_the_address_is_the_vendors() -> None:
    vendors = read_settings({"DASHSCOPE_API_KEY": "sk-wrong"})
    answer = Answer(401, {}, b'{"code": "InvalidApiKey", "request_id": "1"}')
    found = key.answered(vendors, "sk-wrong", answer, regions={}, seconds=PATIENT)
    assert "no region accepts it" in found.sentence


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (BEIJING_BASE_URL, "Beijing"),
        ("https://llm-1.cn-beijing.maas.aliyuncs.com/api/v1", "Beijing"),
        ("https://vpc-cn-beijing.dashscope.aliyuncs.com/api/v1", "Beijing"),
        ("https://dashscope-intl.aliyuncs.com/api/v1", "elsewhere"),
        ("https://llm-1.ap-southeast-1.maas.aliyuncs.com/api/v1", "elsewhere"),
        ("http://127.0.0.1:8479/api/v1", "not the vendor's"),
        ("https://aliyuncs.com.example.org/api/v1", "not the vendor's"),
    ],
)
def test_the_vendors_addresses_are_known(address: str, kind: str) -> None:
    assert is_vendors(address) == (kind != "not the vendor's")
    assert is_in_beijing(address) == (kind == "Beijing")


def test_an_address_of_another_region_is_named() -> None:
    singapore = "https://dashscope-intl.aliyuncs.com/api/v1"
    found = reached(singapore, Answer(200, {}, b'{"request_id": "1"}'), took_seconds=0.1)
    assert found.state is State.BROKEN
    assert "is in another region" in found.sentence


def test_a_key_without_the_right_is_told_from_a_wrong_one(studio: StudioServer) -> None:
    add_fault(studio, "error", "fetch", status=403, code="Workspace.AccessDenied")
    found = look(studio.base_url)["key"]
    assert (found.state, "may not be used here" in found.sentence) == (State.BROKEN, True)


@pytest.mark.parametrize(("fault", "status"), [("throttle", 429), ("error", 503)])
def test_a_busy_service_says_nothing_about_the_key(
    studio: StudioServer, fault: str, status: int
) -> None:
    add_fault(studio, fault, "fetch", status=status)
    assert look(studio.base_url)["key"].state is State.WARNING


def test_an_address_without_its_end_is_named(studio: StudioServer) -> None:
    found = look(studio.url)
    assert states(found) == [State.SKIPPED, State.BROKEN, State.OK]
    assert "ends with /api/v1" in found["address"].advice


@pytest.mark.parametrize("answer", [b"<html>Welcome</html>", b"[1]", b'{"detail": "Not Found"}'])
def test_what_is_no_model_studio_is_named(website: Website, answer: bytes) -> None:
    website.put("/api/v1/tasks/00000000-0000-0000-0000-000000000000", answer)
    found = look(f"{website.url}/api/v1")
    assert states(found)[:2] == [State.SKIPPED, State.BROKEN]
    assert "not as Model Studio (HTTP 200)" in found["address"].sentence


def test_an_address_where_nobody_listens_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = look(f"http://127.0.0.1:{closed.getsockname()[1]}/api/v1")
    assert states(found) == [State.SKIPPED, State.BROKEN, State.SKIPPED]
    assert "cannot be reached (Connection refused)" in found["address"].sentence


def test_a_host_that_does_not_exist_is_named() -> None:
    # As httpx raises it; asking for the name would ask the network.
    error = httpx.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    found = unreachable("http://studio.invalid/api/v1", error)
    assert found.sentence.startswith("there is no host studio.invalid")
