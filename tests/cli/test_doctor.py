"""`greenlight doctor`: one fault at a time, among parts that are all real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from greenlight.aws.clients import aws_client
from greenlight.settings import Settings
from greenlight.studio.server import StudioServer
from tests.bucket import SECRET, Bucket
from tests.cli.conftest import Greenlight, Ran
from tests.deployments.wanted import deployed
from tests.doctor.test_ledger import held
from tests.steering import paid

ROOT = Path(__file__).parents[2]
SERVICE = ("key", "address", "clock")


@dataclass(frozen=True)
class House:
    """Everything that the work depends on, and how the doctor is asked about it."""

    bucket: Bucket
    queue: str
    arguments: tuple[str, ...]
    deployments: list[uuid.UUID]


@pytest.fixture
def house(
    prefect_server: None, settings: Settings, bucket: Bucket, greenlight: Greenlight
) -> Iterator[House]:
    """A house in which nothing is broken."""
    name = f"uploads-{uuid.uuid4().hex}"
    greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    bucket.put("uploads/anna.png", b"png")
    queue = aws_client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    place, out = f"s3://{bucket.name}/uploads/", f"s3://{bucket.name}/videos/"
    with get_client(sync_client=True) as client, deployed(client) as made:
        client.send_worker_heartbeat(made[0].pool, "worker-1", heartbeat_interval_seconds=30)
        arguments = ("--bucket", place, "--out", out, "--queue", queue, "--model", "wan-s2v")
        ids = [one.id for one in made]
        # The machine may be busy with other tests.
        yield House(bucket, queue, (*arguments, "--timeout", "60", "--json"), ids)


def broken(ran: Ran) -> dict[str, str]:
    """Return what is broken, and the sentence; the exit code says the same."""
    found = {one["subject"]: one["sentence"] for one in ran.lines if one["state"] == "broken"}
    assert ran.code == (1 if found else 0), ran.out
    assert all(one["advice"] for one in ran.lines if one["state"] in {"broken", "warning"})
    return found


def test_where_nothing_is_broken_it_says_so_and_pays_nothing(
    greenlight: Greenlight, house: House, studio: StudioServer
) -> None:
    ran = greenlight("doctor", *house.arguments)
    assert broken(ran) == {}
    # Other tests of the same server may have made automations.
    states = [(one["subject"], one["state"]) for one in ran.lines]
    assert [one for one in states if one[0] != "automations"] == [
        ("key", "ok"),
        ("address", "ok"),
        ("clock", "ok"),
        ("ledger", "ok"),
        ("bucket", "ok"),
        ("link", "ok"),
        ("output", "ok"),
        ("queue", "ok"),
        ("dead letters", "ok"),
        ("notification", "ok"),
        ("Prefect server", "ok"),
        ("blocks", "ok"),
        ("deployments", "ok"),
        ("worker", "ok"),
        ("judge", "ok"),
        ("models", "ok"),
    ]
    assert paid(studio) == {}
    for secret in (SECRET, "sk-local", "X-Amz", "Signature"):
        assert secret not in ran.out


def test_no_key(greenlight: Greenlight, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY")
    assert broken(greenlight("doctor", *house.arguments)) == {"key": "no key is set"}


def test_a_wrong_key(greenlight: Greenlight, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-wrong")
    (what,) = broken(greenlight("doctor", *house.arguments)).items()
    assert what[0] == "key"
    assert what[1].startswith("the key is wrong")


def test_no_server(greenlight: Greenlight, house: House) -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        (what,) = broken(greenlight("doctor", *house.arguments)).items()
    assert what[0] == "Prefect server"
    assert what[1].startswith("no server answers at http://127.0.0.1:9/api")


def test_a_missing_deployment(greenlight: Greenlight, house: House) -> None:
    with get_client(sync_client=True) as client:
        client.delete_deployment(house.deployments[0])
    found = broken(greenlight("doctor", *house.arguments))
    assert found == {"deployments": "not deployed: on-upload/on-upload"}


def test_an_unreachable_bucket(
    greenlight: Greenlight, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    found = broken(greenlight("doctor", *house.arguments, "--out", "videos"))
    assert list(found) == ["bucket"]
    assert "cannot be listed (no connection)" in found["bucket"]


def test_a_bucket_that_is_not_there(greenlight: Greenlight, house: House) -> None:
    found = broken(greenlight("doctor", *house.arguments, "--bucket", "nowhere-4711"))
    assert list(found) == ["bucket"]
    assert "s3://nowhere-4711/ cannot be listed" in found["bucket"]


def test_a_missing_notification(greenlight: Greenlight, house: House) -> None:
    house.bucket.client.put_bucket_notification_configuration(
        Bucket=house.bucket.name, NotificationConfiguration={}
    )
    found = broken(greenlight("doctor", *house.arguments))
    assert list(found) == ["notification"]
    assert "is not notified of uploads to s3://" in found["notification"]


def test_a_locked_ledger(greenlight: Greenlight, house: House, settings: Settings) -> None:
    greenlight("jobs")
    with held(settings.home / "ledger.db"):
        found = broken(greenlight("doctor", *house.arguments))
    assert list(found) == ["ledger"]
    assert "is locked by another process" in found["ledger"]


def test_a_judge_that_is_not_installed(settings: Settings, tmp_path: Path) -> None:
    stub = tmp_path / "ai_edge_litert"
    stub.mkdir()
    (stub / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module named ai_edge_litert', name='ai_edge_litert')"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    command = [sys.executable, "-m", "cli", "doctor", "--json", "--timeout", "60"]
    ran = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    found = broken(Ran(ran.returncode, ran.stdout, ran.stderr))
    assert list(found) == ["judge"]
    assert found["judge"].startswith("it is not installed: ai_edge_litert is missing")


def test_a_retired_model_that_is_chosen(
    greenlight: Greenlight, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = greenlight("doctor", *house.arguments, "--model", "emo")
    assert broken(here) == {}
    assert [one["state"] for one in here.lines if one["subject"] == "models"] == ["ok", "warning"]
    monkeypatch.delenv("DASHSCOPE_HTTP_BASE_URL")
    # Nothing leaves this machine: the vendor is as far away as a proxy that nobody runs.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GREENLIGHT_DELIVERY", "upload")
    found = broken(greenlight("doctor", *house.arguments, "--model", "emo"))
    assert list(found) == ["address", "models"]
    assert found["models"].startswith("emo is retired")
    own = ("--deployment", "emo-v1=mine", "--deployment", "emo-detect-v1=mine")
    assert list(broken(greenlight("doctor", *house.arguments, "--model", "emo", *own))) == [
        "address"
    ]


def test_a_setting_that_makes_no_sense_is_named_and_the_rest_looked_at(
    greenlight: Greenlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENLIGHT_POLL_SECONDS", "often")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = greenlight("doctor", "--json", "--timeout", "60")
    assert list(broken(ran)) == ["settings"]
    assert {"judge", "bucket", "models"} <= {one["subject"] for one in ran.lines}
    assert not {*SERVICE, "ledger"} & {one["subject"] for one in ran.lines}


def test_people_get_aligned_lines_with_marks_advice_and_a_summary(
    greenlight: Greenlight, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = greenlight("doctor", "--timeout", "60")
    lines = ran.out.splitlines()
    assert lines[0] == "✗ key            no key is set"
    assert lines[1].startswith("                 → put a key of the China (Beijing) region")
    assert lines[2].startswith("✓ address        http://127.0.0.1:")
    assert any(line.startswith("- bucket         none is named") for line in lines)
    assert any(line.startswith("! models         the vendor announced") for line in lines)
    assert lines[-1] == "1 broken, 1 warning, 5 fine, 4 not checked; nothing was paid."
    assert "\x1b" not in ran.out
    assert ran.code == 1


def test_the_deployments_own_variables_say_where(
    greenlight: Greenlight,
    settings: Settings,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GREENLIGHT_UPLOADS", f"s3://{bucket.name}/uploads/")
    monkeypatch.setenv("GREENLIGHT_OUT", str(tmp_path / "videos"))
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = greenlight("doctor", "--json", "--timeout", "60")
    said = {one["subject"]: one["sentence"] for one in ran.lines}
    assert said["bucket"] == f"s3://{bucket.name}/uploads/ can be listed, and is empty"
    assert said["output"].startswith(str(tmp_path / "videos"))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--queue", "uploads"), "is not an address"),
        (("--bucket", "s3:///uploads/"), "names no bucket"),
        (("--out", "s3://"), "names no bucket"),
        (("--model", "sora"), "is not a model"),
        (("--timeout", "0"), "greater than or equal to 0.1"),
    ],
)
def test_wrong_usage_is_a_sentence(
    greenlight: Greenlight, asked: tuple[str, ...], words: str
) -> None:
    ran = greenlight("doctor", *asked)
    assert ran.code == 2
    assert words in ran.err


def test_every_line_of_json_has_the_same_fields(greenlight: Greenlight, settings: Settings) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        ran = greenlight("doctor", "--json", "--timeout", "60")
    fields = {"subject", "state", "sentence", "advice"}
    assert all(set(json.loads(line)) == fields for line in ran.out.splitlines())
