"""Why AWS, or a store that speaks its protocol, does not give what lies there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bucket import SECRET, Bucket
from tests.cli.sentences.shell import Says
from tests.website import Website

pytestmark = pytest.mark.usefixtures("settings")
REFUSALS = {
    "AccessDenied": "Access Denied",
    "ExpiredToken": "The provided token has expired.",
    "InvalidAccessKeyId": "The AWS Access Key Id you provided does not exist in our records.",
    "RequestTimeTooSkewed": "The difference between the request time and the current time is too large.",
    "PermanentRedirect": "The bucket you are attempting to access must be addressed using the "
    "specified endpoint.",
    "AuthorizationHeaderMalformed": "The authorization header is malformed; the region 'us-east-1' "
    "is wrong; expecting 'eu-central-1'",
    "SlowDown": "Please reduce your request rate.",
}
CHECK = "--model emo"
Login = Callable[[str, float], str]


def refusal(code: str) -> bytes:
    """Return an error as S3 writes it."""
    return f"<Error><Code>{code}</Code><Message>{REFUSALS[code]}</Message></Error>".encode()


@pytest.mark.usefixtures("bucket")
def test_refused(says: Says, website: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in REFUSALS:
        website.put(f"/{code.lower()}", refusal(code), status=403)
    monkeypatch.setenv("AWS_ENDPOINT_URL", website.url)
    says(*(f"greenlight check s3://{code.lower()}/ {CHECK}" for code in REFUSALS))


@pytest.mark.usefixtures("bucket")
def test_no_way_to_it(says: Says, website: Website) -> None:
    by_https = website.url.replace("http", "https")
    elsewhere = "AWS_ENDPOINT_URL=https://s3.example.com"
    says(
        f"AWS_ENDPOINT_URL={by_https} greenlight check s3://portraits/anna.png {CHECK}",
        f"https_proxy={website.url} {elsewhere} greenlight check s3://portraits/anna.png {CHECK}",
    )


@pytest.fixture
def login(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, desk: Path) -> Login:
    """Return what writes the file of a login whose credentials end in so many seconds."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    def log_in(name: str, seconds: float) -> str:
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        told = {"AccessKeyId": "ASIATEST", "SecretAccessKey": SECRET, "SessionToken": "token"}
        printed, config = desk / f"{name}.json", desk / f"{name}.ini"
        printed.write_text(json.dumps(told | {"Version": 1, "Expiration": ends_at.isoformat()}))
        config.write_text(f"[default]\ncredential_process = cat {printed}\n")
        return f"AWS_CONFIG_FILE={config.name}"

    return log_in


def test_credentials_that_end(says: Says, bucket: Bucket, desk: Path, login: Login) -> None:
    place = bucket.put("anna.png", (desk / "anna.png").read_bytes())
    logins = (login("ended", -60), login("ends-now", 200), login("ends-later", 400))
    says(*(f"{one} greenlight check {place} {CHECK}" for one in logins))


def test_credentials_that_end_before_a_job(
    says: Says, bucket: Bucket, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What keeps no versions is uploaded for a job anyway.
    bucket.keep_versions()
    place = bucket.put("anna.png", (desk / "anna.png").read_bytes())
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    says(f"greenlight film {place} --model wan-s2v --audio hello.wav --out anna.mp4")


def test_credentials_that_nobody_gives(
    says: Says, bucket: Bucket, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    login = "sso_start_url = https://anna.awsapps.com/start\nsso_region = us-east-1\n"
    account = "sso_account_id = 123456789012\nsso_role_name = films\n"
    (desk / "aws.ini").write_text(
        f"[default]\ncredential_process = false\n[profile anna]\n{login}{account}"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", "aws.ini")
    check = f"greenlight check s3://portraits/anna.png {CHECK}"
    says(check, f"AWS_PROFILE=anna {check}", f"AWS_CONFIG_FILE=none.ini {check}")
