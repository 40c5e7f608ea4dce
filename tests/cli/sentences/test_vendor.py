"""What the doctor says of the vendor's own addresses, and of the way there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.cli.sentences.shell import Says
from tests.cli.sentences.vendor import Vendor, serve_vendor
from tests.website import Website

DOCTOR = "greenlight doctor --timeout 60"
BEIJING = "dashscope.aliyuncs.com"
SINGAPORE = "dashscope-intl.aliyuncs.com"
SERVICE = ("key", "address", "clock")


@pytest.fixture(autouse=True)
def _no_server() -> Iterator[None]:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


@pytest.fixture
def vendor(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """The vendor in Beijing and Singapore, which takes another key in each; the way leads by a proxy."""
    for name in ("https_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve_vendor(desk) as served:
        served.takes |= {BEIJING: "sk-beijing", SINGAPORE: "sk-singapore"}
        monkeypatch.setenv("HTTPS_PROXY", served.proxy)
        monkeypatch.setenv("SSL_CERT_FILE", str(served.certificate))
        yield served


@pytest.mark.usefixtures("vendor")
def test_regions(says: Says) -> None:
    singapore = f"DASHSCOPE_HTTP_BASE_URL=https://{SINGAPORE}/api/v1"
    says(
        f"DASHSCOPE_API_KEY=sk-beijing {DOCTOR}",
        f"DASHSCOPE_API_KEY=sk-singapore {DOCTOR}",
        f"DASHSCOPE_API_KEY=sk-wrong {DOCTOR}",
        f"{singapore} DASHSCOPE_API_KEY=sk-singapore {DOCTOR}",
        about=SERVICE,
    )


@pytest.mark.parametrize(
    "vendors",
    [
        pytest.param(timedelta(seconds=150), id="is ahead"),
        pytest.param(timedelta(seconds=-3650), id="is far behind"),
        pytest.param(None, id="nothing is compared with"),
    ],
)
def test_a_clock_that(says: Says, vendor: Vendor, vendors: timedelta | None) -> None:
    vendor.behind = vendors
    says(f"DASHSCOPE_API_KEY=sk-beijing {DOCTOR}", about=SERVICE)


def test_the_way_there(
    says: Says, vendor: Vendor, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "DASHSCOPE_API_KEY=sk-beijing DASHSCOPE_HTTP_BASE_URL"
    resolve = socket.getaddrinfo

    def resolve_here(host: str, *about: object, **more: object) -> object:
        # A name service is the network.
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *about, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    says(
        f"SSL_CERT_FILE= {at}= {DOCTOR}",
        f"{at}=https://dashscope-us.aliyuncs.com/api/v1 {DOCTOR}",
        f"HTTPS_PROXY= {at}={website.url.replace('http', 'https')}/api/v1 {DOCTOR}",
        f"{at}=http://studio.invalid/api/v1 {DOCTOR}",
        about=SERVICE,
    )
