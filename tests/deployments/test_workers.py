"""A server on PostgreSQL and a process worker, deployed to as the container `deploy` does."""

from __future__ import annotations

from pathlib import Path

import yaml
from prefect.client.orchestration import SyncPrefectClient

from deployments.automations import wanted
from greenlight.studio.server import StudioServer
from tests.deployments.servers import (
    ROOT,
    PrefectServer,
    of_studio,
    run,
    start,
    wait_for,
    wait_until_called,
)


def test_a_worker_films_and_the_collection_fetches_the_video(
    prefect: SyncPrefectClient,
    server: PrefectServer,
    studio: StudioServer,
    tmp_path: Path,
    astronaut: Path,
    sound: Path,
) -> None:
    compose = yaml.safe_load((ROOT / "deployments" / "compose.yaml").read_text())
    settings = of_studio(studio, tmp_path)
    environ = server.environ(tmp_path, GREENLIGHT_WORK_POOL="greenlight", **settings)
    # Where prefect.yaml lies, as in the image; twice, as with every `up`.
    for _ in range(2):
        said = run(compose["services"]["deploy"]["command"], environ, cwd=ROOT / "deployments")
    assert said.count("Already there: the automation") == len(wanted(None))
    with server.worker(tmp_path, "greenlight", **settings):
        brief = {"portrait": str(astronaut), "models": ["emo"], "sound": str(sound)}
        film = start(prefect, "portrait-to-video/film", brief=brief)
        wait_until_called(prefect, film, "Filming", "Filmed")
        assert prefect.read_flow_run(film.id).work_queue_name == "film"
        # The run of the minute may be quicker; then this one is cancelled, as it should be.
        start(prefect, "collect-videos/collect")
        video = wait_for(lambda: next((tmp_path / "videos").rglob("*.mp4"), None), what="the video")
        assert video.stat().st_size > 1000
