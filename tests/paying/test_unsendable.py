"""What cannot be sent is found before it is booked, and what was not sent costs nothing in the books."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenlight.ledger import JobState, Ledger
from greenlight.media.delivery import Handed
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog, transport
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.errors import AnswerLost, ModelStudioError, ServiceUnreachable
from greenlight.modelstudio.family import VideoRequest
from greenlight.studio.server import StudioServer
from tests.modelstudio.films import film_request
from tests.paying import proxies
from tests.paying.conftest import EMO, Paid, PaidCheck, PaidJob
from tests.paying.proxies import Proxy, Speak, answering, serving
from tests.production import Production, produce
from tests.steering import received

PASSED = {
    "output": {
        "check_pass": True,
        "face_bbox": [302, 286, 510, 493],
        "ext_bbox": [71, 9, 500, 438],
    },
    "usage": {"image_count": 1},
    "request_id": "r-1",
}
CREATED = {"output": {"task_id": "t-1", "task_status": "PENDING"}, "request_id": "r-2"}
UNSENDABLE_TEXTS = ["half of a pair: \ud83d", float("nan"), float("inf"), {1, 2}]
ODD_ADDRESSES = [
    "",
    "file:///etc/passwd",
    "/portraits/anna.png",
    "data:image/png;base64,AA",
    "ftp://a/b",
]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenlight.filming.filmer.wait_before_retry", lambda *_: None)


@pytest.fixture
async def production(
    client: ModelStudio, ledger: Ledger, astronaut: Path, sound: Path
) -> Production:
    return await produce(client, ledger, astronaut, sound)


@pytest.fixture
async def check(client: ModelStudio, ledger: Ledger, astronaut: Path) -> PaidCheck:
    return PaidCheck(client, ledger, await examine(str(astronaut)))


def hand_over(monkeypatch: pytest.MonkeyPatch, url: Any) -> None:
    """Let portraits be delivered under an address of the test's own."""

    async def handed(*_: Any, **__: Any) -> Handed:
        return Handed(url, can_change=False)

    monkeypatch.setattr("greenlight.screening.screener.deliver_for_check", handed)


@pytest.mark.parametrize("url", [*ODD_ADDRESSES, *UNSENDABLE_TEXTS[:1]], ids=ascii)
async def test_a_portrait_at_an_address_that_cannot_be_sent_is_not_booked(
    check: PaidCheck, studio: StudioServer, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    hand_over(monkeypatch, url)
    with pytest.raises(ValueError, match=r"cannot be sent|fetches http://"):
        await check.pay()
    assert (check.rows, received(studio, "check")) == (0, 0)


@pytest.mark.parametrize(
    "url",
    ["HTTP://{host}/a.jpg", "http://{host}/a\nb.jpg", "http://{host}/\x00", "https://人.例/a"],
)
async def test_what_only_the_vendor_finds_odd_is_asked_once_and_costs_nothing(
    check: PaidCheck, studio: StudioServer, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """JSON carries every character, and the scheme of an address may be written in capitals."""
    hand_over(monkeypatch, url.format(host=studio.url.removeprefix("http://")))
    with pytest.raises(ModelStudioError) as caught:
        await check.pay()
    assert not caught.value.may_have_cost
    assert (check.rows, received(studio, "check")) == (0, 1)


@pytest.mark.parametrize("deployment", ["my\nemo", "my\x00emo", "my emo\r\nX-Other: 1"])
async def test_a_deployment_with_an_odd_name_is_never_paid(
    check: PaidCheck, production: Production, studio: StudioServer, deployment: str
) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        await check.screener.screen(check.portrait, EMO, deployment=deployment)
    assert not getattr(caught.value, "may_have_cost", False)
    order = production.order.model_copy(update={"deployment": deployment})
    with pytest.raises(Exception, match=r".") as caught:
        await replace(production, order=order).submit()
    assert not getattr(caught.value, "may_have_cost", False)
    jobs = production.filmer.ledger.jobs.newest()
    assert all(job.may_be_ordered_again and not job.cost_cny for job in jobs)
    assert production.filmer.ledger.costs.by_outcome() == []
    assert not any(received(studio, one) > 1 for one in ("check", "create"))


@pytest.mark.parametrize("odd", UNSENDABLE_TEXTS, ids=ascii)
async def test_a_job_that_cannot_be_encoded_is_not_booked(
    production: Production, studio: StudioServer, odd: Any
) -> None:
    request = await production.order.request(production.client, "presigned")
    broken = request.model_copy(update={"parameters": {"odd": odd}})

    async def prepared() -> VideoRequest:
        return broken

    new = production.order.new_job(production.client.service)
    with pytest.raises((ValueError, TypeError)):
        await production.filmer.submit(new, prepared, starts_per_second=1000)
    assert production.filmer.ledger.jobs.newest() == []
    assert received(studio, "create") == 0
    # And it is nobody's: the next one may order it at once.
    assert (await production.submitted()).state is JobState.SUBMITTED


@pytest.mark.parametrize("odd", ["sk-\n1", "sk-\x00", "sk-安娜", "", " ", "sk-\u20281", "sk-\x7f"])
def test_a_key_or_a_workspace_that_no_header_carries_is_refused_before_anything_is_asked(
    odd: str,
) -> None:
    with pytest.raises(ValueError, match="the key is empty or has characters"):
        ModelStudio(odd)
    if odd.strip():
        with pytest.raises(ValueError, match="the workspace is empty or has characters"):
            ModelStudio("sk-local", workspace=odd)


@pytest.mark.parametrize("odd", ["a\r\nX-Other: 1", "a\nb", "\x00", "安娜"])
def test_a_header_that_http_forbids_is_found_when_the_request_is_built(odd: str) -> None:
    with pytest.raises(ValueError, match="this request cannot be sent"):
        transport.build_post("https://vendor.example/", headers={"X-Media": odd}, body={})


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return proxies.make_certificate(tmp_path)


@pytest.fixture(autouse=True)
def _forget_certificates() -> Iterator[None]:
    yield
    transport._tls.cache_clear()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a vendor speaks TLS with that is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport._tls.cache_clear()
    return server_context(certificate)


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def moved(
    paid: Paid, monkeypatch: pytest.MonkeyPatch, base_url: str, *, seconds: float = 20.0
) -> AsyncIterator[None]:
    """Let a paying request go to another address than what costs nothing."""
    async with ModelStudio("sk-local", base_url=base_url, timeout_seconds=seconds) as elsewhere:
        monkeypatch.setattr(paid.client, "_base_url", base_url)
        monkeypatch.setattr(paid.client, "_transport", elsewhere._transport)
        if isinstance(paid, PaidCheck):
            hand_over(monkeypatch, "https://portraits.example/anna.png")
        else:
            assert isinstance(paid, PaidJob)
            monkeypatch.setattr(type(paid.production.order), "request", _deliver_nothing)
        yield


async def _deliver_nothing(order: Any, *_: Any) -> VideoRequest:
    return film_request(
        catalog.family(order.family),
        "https://a.example/a.png",
        "https://a.example/a.wav",
        verdict=order.verdict,
        parameters=order.parameters,
    )


def expect_nothing_spent(paid: Paid) -> None:
    assert paid.is_free()
    assert paid.ledger.costs.by_outcome() == []
    assert paid.ledger.jobs.open_jobs(ambiguous=True) == []


async def test_without_a_connection_nothing_is_spent_and_nothing_in_doubt(
    paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(proxies.say_nothing) as port:
        pass
    async with moved(paid, monkeypatch, f"http://127.0.0.1:{port}/api/v1"):
        with pytest.raises(ServiceUnreachable):
            await paid.pay()
    expect_nothing_spent(paid)


async def test_where_tls_is_refused_nothing_is_spent_and_nothing_in_doubt(
    paid: Paid, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that nobody trusts; and no TLS at all."""
    for tls in (server_context(certificate), None):
        async with (
            serving(answering(b"{}"), tls) as port,
            moved(paid, monkeypatch, f"https://127.0.0.1:{port}/api/v1"),
        ):
            with pytest.raises(ServiceUnreachable):
                await paid.pay()
        expect_nothing_spent(paid)


@asynccontextmanager
async def through(
    proxy: Proxy,
    paid: Paid,
    vendor: Speak,
    tls: ssl.SSLContext,
    patch: pytest.MonkeyPatch,
    **more: Any,
) -> AsyncIterator[None]:
    """Let a paying request go to a vendor through a proxy."""
    async with serving(vendor, tls) as port, serving(proxy.speak) as proxy_port:
        patch.delenv("NO_PROXY", raising=False)
        patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        async with moved(paid, patch, f"https://127.0.0.1:{port}/api/v1", **more):
            yield


@pytest.mark.parametrize(
    "instead", [proxies.refuse_tunnel, proxies.open_and_close, proxies.open_and_say_nothing]
)
async def test_a_proxy_that_opens_no_tunnel_lets_nothing_be_spent_or_in_doubt(
    paid: Paid, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, instead: Speak
) -> None:
    proxy = Proxy(instead)
    vendor = answering(json.dumps(PASSED).encode())
    async with through(proxy, paid, vendor, trusted, monkeypatch, seconds=2.0):
        with pytest.raises(ServiceUnreachable):
            await paid.pay()
    assert proxy.asked[0].startswith(b"CONNECT 127.0.0.1:")
    expect_nothing_spent(paid)


async def test_through_a_proxy_it_is_paid_as_ever(
    paid: Paid, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps(PASSED if isinstance(paid, PaidCheck) else CREATED).encode()
    proxy = Proxy()
    async with through(proxy, paid, answering(body), trusted, monkeypatch):
        await paid.pay()
    assert paid.is_booked()
    assert len(proxy.asked) == 1
    assert proxy.passed_bytes


async def test_through_a_proxy_a_cut_after_the_first_byte_is_a_doubt(
    paid: Paid, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy()
    async with through(proxy, paid, proxies.cut_off, trusted, monkeypatch):
        if isinstance(paid, PaidCheck):
            with pytest.raises(AnswerLost) as caught:
                await paid.pay()
            assert caught.value.may_have_cost
        else:
            await paid.pay()
            assert len(paid.ledger.jobs.open_jobs(ambiguous=True)) == 1
    (cost,) = paid.ledger.costs.by_outcome()
    assert (cost.outcome, len(proxy.asked)) in {("uncertain", 1), ("ambiguous", 1)}


async def test_whose_time_is_over_when_the_connection_is_there_sends_nothing(
    paid: Paid, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also through a proxy, whose tunnel took its time."""
    awake, slept = transport.awake_seconds, 0.0
    monkeypatch.setattr(transport, "awake_seconds", lambda: awake() + slept)

    class Sleeping(Proxy):
        async def speak(self, *line: Any) -> None:
            nonlocal slept
            slept = 3600.0
            await super().speak(*line)

    body = json.dumps(PASSED if isinstance(paid, PaidCheck) else CREATED).encode()
    async with through(Sleeping(), paid, answering(body), trusted, monkeypatch):
        with pytest.raises(ServiceUnreachable, match="its time was over"):
            await paid.pay()
    expect_nothing_spent(paid)
