"""A studio that goes away comes back with its jobs, files, counters and links."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenlight.studio.server import StudioServer, StudioStartError
from tests.studio.conftest import Customer, Files, quick, until

SERVE = """
import json, sys
from pathlib import Path
from greenlight.studio.server import StudioSettings, serve
settings = StudioSettings(home=Path(sys.argv[1]), job_seconds=float(sys.argv[2]))
serve(settings, "127.0.0.1", 0, lambda url: print(json.dumps({"base_url": url}), flush=True))
"""


def film(customer: Customer, files: Files) -> str:
    return customer.submit("liveportrait", image_url=files.astronaut, audio_url=files.sound)


def test_jobs_go_on_after_a_restart(open_studio: Callable[..., Customer], files: Files) -> None:
    before = open_studio(job_seconds=60)
    running, waiting = film(before, files), film(before, files)
    until(lambda: before.status(running) == "RUNNING")
    before.studio.stop()
    after = open_studio(home=before.studio.home)
    ended = [after.wait(task_id)["output"]["task_status"] for task_id in (running, waiting)]
    assert ended == ["SUCCEEDED", "SUCCEEDED"]
    assert after.counters()["creates_accepted"] == {"liveportrait": 2}


def test_what_was_counted_and_made_is_still_there(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    before = open_studio()
    before.check("emo-detect-v1", files.astronaut)
    done = before.wait(film(before, files))
    counters = before.counters()
    before.studio.stop()
    after = open_studio(home=before.studio.home)
    again = after.fetch(done["output"]["task_id"])
    url = again["output"]["results"]["video_url"]
    assert url.startswith(after.studio.url)
    assert after.http.get(url).status_code == 200
    told = after.counters()
    assert told.pop("requests")["fetch"] == counters.pop("requests")["fetch"] + 1
    assert told.pop("answered_429")["check"] == counters.pop("answered_429")["check"]
    assert told == counters


def test_it_comes_back_at_the_same_port(tmp_path: Path) -> None:
    with StudioServer(quick(tmp_path)) as first:
        port = int(first.url.rpartition(":")[2])
    with StudioServer(quick(tmp_path), port=port) as second:
        assert second.url == first.url


def test_a_killed_studio_goes_on_where_it_was(
    tmp_path: Path, open_studio: Callable[..., Customer], files: Files
) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(home), "60"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout:
        base_url = json.loads(process.stdout.readline())["base_url"]
        killed = Customer(StudioServer(quick(home), port=int(base_url.split(":")[2].split("/")[0])))
        task_id = film(killed, files)
        until(lambda: killed.status(task_id) == "RUNNING")
        process.kill()
        process.wait()
    killed.http.close()
    after = open_studio(home=home)
    assert after.wait(task_id)["output"]["task_status"] == "SUCCEEDED"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path / "home"), "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert process.stdout
    assert "base_url" in process.stdout.readline()
    process.send_signal(ending)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_two_studios_do_not_share_a_home(studio: StudioServer) -> None:
    with pytest.raises(StudioStartError, match="other studio"):
        StudioServer(quick(studio.home)).start()


def test_a_taken_port_is_said_in_a_sentence(studio: StudioServer, tmp_path: Path) -> None:
    port = int(studio.url.rpartition(":")[2])
    with pytest.raises(StudioStartError, match="cannot listen"):
        StudioServer(quick(tmp_path / "home"), port=port).start()


def test_a_home_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioStartError, match="cannot be made"):
        StudioServer(quick(tmp_path / "file")).start()


def test_settings_do_not_show_the_key(tmp_path: Path) -> None:
    assert "sk-very-secret" not in repr(quick(tmp_path, key="sk-very-secret"))
