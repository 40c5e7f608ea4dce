"""A server on PostgreSQL and a process worker, deployed to by Prefect's own command."""

from __future__ import annotations

import uuid
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient

from greenlight.studio.server import StudioServer
from tests.deployments.servers import (
    DEPLOY,
    PREFECT,
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
    pool = f"films-{uuid.uuid4().hex}"
    settings = of_studio(studio, tmp_path)
    environ = server.environ(tmp_path, GREENLIGHT_WORK_POOL=pool, **settings)
    run([*PREFECT, "work-pool", "create", pool, "--type", "process"], environ)
    run(DEPLOY, environ)
    with server.worker(tmp_path, pool, **settings):
        brief = {"portrait": str(astronaut), "models": ["emo"], "sound": str(sound)}
        film = start(prefect, "portrait-to-video/film", brief=brief)
        wait_until_called(prefect, film, "Filming")
        assert prefect.read_flow_run(film.id).work_queue_name == "film"
        # The run of the minute may be quicker; then this one is cancelled, as it should be.
        start(prefect, "collect-videos/collect")
        video = wait_for(lambda: next((tmp_path / "videos").rglob("*.mp4"), None), what="the video")
        assert video.stat().st_size > 1000
