"""Upload everything that was planned, and wait until what should come of it has come."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import Verdict
from greenlight.screening.preflight import preflight
from greenlight.studio.server import StudioServer, StudioSettings
from tests.calling import check
from tests.endtoend.findings import Answers, Findings
from tests.endtoend.pipeline import QUEUE, UPLOADS, Pipeline
from tests.endtoend.plan import PASSING, PHOTOS, REFUSED, Plan, Upload
from tests.programs import wait_until

POISON = '{"Records": "nobody writes this"'
WAITING = "Waiting for sound"
LATEST_SECONDS = 300.0

Complaints = Callable[[], Iterable[str]]
Trouble = Callable[["Story"], AbstractContextManager[object]]
"""What happens from before some uploads until after them."""


def no_trouble(_: Story) -> AbstractContextManager[object]:
    """Let all go well."""
    return nullcontext()


def ask_directly(models: tuple[str, ...]) -> Answers:
    """Return what the studio says of every picture, or of its header, without any of our books."""
    return asyncio.run(_ask(models))


async def _ask(models: tuple[str, ...]) -> Answers:
    answers: dict[tuple[str, str], Verdict] = {}
    with tempfile.TemporaryDirectory() as home:
        settings = StudioSettings(home=Path(home), rate_per_second=1000)
        with StudioServer(settings) as studio:
            async with ModelStudio(settings.key, base_url=studio.base_url) as client:
                for picture in (*PASSING, *REFUSED):
                    for model in models:
                        answers[picture, model] = await _answer(client, PHOTOS / picture, model)
    return answers


async def _answer(client: ModelStudio, picture: Path, model: str) -> Verdict:
    family = catalog.family(model)
    portrait = await examine(str(picture))
    url = await client.upload(picture, model=family.check.model.id)
    answer = await check(
        client, family, url, ratio=family.resolve_ratio(None), picture_size=portrait.size_px
    )
    by_header = preflight(portrait, family)
    assert by_header is None or not answer.passed, f"{model} passes what its document excludes"
    return by_header or answer


@dataclass
class Story:
    """Somebody who uploads, and watches what comes of it."""

    pipeline: Pipeline
    plan: Plan
    findings: Findings
    tell: Callable[[str], None] = lambda _: None

    def send_poison(self) -> None:
        """Put a message into the queue that nobody can read."""
        sqs = self.pipeline.sqs
        sqs.send_message(QueueUrl=self.pipeline.queue_url(QUEUE), MessageBody=POISON)

    def upload_everything(self, *, trouble: Trouble = no_trouble) -> None:
        """Upload a portrait that is alone at first, then wave after wave, and the sound that comes late.

        The trouble is there during the wave in the middle.
        """
        late, waves = self.plan.late, self.plan.waves
        self.put(late.newest)
        self._wait_for_runs([late.newest.key])
        for number, wave in enumerate(waves):
            if number == len(waves) // 2:
                self._wait_until_late()
            with trouble(self) if number == len(waves) // 2 else nullcontext():
                for upload in wave:
                    self.put(upload)
            self._wait_for_runs([upload.key for upload in wave])
        self.put(late.sound)
        self.tell(f"{len(self.plan.uploads) + 2} objects are uploaded")

    def put(self, upload: Upload) -> None:
        """Upload one object, and remember what it is known by."""
        identity = _put(self.pipeline.s3, upload)
        self.findings.identities[upload.key] = identity
        if upload.picture:
            self.findings.pictures[identity] = upload.picture

    def sweep(self) -> None:
        """Run the sweep, as it is run every night."""
        self._run_to_its_end("screen-portraits/sweep", "Swept")

    def collect(self) -> None:
        """Begin a collection now instead of at the next full minute."""
        self.pipeline.prefect.start_run("collect-videos/collect")

    def until_none(
        self, what: str, *complaints: Complaints, seconds: float = LATEST_SECONDS
    ) -> None:
        """Return when nobody complains any more, and tell; else fail with all that is missing."""
        self.wait(what, lambda: [one for ask in complaints for one in ask()], seconds=seconds)
        self.tell(what)

    def wait(
        self, what: str, missing: Callable[[], Sequence[str]], *, seconds: float = LATEST_SECONDS
    ) -> None:
        """Wait until nothing is missing; else fail with what is and the ends of all logs."""
        last: Sequence[str] = ()

        def is_well() -> bool:
            nonlocal last
            try:
                last = missing()
            except httpx.TransportError as error:
                # A server that has just come back, on a busy machine.
                last = [f"no answer from Prefect or the studio: {error!r}"]
            return not last

        try:
            wait_until(is_well, seconds=seconds, what=what, every_seconds=0.3)
        except TimeoutError as error:
            raise AssertionError(
                "\n".join([str(error), *last, self.pipeline.last_words()])
            ) from None

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for a condition of which there is no more to be said."""
        self.wait(what, lambda: [] if is_so() else [f"there is not {what}"])

    def _wait_for_runs(self, keys: Sequence[str]) -> None:
        """Return when there is a run of each key."""

        def missing() -> list[str]:
            runs = self.pipeline.prefect.runs("on-upload")
            there = {key for run in runs for key in _keys(run)}
            return [f"no run has {key}" for key in keys if key not in there]

        self.wait("the runs of uploads", missing)

    def _wait_until_late(self) -> None:
        """Return when the run of the portrait without a sound has ended so."""

        def missing() -> list[str]:
            alone = [self.plan.late.newest.key]
            runs = [one for one in self.pipeline.prefect.runs("on-upload") if _keys(one) == alone]
            states = [str(one["state_name"]) for one in runs]
            return [] if WAITING in states else [f"the runs of {alone} are {states}"]

        self.wait(f"the state {WAITING}", missing)

    def _run_to_its_end(self, deployment: str, name: str) -> None:
        run = self.pipeline.prefect.start_run(deployment)

        def missing() -> list[str]:
            state = self.pipeline.prefect.states(run)[-1]["name"]
            return [] if state == name else [f"the run is {state}"]

        self.wait(f"the end of {deployment}", missing, seconds=900)


def _keys(run: Mapping[str, Any]) -> list[str]:
    return [one["key"] for one in run["parameters"]["objects"]]


def _put(s3: Any, upload: Upload) -> str:
    """Store an object and return its identity, worked out from what the store answered."""
    it = {"Bucket": UPLOADS, "Key": upload.key}
    if upload.in_parts:
        number = s3.create_multipart_upload(**it)["UploadId"]
        part = s3.upload_part(**it, UploadId=number, PartNumber=1, Body=upload.content)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        answer = s3.complete_multipart_upload(**it, UploadId=number, MultipartUpload=parts)
    else:
        asked = {"ChecksumAlgorithm": "SHA256"} if upload.has_sha256 else {}
        answer = s3.put_object(**it, Body=upload.content, **asked)
    if upload.has_sha256:
        return f"sha256-{base64.b64decode(answer['ChecksumSHA256']).hex()}"
    return f"etag-{answer['ETag'].strip(chr(34))}-{len(upload.content)}"
