"""The libraries below say no secret in any log, whatever its level."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from greenlight.aws.clients import aws_client
from greenlight.media.delivery import deliver, deliver_for_check
from greenlight.media.listing import list_objects
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.redaction import keep_links_out_of_logs
from greenlight.studio.server import StudioServer, StudioSettings
from tests.bucket import SECRET, Bucket
from tests.calling import check
from tests.website import Website

KEY = "sk-secret-4711"
TOKEN = "IQoJb3JpZ2luX2VjE-session-token"
COOKIE = "cookie-of-a-session"
EMO = catalog.family("emo")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that any library writes into a log of everything, with tracebacks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root, library = logging.getLogger(), logging.getLogger("botocore")
    levels = root.level, library.level
    root.addHandler(handler)
    # The bucket's own server runs in this process too, and logs what it is asked for.
    handler.addFilter(lambda record: not record.name.startswith(("werkzeug", "moto")))
    root.setLevel(logging.DEBUG)
    library.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(levels[0])
    library.setLevel(levels[1])


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[StudioServer]:
    with StudioServer(StudioSettings(home=tmp_path / "studio", key=KEY)) as studio:
        yield studio


async def test_no_library_says_a_secret_at_any_level(
    written: io.StringIO,
    guarded: StudioServer,
    bucket: Bucket,
    website: Website,
    astronaut: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    content = astronaut.read_bytes()
    cookie = {"set-cookie": f"session={COOKIE}; Path=/"}
    page = website.put("/anna.png", content, headers=cookie)
    bucket.put("anna.png", content)
    # What the test itself did before is not Greenlight's.
    written.seek(written.truncate(0))
    async with ModelStudio(KEY, base_url=guarded.base_url) as client:
        handed = []
        for place in (f"{page}?Signature=c0ffee4711", f"s3://{bucket.name}/anna.png"):
            portrait = await examine(place)
            link = await deliver_for_check(
                portrait, client, reader=EMO.check.model.id, delivery="presigned"
            )
            handed.append(link.url)
            await check(client, EMO, link.url)
            await deliver(portrait, client, reader=EMO.video.id, delivery="presigned")
    assert list(list_objects(f"s3://{bucket.name}/"))
    role = {"RoleArn": "arn:aws:iam::123456789012:role/films", "RoleSessionName": "films"}
    lent = aws_client("sts").assume_role(**role)["Credentials"]
    query = parse_qs(urlsplit(handed[1]).query)
    secrets = {
        "the account's key": KEY,
        "a secret key": SECRET,
        "a session token": TOKEN,
        "the signature of a link": query["X-Amz-Signature"][0],
        "the signature of an address": "c0ffee4711",
        "a cookie": COOKIE,
        "a role's secret key": lent["SecretAccessKey"],
        "a role's session token": lent["SessionToken"],
    }
    text = written.getvalue()
    for logger in ("httpx", "httpcore.http11", "botocore.auth", "botocore.parsers", "urllib3."):
        assert f"{logger}" in text, f"{logger} has said nothing"
    assert not [what for what, secret in secrets.items() if secret in text]
    # Of a header that is a signature, nothing may be left over behind the first space.
    assert "AWS4-HMAC-SHA256 Credential" not in text


@pytest.mark.parametrize("opener", ["s3", "listing", "web"])
async def test_whoever_opens_a_client_sees_to_it_first(
    opener: str,
    bucket: Bucket,
    website: Website,
    astronaut: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    name = f"greenlight.media.{opener}.keep_links_out_of_logs"
    monkeypatch.setattr(name, lambda: asked.append(opener))
    stored = bucket.put("anna.png", astronaut.read_bytes())
    if opener == "listing":
        next(list_objects(stored))
    else:
        await examine(stored if opener == "s3" else website.put("/a.png", astronaut.read_bytes()))
    assert asked == [opener]


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("httpx", "GET https://a.example/b.png?X-Amz-Signature=hush"),
        ("urllib3.connectionpool", '"GET /b.png?x=1&Signature=hush HTTP/1.1" 200'),
        ("httpcore.http11", "[(b'Set-Cookie', b'session=hush; Path=/'), (b'X', b'y')]"),
        ("botocore.endpoint", "headers={'x-amz-security-token': b'hush', 'Host': b'a'}"),
        (
            "botocore.endpoint",
            "{'Authorization': b'AWS4-HMAC-SHA256 Credential=a, Signature=hush'}",
        ),
        ("botocore.auth", "host:a\nx-amz-security-token:hush\n\nhost"),
        ("botocore.auth", "Signature:\nhush"),
        ("botocore.parsers", "<SecretAccessKey>hush</SecretAccessKey>"),
        ("botocore.utils", '{"Code": "Success", "Token" : "hush"}'),
        ("botocore.utils", "aws_session_token = hush"),
        ("botocore.credentials", "ReadOnlyCredentials(access_key='a', secret_key='hush')"),
        ("s3transfer.futures", "Authorization: Bearer hush"),
        ("boto3.resources", "policy=hush&OSSAccessKeyId=hush&key=anna.png"),
        ("httpcore.connection", "sk-hush-hush"),
        ("httpcore.proxy", "https://anna:hush@proxy.example:3128"),
    ],
)
def test_a_secret_is_left_out_wherever_it_stands(
    logger: str, message: str, written: io.StringIO
) -> None:
    keep_links_out_of_logs()
    logging.getLogger(logger).debug("%s", message)
    assert logger in written.getvalue()
    assert "hush" not in written.getvalue()


def test_what_a_library_s_error_quotes_is_left_out_too(written: io.StringIO) -> None:
    keep_links_out_of_logs()
    error = ValueError("no connection to https://a.example/b.png?Signature=hush")
    logging.getLogger("botocore.httpsession").debug("failed", exc_info=error)
    assert "ValueError: no connection to https://a.example/b.png" in written.getvalue()
    assert "hush" not in written.getvalue()


def test_what_others_log_stays_as_it_is(written: io.StringIO) -> None:
    keep_links_out_of_logs()
    logging.getLogger("anna").info("token=%s", "shown")
    logging.getLogger("httpxray").info("token=%s", "shown")
    assert written.getvalue() == "anna token=shown\nhttpxray token=shown\n"


def test_a_message_that_cannot_be_put_together_stops_nothing(written: io.StringIO) -> None:
    keep_links_out_of_logs()
    logging.getLogger("httpx").info("%d for https://a.example/?Signature=hush", "no number")
    assert written.getvalue() == "httpx %d for https://a.example/\n"
