"""Deploy the flows, and let one run end in each of the ways that the UI is to show."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.filesystems import LocalFileSystem
from prefect.settings import PREFECT_DEFAULT_RESULT_STORAGE_BLOCK, temporary_settings

from deployments.choices import read_choices
from deployments.definitions import make_deployment, read_definitions
from flows.collect_videos import collect_videos
from flows.portrait_to_video import portrait_to_video
from flows.screen_portraits import screen_portraits
from greenlight.aws.clients import aws_client
from greenlight.briefs.brief import Brief
from greenlight.work.bundles import BriefDefaults
from tests.browser.stage import BUCKET

SAMPLES = Path(__file__).parents[2] / "samples"
OUT = os.environ["GREENLIGHT_OUT"]
SWEPT = {
    "uploads/1 & <b>.png": "astronaut.png",
    "uploads/安娜 🙂.jpg": "made_two.jpg",
    "uploads/cat.png": "chelsea.png",
}
"""What lies in the bucket, and of which sample it is made."""


async def deploy() -> dict[str, str]:
    """Deploy all flows as `greenlight serve` does, and return the ids by name; nothing runs them."""
    ids = {}
    for definition in read_definitions(read_choices()):
        # Nobody is there to run what a schedule begins.
        deployment = await make_deployment(definition | {"schedules": []})
        ids[definition["name"]] = str(await deployment.aapply())
    return ids


async def film(portrait: str, *, sound: str | None, **more: Any) -> str:
    """Film a portrait with EMO and return the run's id."""
    state = await portrait_to_video(
        Brief(models=("emo",), portrait=portrait, sound=sound), out=OUT, return_state=True, **more
    )
    return run_of(state)


def run_of(state: State[Any]) -> str:
    return str(state.state_details.flow_run_id)


async def perform() -> dict[str, str]:
    """Let the runs end, one after the other, and return their ids."""
    hello = str(SAMPLES / "hello.mp3")
    store = aws_client("s3")
    for key, sample in SWEPT.items():
        store.upload_file(str(SAMPLES / sample), BUCKET, key)
    runs = {
        "filmed": await film(str(SAMPLES / "astronaut.png"), sound=hello),
        "rejected": await film(str(SAMPLES / "made_two.jpg"), sound=hello),
        "waiting": await film(str(SAMPLES / "grace_hopper.jpg"), sound=None),
        "collected later": await film(
            f"s3://{BUCKET}/uploads/1 & <b>.png", sound=hello, wait_seconds=0
        ),
    }
    await collect_videos(wait_seconds=30)
    sweep = await screen_portraits(
        f"s3://{BUCKET}/uploads/",
        defaults=BriefDefaults(models=("emo",)),
        out=OUT,
        return_state=True,
    )
    return {**runs, "sweep": run_of(sweep)}


async def main() -> None:
    await LocalFileSystem(basepath=f"{OUT}/results").asave("results")
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: "local-file-system/results"}):
        deployments = await deploy()
        runs = await perform()
    sys.stdout.write(json.dumps({"runs": runs, "deployments": deployments}))


if __name__ == "__main__":
    asyncio.run(main())
