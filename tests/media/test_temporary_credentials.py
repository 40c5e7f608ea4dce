"""Credentials that end before a link would, as botocore has them from a process that prints them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenlight.errors import GreenlightError, SettingsError
from greenlight.media import delivery
from greenlight.media.delivery import deliver, deliver_for_check
from greenlight.media.portraits import Portrait, examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.studio.server import StudioServer
from tests.bucket import SECRET, Bucket
from tests.conftest import SAMPLES
from tests.steering import paid, received

CHECK = catalog.family("emo").check.model.id
VIDEO = catalog.family("emo").video.id
MINUTE = 60
HOUR = 3600

Login = Callable[[float], None]


@pytest.fixture(autouse=True)
def _nobody_was_warned_yet() -> None:
    delivery._warn_of_upload.cache_clear()


@pytest.fixture
async def portrait(bucket: Bucket, astronaut: Path) -> Portrait:
    """One version of an object: what can change is uploaded for a job, whatever signs its link."""
    bucket.keep_versions()
    return await examine(bucket.put("anna.png", astronaut.read_bytes()))


@pytest.fixture
def log_in(portrait: Portrait, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Login:
    """Return what writes the credentials anew that the process prints; they end in so many seconds."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    printed, config = tmp_path / "login.json", tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = cat {printed}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    def write(seconds: float) -> None:
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        told = {"AccessKeyId": "ASIATEST", "SecretAccessKey": SECRET, "SessionToken": "token"}
        printed.write_text(json.dumps(told | {"Version": 1, "Expiration": ends_at.isoformat()}))

    return write


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("greenlight") and record.levelno == logging.WARNING
    ]


async def test_a_check_is_presigned_by_credentials_that_outlive_its_link_s_use(
    client: ModelStudio, portrait: Portrait, log_in: Login
) -> None:
    log_in(6 * MINUTE)
    handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert "X-Amz-Expires=900" in handed.url
    assert "X-Amz-Security-Token=token" in handed.url


async def test_a_check_is_refused_when_the_credentials_are_about_to_end(
    client: ModelStudio, studio: StudioServer, portrait: Portrait, log_in: Login
) -> None:
    log_in(4 * MINUTE)
    with pytest.raises(
        SettingsError, match=r"expire at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    ) as caught:
        await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    told = caught.value.text()
    assert told.endswith("renew them and run it again; nothing was spent.")
    assert SECRET not in told
    assert received(studio, "upload") == 0
    assert paid(studio) == {}


async def test_credentials_that_their_source_renews_are_no_obstacle(
    client: ModelStudio, portrait: Portrait, log_in: Login
) -> None:
    log_in(4 * MINUTE)
    with pytest.raises(SettingsError):
        await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    log_in(7 * HOUR)
    assert (await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")).url
    url = await deliver(portrait, client, reader=VIDEO, delivery="presigned")
    assert "X-Amz-Expires=21600" in url


async def test_what_a_job_needs_is_uploaded_when_the_credentials_end_before_its_link(
    client: ModelStudio,
    studio: StudioServer,
    portrait: Portrait,
    log_in: Login,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_in(5 * HOUR)
    for _ in range(2):
        url = await deliver(portrait, client, reader=VIDEO, delivery="presigned")
        assert url.startswith("oss://")
    assert received(studio, "upload") == 2
    (warning,) = warnings(caplog)
    assert "may wait 6 hours" in warning
    assert "the AWS credentials end before that" in warning


async def test_a_session_token_without_an_end_is_good_for_a_check_and_not_for_a_job(
    client: ModelStudio,
    portrait: Portrait,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    handed = await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert "X-Amz-Security-Token=token" in handed.url
    assert (await deliver(portrait, client, reader=VIDEO, delivery="presigned"))[:6] == "oss://"
    (warning,) = warnings(caplog)
    assert "do not say when they end" in warning


async def test_an_end_that_the_environment_tells_counts(
    client: ModelStudio, portrait: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = datetime.now(UTC) + timedelta(hours=7)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ends_at.isoformat())
    url = await deliver(portrait, client, reader=VIDEO, delivery="presigned")
    assert "X-Amz-Expires=21600" in url


async def test_credentials_without_an_end_warn_of_nothing(
    client: ModelStudio, portrait: Portrait, caplog: pytest.LogCaptureFixture
) -> None:
    url = await deliver(portrait, client, reader=VIDEO, delivery="presigned")
    assert "X-Amz-Expires=21600" in url
    assert warnings(caplog) == []


async def test_what_is_uploaded_because_it_can_change_warns_of_no_credentials(
    client: ModelStudio, bucket: Bucket, log_in: Login, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(5 * HOUR)
    bucket.keep_versions("Suspended")
    place = bucket.put("bob.png", (SAMPLES / "astronaut.png").read_bytes())
    url = await deliver(await examine(place), client, reader=VIDEO, delivery="presigned")
    assert url.startswith("oss://")
    assert warnings(caplog) == []


async def test_credentials_that_have_ended_are_told(
    client: ModelStudio, portrait: Portrait, log_in: Login
) -> None:
    log_in(-MINUTE)
    with pytest.raises(GreenlightError, match="credentials are still expired") as caught:
        await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert SECRET not in caught.value.text()


async def test_a_login_that_fails_is_told(
    client: ModelStudio, portrait: Portrait, log_in: Login
) -> None:
    with pytest.raises(GreenlightError, match="AWS cannot be used") as caught:
        await deliver_for_check(portrait, client, reader=CHECK, delivery="presigned")
    assert "\n" not in caught.value.text()
