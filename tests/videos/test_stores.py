"""A video that is paid is stored in every store that speaks S3, and replaces nothing there."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenlight.aws.clients import aws_client
from greenlight.errors import InputError, StorageError
from greenlight.filming.collecting import collect
from greenlight.ledger import JobState, Ledger
from greenlight.paying.holding import alone
from greenlight.videos import dialects
from greenlight.videos.dialects import Dialect, dialect_of
from greenlight.videos.s3 import require_bucket, store_in_s3
from greenlight.videos.storing import StoredVideo
from tests.bucket import Bucket, refuse
from tests.production import Production
from tests.stores import BLIND, MINIO
from tests.videos.conftest import ALL, Open, unreachable
from tests.videos.test_s3 import FILM, keys, read, tell
from tests.website import Website

JOB = "dashscope.aliyuncs.com:443,0a1b2c"
OWN_NAME = f"anna-{hashlib.sha256(JOB.encode()).hexdigest()}"
DIALECTS = {
    "oss": Dialect.FORBID_OVERWRITE,
    "minio": Dialect.IF_NONE_MATCH,
    "r2": Dialect.IF_NONE_MATCH,
    "ceph": Dialect.LOOK_FIRST,
    "locked": Dialect.UNKNOWN,
    "blind": Dialect.UNKNOWN,
}


@pytest.fixture(params=ALL)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def learnt(bucket: Bucket) -> Dialect:
    return dialect_of(aws_client("s3"), bucket.name, "videos")


async def put(website: Website, place: str, job: str = JOB, **options: Any) -> StoredVideo:
    return await store_in_s3(website.put("/v.mp4", FILM), place, job=job, tell=tell, **options)


async def test_a_paid_video_is_stored_in_every_store(
    name: str, bucket: Bucket, production: Production, open_store: Open
) -> None:
    open_store(name)
    place = f"s3://{bucket.name}/videos/"
    require_bucket(place)
    done = await collect(production.filmer, await production.submitted(), place, wait_seconds=20)
    assert done.state is JobState.SUCCEEDED
    stored = str(done.place).removeprefix(f"s3://{bucket.name}/")
    assert hashlib.sha256(read(bucket, stored)["Body"].read()).hexdigest() == done.sha256
    assert keys(bucket) == [stored.replace(".mp4", ".json"), stored]


async def test_no_store_lets_a_video_replace_another(
    name: str, bucket: Bucket, website: Website, open_store: Open
) -> None:
    open_store(name)
    place = bucket.put("videos/anna.mp4", b"another one")
    if DIALECTS[name] is Dialect.UNKNOWN:
        stored = await put(website, place)
        assert stored.place == f"s3://{bucket.name}/videos/{OWN_NAME}.mp4"
        assert read(bucket, f"videos/{OWN_NAME}.mp4")["Body"].read() == FILM
        assert read(bucket, f"videos/{OWN_NAME}.json")["Metadata"] == {"job": JOB}
    else:
        with pytest.raises(StorageError, match="another object is there"):
            await put(website, place)
    assert read(bucket, "videos/anna.mp4")["Body"].read() == b"another one"


async def test_what_made_it_replaces_nothing_either(
    name: str, bucket: Bucket, website: Website, open_store: Open
) -> None:
    open_store(name)
    bucket.put("videos/anna.json", b"{}")
    await put(website, f"s3://{bucket.name}/videos/anna.mp4")
    assert read(bucket, "videos/anna.json")["Body"].read() == b"{}"


async def test_the_same_job_again_finds_its_video_in_every_store(
    name: str, bucket: Bucket, website: Website, open_store: Open
) -> None:
    open_store(name)
    place = f"s3://{bucket.name}/videos/anna.mp4"
    first = await put(website, place)
    before = keys(bucket)
    again = await put(website, place)
    assert again.place == first.place
    assert keys(bucket) == before
    assert len(website.requests) == (2 if name == "blind" else 1)


def test_the_dialect_of_every_store_is_learnt_and_no_probe_is_left(
    name: str, bucket: Bucket, open_store: Open
) -> None:
    open_store(name)
    require_bucket(f"s3://{bucket.name}/videos/")
    assert learnt(bucket) is DIALECTS[name]
    assert keys(bucket) == []


def test_what_was_learnt_is_kept_for_the_day_also_by_other_processes(
    bucket: Bucket, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("ceph")
    assert learnt(bucket) is Dialect.LOOK_FIRST
    store.manners = MINIO
    assert learnt(bucket) is Dialect.LOOK_FIRST
    monkeypatch.setattr(dialects, "_KNOWN", {})
    assert learnt(bucket) is Dialect.LOOK_FIRST
    (file,) = dialects.read_settings().home.glob("stores/*.json")
    told = json.loads(file.read_text())
    assert (told["endpoint"], told["bucket"]) == (store.url, bucket.name)
    file.write_text(json.dumps(told | {"day": "2026-01-31"}))
    monkeypatch.setattr(dialects, "_KNOWN", {})
    assert learnt(bucket) is Dialect.IF_NONE_MATCH


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"day": "2026-01-31", "dialect": "latin"}'])
def test_a_damaged_note_is_learnt_anew(
    content: str, bucket: Bucket, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store("ceph")
    learnt(bucket)
    (file,) = dialects.read_settings().home.glob("stores/*.json")
    file.write_text(content)
    monkeypatch.setattr(dialects, "_KNOWN", {})
    assert learnt(bucket) is Dialect.LOOK_FIRST
    assert json.loads(file.read_text())["dialect"] == "look first"


def test_a_home_that_cannot_be_written_is_no_fault(
    bucket: Bucket, open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GREENLIGHT_HOME", str(tmp_path / "file"))
    open_store("ceph")
    assert learnt(bucket) is Dialect.LOOK_FIRST


def test_a_right_to_probe_that_comes_later_is_noticed(bucket: Bucket, open_store: Open) -> None:
    store = open_store("locked")
    assert learnt(bucket) is Dialect.UNKNOWN
    store.manners = MINIO
    assert learnt(bucket) is Dialect.IF_NONE_MATCH


@pytest.mark.parametrize(
    ("place", "folder"),
    [("videos/", "videos/"), ("videos", "videos/"), ("videos/anna.mp4", "videos/"), ("", "")],
)
def test_probes_lie_below_the_prefix(
    place: str, folder: str, bucket: Bucket, open_store: Open
) -> None:
    open_store("minio")
    with puts(bucket) as sent:
        require_bucket(f"s3://{bucket.name}/{place}")
    beginning = f"/{bucket.name}/{folder}greenlight-probe-"
    assert [httpx.URL(url).path.startswith(beginning) for url in sent] == [True, True]


@contextmanager
def puts(bucket: Bucket, answer: Callable[..., Any] | None = None) -> Iterator[list[str]]:
    """Note the addresses to which this process puts from now on, and let a video be answered so."""
    sent: list[str] = []

    def note(request: Any, **_: Any) -> Any:
        sent.append(request.url)
        return answer(request) if answer and request.url.endswith(".mp4") else None

    with Bucket(bucket.name, aws_client("s3")).meddling("PutObject", note):
        yield sent


@pytest.mark.parametrize(
    ("answer", "probes"), [(refuse, 2), (unreachable, 0)], ids=["refused", "out of reach"]
)
async def test_a_refusal_is_looked_into_once_and_the_video_not_sent_in_vain(
    answer: Callable[..., Any], probes: int, bucket: Bucket, website: Website, open_store: Open
) -> None:
    open_store("minio")
    learnt(bucket)
    with puts(bucket, answer) as sent, pytest.raises(StorageError, match="its job stays open"):
        await put(website, f"s3://{bucket.name}/videos/anna.mp4")
    assert [url.endswith(".mp4") for url in sent] == [True] + [False] * probes


async def test_whoever_may_not_look_any_more_replaces_nothing(
    bucket: Bucket, website: Website, open_store: Open
) -> None:
    store = open_store("ceph")
    assert learnt(bucket) is Dialect.LOOK_FIRST
    store.manners = BLIND
    place = bucket.put("videos/anna.mp4", b"another one")
    stored = await put(website, place)
    assert stored.place == f"s3://{bucket.name}/videos/{OWN_NAME}.mp4"
    assert read(bucket, "videos/anna.mp4")["Body"].read() == b"another one"


@pytest.mark.parametrize("now", ["oss", "ceph", "locked"])
async def test_a_store_that_changed_its_mind_gets_the_video_all_the_same(
    now: str, bucket: Bucket, website: Website, open_store: Open
) -> None:
    store = open_store("minio")
    assert learnt(bucket) is Dialect.IF_NONE_MATCH
    store.manners = replace(ALL[now], takes_paths=True, if_none_match="refused")
    stored = await put(website, f"s3://{bucket.name}/videos/anna.mp4")
    assert read(bucket, stored.place.removeprefix(f"s3://{bucket.name}/"))["Body"].read() == FILM
    assert "NotImplemented" in store.refused


async def test_a_store_that_refuses_everything_is_told_in_a_sentence(
    bucket: Bucket, website: Website, open_store: Open
) -> None:
    store = open_store("minio")
    store.manners = replace(MINIO, takes_names=("nothing",))
    with pytest.raises(StorageError, match="its job stays open") as caught:
        await put(website, f"s3://{bucket.name}/videos/anna.mp4")
    assert caught.value.spent


def test_a_store_that_does_not_answer_is_told_before_anything_is_paid(
    bucket: Bucket, open_store: Open
) -> None:
    open_store("minio")

    def die(request: Any, **_: Any) -> None:
        unreachable(request)

    reached = Bucket(bucket.name, aws_client("s3"))
    with reached.meddling("PutObject", die), pytest.raises(InputError, match="cannot be reached"):
        require_bucket(f"s3://{bucket.name}/videos/")


async def test_where_a_store_spares_nothing_the_books_keep_the_name_while_it_is_put(
    bucket: Bucket, website: Website, open_store: Open, ledger: Ledger
) -> None:
    """Both look while nothing lies there, unless one waits for the other."""
    open_store("ceph")
    website.put("/other.mp4", FILM + b"\0\0\0\x08free")
    place, names = f"s3://{bucket.name}/videos/anna.mp4", []

    @asynccontextmanager
    async def holding(name: str) -> AsyncIterator[None]:
        names.append(name)
        async with alone(ledger, name):
            yield

    with slow_to_look(bucket):
        urls = [website.put("/v.mp4", FILM), f"{website.url}/other.mp4"]
        ended = await asyncio.gather(
            *(store_in_s3(url, place, job=url, tell=tell, holding=holding) for url in urls),
            return_exceptions=True,
        )
    (stored,) = [one for one in ended if isinstance(one, StoredVideo)]
    (refused,) = [one for one in ended if isinstance(one, StorageError)]
    assert "another object is there" in str(refused)
    content = read(bucket, "videos/anna.mp4")["Body"].read()
    assert hashlib.sha256(content).hexdigest() == stored.sha256
    assert set(names) == {f"put {place}", f"put {place.replace('.mp4', '.json')}"}


@contextmanager
def slow_to_look(bucket: Bucket) -> Iterator[None]:
    """Let whoever is about to put wait for the other to have looked, as long as that may still come."""
    import threading

    both = threading.Barrier(2)

    def wait(request: Any, **_: Any) -> None:
        if request.url.endswith(".mp4"):
            try:
                both.wait(0.5)
            except threading.BrokenBarrierError:
                return

    reached = Bucket(bucket.name, aws_client("s3"))
    with reached.meddling("PutObject", wait):
        yield


def test_of_aws_nothing_has_to_be_learnt(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.us-east-1.amazonaws.com")
    assert learnt(bucket) is Dialect.IF_NONE_MATCH
    assert not list(dialects.read_settings().home.glob("stores/*"))


async def test_a_rehearsals_video_is_not_taken_for_the_vendors(
    bucket: Bucket, website: Website
) -> None:
    """The same brief has the same hash with both services."""
    place = f"s3://{bucket.name}/anna.mp4"
    rehearsal = website.put("/studio.mp4", FILM + b"\0\0\0\x08free")
    await store_in_s3(rehearsal, place, job="127.0.0.1:8479,0a1b2c", tell=tell)
    with pytest.raises(StorageError, match="another object is there"):
        await put(website, place)
    assert website.requests == ["/studio.mp4", "/v.mp4"]
