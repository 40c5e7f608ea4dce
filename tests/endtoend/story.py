"""Upload everything that was planned, and wait until what should come of it has come."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import Verdict
from greenlight.portraits.pictures import examine
from greenlight.portraits.preflight import preflight
from greenlight.studio.server import StudioServer, StudioSettings
from tests.endtoend.findings import Answers, Findings
from tests.endtoend.pipeline import QUEUE, UPLOADS, Pipeline
from tests.endtoend.plan import PASSING, PHOTOS, REFUSED, Plan, Upload
from tests.programs import wait_until

POISON = '{"Records": "nobody writes this"'
WAITING = "Waiting for sound"
LATEST_SECONDS = 300.0

Complaints = Callable[[], Iterable[str]]


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
    url = await client.upload(picture, model=family.check.id)
    answer = await client.check(
        family, url, ratio=family.resolve_ratio(None), picture_size=portrait.size_px
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

    def upload_late_portrait(self) -> None:
        """Upload a portrait without its sound, and return when a run of its own has begun."""
        self.put(self.plan.late.newest)
        self._wait(self._runs_of_late, "the first run of an upload")

    def upload_late_sound(self) -> None:
        """Upload its sound once the run of the portrait has ended."""
        self._wait(lambda: self._state_of_late() == WAITING, f"the state {WAITING}")
        self.put(self.plan.late.sound)

    def put(self, upload: Upload) -> None:
        """Upload one object, and remember what it is known by."""
        identity = _put(self.pipeline.s3, upload)
        self.findings.identities[upload.key] = identity
        if upload.picture:
            self.findings.pictures[identity] = upload.picture

    def until_none(self, what: str, *complaints: Complaints, seconds: float = LATEST_SECONDS) -> None:
        """Return when nobody complains any more; else fail with what is missing and the ends of the logs."""
        began_at = time.monotonic()
        missing: list[str] = []

        def is_well() -> bool:
            missing[:] = [one for ask in complaints for one in ask()]
            return not missing

        try:
            wait_until(is_well, seconds=seconds, what=what, every_seconds=0.5)
        except TimeoutError as error:
            raise AssertionError("\n".join([str(error), *missing, self.pipeline.tails()])) from None
        self.tell(f"{what}: after {time.monotonic() - began_at:.1f} s")

    def _wait(self, is_so: Callable[[], object], what: str) -> None:
        try:
            wait_until(is_so, seconds=LATEST_SECONDS, what=what, every_seconds=0.1)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.pipeline.tails()}") from None

    def _runs_of_late(self) -> list[dict[str, object]]:
        key = self.plan.late.newest.key
        runs = self.pipeline.runs("on-upload")
        return [one for one in runs if [o["key"] for o in one["parameters"]["objects"]] == [key]]

    def _state_of_late(self) -> object:
        return self._runs_of_late()[0]["state_name"]


def _put(s3: object, upload: Upload) -> str:
    """Store an object and return its identity, worked out from what the store answered."""
    import base64

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
